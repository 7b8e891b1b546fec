//! Points in time as documents have them.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};

use super::error::{InvalidDocument, quoted, serde_as_text};

/// UTC to the millisecond, written as RFC 3339 with exactly three decimals and `Z`, so that
/// text sorts as time does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// Now, by this machine's clock.
    #[must_use]
    pub fn now() -> Self {
        Utc::now().into()
    }

    /// Seconds since 1970, the format of DynamoDB's time to live.
    #[must_use]
    pub fn epoch_seconds(self) -> i64 {
        self.0.timestamp()
    }

    /// As a chrono value.
    #[must_use]
    pub fn to_utc(self) -> DateTime<Utc> {
        self.0
    }
}

impl From<DateTime<Utc>> for Timestamp {
    /// Cuts off what is finer than a millisecond.
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.trunc_subsecs(3))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidDocument;

    fn from_str(text: &str) -> Result<Self, InvalidDocument> {
        DateTime::parse_from_rfc3339(text)
            .map(|time| time.to_utc().into())
            .map_err(|_| InvalidDocument::Time {
                value: quoted(text),
            })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

serde_as_text!(Timestamp, "a time in RFC 3339");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_with_three_decimals() {
        for (given, written) in [
            ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00.000Z"),
            ("2026-01-31T08:00:00.1239+01:00", "2026-01-31T07:00:00.123Z"),
        ] {
            assert_eq!(given.parse::<Timestamp>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn the_present_comes_back_from_its_text() {
        let now = Timestamp::now();
        assert_eq!(now.to_string().parse(), Ok(now));
    }

    #[test]
    fn text_that_is_no_time_is_refused() {
        for text in ["", "2026-01-31", "2026-02-30T00:00:00Z", "now"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
