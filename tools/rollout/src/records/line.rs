//! What may stand before a line of Lambda's: a time (`aws logs tail`, exports to S3) and after it the
//! name of the log stream (`aws logs tail`).

use chrono::{DateTime, Utc};

use super::version_of_stream;
use crate::alias::Version;

/// A line without what its source put before it.
#[derive(Debug, PartialEq)]
pub(super) struct Line<'a> {
    pub(super) time: Option<DateTime<Utc>>,
    pub(super) version: Option<Version>,
    pub(super) text: &'a str,
}

pub(super) fn split(line: &str) -> Line<'_> {
    let text = line.trim_start();
    let Some((time, text)) = leading_time(text) else {
        return Line {
            time: None,
            version: None,
            text,
        };
    };
    let (version, text) = match text.split_once(' ') {
        Some((stream, text)) if version_of_stream(stream).is_some() => {
            (version_of_stream(stream), text)
        }
        _ => (None, text),
    };
    Line {
        time: Some(time),
        version,
        text,
    }
}

/// Most lines have no time: the first character tells them apart without a look for more.
fn leading_time(text: &str) -> Option<(DateTime<Utc>, &str)> {
    text.starts_with(|first: char| first.is_ascii_digit())
        .then_some(())?;
    let (word, rest) = text.split_once(' ')?;
    let time = DateTime::parse_from_rfc3339(word).ok()?;
    Some((time.to_utc(), rest.trim_start()))
}
