//! The version, from the name of a log stream.

use crate::alias::Version;

/// Reads `2026/11/23/[7]0f1e…`, and with a log group of one's own `2026/11/23/name[7][0f1e…]`
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html>).
/// `None` for `$LATEST` and for what is no such name. Exports to S3 write `-` for `/`: all the same.
#[must_use]
pub fn version_of_stream(name: &str) -> Option<Version> {
    let (_, rest) = name.split_once('[')?;
    let (version, _) = rest.split_once(']')?;
    version.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_stands_in_the_first_brackets() {
        let number = |name| version_of_stream(name).map(Version::number);
        assert_eq!(number("2026/11/23/[7]0f1e2d3c"), Some(7));
        assert_eq!(number("2026/11/23/hasher[12][0f1e2d3c]"), Some(12));
        assert_eq!(number("2026-11-23-[7]0f1e2d3c"), Some(7));
        assert_eq!(number("2026/11/23/[$LATEST]0f1e2d3c"), None);
        assert_eq!(number("hasher"), None);
        assert_eq!(number("]7["), None);
    }
}
