//! Content negotiation: every answer with a body is JSON, and a caller may exclude that.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header::ACCEPT, request::Parts},
};
use mime::{Mime, MimeIter};

use crate::problem::Problem;

/// Extracted by an operation that answers JSON: the caller accepts it.
///
/// An extractor, so that a refusal comes before anything has been done.
#[derive(Debug, Clone, Copy)]
pub struct AcceptsJson;

impl<S: Sync> FromRequestParts<S> for AcceptsJson {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if accepts_json(&parts.headers) {
            Ok(Self)
        } else {
            Err(Problem::NotAcceptable)
        }
    }
}

/// RFC 9110, section 12.5.1: the most specific matching range decides. Malformed ranges are ignored, and
/// without any range everything is accepted.
fn accepts_json(headers: &HeaderMap) -> bool {
    let ranges = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(MimeIter::new)
        .filter_map(Result::ok);
    let mut any_range = false;
    let mut best: Option<(u8, f32)> = None;
    for range in ranges {
        any_range = true;
        let Some(specificity) = specificity(&range) else {
            continue;
        };
        if best.is_none_or(|(known, _)| known < specificity) {
            best = Some((specificity, quality(&range)));
        }
    }
    match best {
        Some((_, quality)) => quality > 0.0,
        None => !any_range,
    }
}

/// How specifically a range matches `application/json`; `None` when it does not.
fn specificity(range: &Mime) -> Option<u8> {
    match (range.type_(), range.subtype()) {
        (mime::STAR, mime::STAR) => Some(0),
        (mime::APPLICATION, mime::STAR) => Some(1),
        (mime::APPLICATION, mime::JSON) => Some(2),
        _ => None,
    }
}

fn quality(range: &Mime) -> f32 {
    range
        .get_param("q")
        .and_then(|quality| quality.as_str().parse().ok())
        .unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn accepts(values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT, HeaderValue::from_str(value).unwrap());
        }
        accepts_json(&headers)
    }

    #[test]
    fn json_is_sent_to_whoever_takes_it() {
        for values in [
            &[][..],
            &[""],
            &["*/*"],
            &["application/json"],
            &["Application/JSON"],
            &["application/json; charset=utf-8"],
            &["application/*;q=0.1"],
            &["text/html, application/xhtml+xml, */*;q=0.8"],
            &["text/html", "application/json"],
            &["not a media range"],
            &["*/*;q=0, application/json"],
        ] {
            assert!(accepts(values), "{values:?}");
        }
    }

    #[test]
    fn a_caller_that_takes_no_json_is_refused() {
        for values in [
            &["text/html"][..],
            &["application/xml, text/*"],
            &["application/json;q=0"],
            &["*/*;q=1, application/json;q=0.0"],
            &["application/*;q=0, */*"],
        ] {
            assert!(!accepts(values), "{values:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_the_negotiation_panic(value in "[ -~]{0,60}") {
            let _ = accepts(&[&value]);
        }
    }
}
