//! What tells a benchmark's versions, and a `$LATEST` that one has borrowed, from all others: the
//! description.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, Utc};
use package::Architecture;
use serde::Serialize;

const PREFIX: &str = "rollout bench ";

/// The longest description that Lambda takes
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html>).
const MOST_CHARACTERS: usize = 256;

/// An architecture with a memory size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Target {
    /// Memory in MiB.
    pub memory_mib: u32,
    /// The architecture.
    pub architecture: Architecture,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} MiB", self.architecture, self.memory_mib)
    }
}

/// A description that a benchmark has written.
///
/// `rollout bench 5f3a9c01 until 2026-11-24T01:00:00Z: 3538 MiB arm64: a Merkle root` on a borrowed
/// `$LATEST` says what to put back; on a version it says what the version is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Which benchmark.
    pub run: u32,
    /// When it will be over at the latest.
    pub until: DateTime<Utc>,
    /// Of the version, or of `$LATEST` before.
    pub target: Target,
    /// The description of `$LATEST` before.
    pub description: String,
}

impl Mark {
    /// Whether the benchmark that wrote it is over, or was killed.
    #[must_use]
    pub fn is_past(&self, now: DateTime<Utc>) -> bool {
        self.until < now
    }

    /// Whether Lambda would take it.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.to_string().chars().count() <= MOST_CHARACTERS
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            run,
            until,
            target,
            description,
        } = self;
        let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
        let Target {
            memory_mib,
            architecture,
        } = target;
        write!(
            f,
            "{PREFIX}{run:08x} until {until}: {memory_mib} MiB {architecture}: {description}"
        )
    }
}

/// A description that no benchmark has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoMark;

impl FromStr for Mark {
    type Err = NoMark;

    fn from_str(text: &str) -> Result<Self, NoMark> {
        let parse = || {
            let (run, rest) = text.strip_prefix(PREFIX)?.split_once(" until ")?;
            let (until, rest) = rest.split_once(": ")?;
            let (memory, rest) = rest.split_once(" MiB ")?;
            // Nothing at the end may lose its blank.
            let (architecture, description) = rest.split_once(':')?;
            Some(Self {
                run: u32::from_str_radix(run, 16).ok()?,
                until: DateTime::parse_from_rfc3339(until).ok()?.to_utc(),
                target: Target {
                    memory_mib: memory.parse().ok()?,
                    architecture: architecture.parse::<Architecture>().ok()?,
                },
                description: description.strip_prefix(' ').unwrap_or_default().to_owned(),
            })
        };
        parse().ok_or(NoMark)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_marked_is_put_back(
            run: u32,
            until_s in 0..4_000_000_000i64,
            memory_mib in 128..10_240u32,
            arm64: bool,
            description in ".{0,300}",
        ) {
            let mark = Mark {
                run,
                until: DateTime::from_timestamp(until_s, 0).unwrap(),
                target: Target {
                    memory_mib,
                    architecture: if arm64 { Architecture::Arm64 } else { Architecture::X86_64 },
                },
                description,
            };
            prop_assert_eq!(mark.to_string().parse(), Ok(mark.clone()));
            prop_assert_eq!(mark.fits(), mark.to_string().chars().count() <= 256);
        }

        #[test]
        fn no_description_breaks_it(text in ".*") {
            let _ = text.parse::<Mark>();
            prop_assert_eq!(format!("rollout {text}").parse::<Mark>().is_ok(), false);
        }
    }

    #[test]
    fn a_version_of_a_pair_is_no_benchmarks_version() {
        for text in [
            "",
            "rollout bench",
            "7ed6e9c819f6 arm64",
            "rollout bench x until y: 1 MiB z:",
        ] {
            assert_eq!(text.parse::<Mark>(), Err(NoMark), "{text}");
        }
    }
}
