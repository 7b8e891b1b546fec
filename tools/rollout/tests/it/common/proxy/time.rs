//! AWS's time where it is not this machine's.

use bytes::Bytes;
use chrono::{NaiveDateTime, TimeDelta, Utc};
use http_body_util::Full;
use hyper::{Response, header::HeaderValue};

/// A signature is good for so long before and after its time.
const SIGNATURE_LASTS: TimeDelta = TimeDelta::minutes(5);

/// Puts AWS's time into an answer.
pub(super) fn dated(mut answer: Response<Full<Bytes>>, ahead_s: i64) -> Response<Full<Bytes>> {
    let now = Utc::now() + TimeDelta::seconds(ahead_s);
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let date = HeaderValue::from_str(&date).expect("a date");
    answer.headers_mut().insert("date", date);
    answer
}

/// Whether AWS would take a request that was signed at this time.
pub(super) fn is_fresh(signed: &str, ahead_s: i64) -> bool {
    let now = Utc::now() + TimeDelta::seconds(ahead_s);
    NaiveDateTime::parse_from_str(signed, "%Y%m%dT%H%M%SZ")
        .is_ok_and(|signed| (now - signed.and_utc()).abs() <= SIGNATURE_LASTS)
}
