//! The lowest level that is logged, by Lambda's names.

use std::str::FromStr;

use tracing_subscriber::filter::LevelFilter;

/// `AWS_LAMBDA_LOG_LEVEL`
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Threshold {
    Trace,
    Debug,
    #[default]
    Info,
    Warn,
    Error,
    /// `tracing` has no level above ERROR: errors are logged, and Lambda drops them.
    Fatal,
}

impl Threshold {
    pub(super) const fn filter(self) -> LevelFilter {
        match self {
            Self::Trace => LevelFilter::TRACE,
            Self::Debug => LevelFilter::DEBUG,
            Self::Info => LevelFilter::INFO,
            Self::Warn => LevelFilter::WARN,
            Self::Error | Self::Fatal => LevelFilter::ERROR,
        }
    }

    /// As Lambda writes it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }
}

impl FromStr for Threshold {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        const ALL: [Threshold; 6] = [
            Threshold::Trace,
            Threshold::Debug,
            Threshold::Info,
            Threshold::Warn,
            Threshold::Error,
            Threshold::Fatal,
        ];
        ALL.into_iter()
            .find(|level| level.as_str().eq_ignore_ascii_case(text))
            .ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_that_lambda_sets_is_known_and_others_are_not() {
        for (text, filter) in [
            ("TRACE", LevelFilter::TRACE),
            ("debug", LevelFilter::DEBUG),
            ("INFO", LevelFilter::INFO),
            ("WARN", LevelFilter::WARN),
            ("ERROR", LevelFilter::ERROR),
            ("FATAL", LevelFilter::ERROR),
        ] {
            assert_eq!(text.parse().map(Threshold::filter), Ok(filter), "{text}");
        }
        assert!("loud".parse::<Threshold>().is_err());
    }
}
