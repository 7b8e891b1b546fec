//! The number of a published version.

use std::{fmt, num::NonZeroU64, str::FromStr};

use serde::Serialize;

/// The number of a published version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Version(NonZeroU64);

impl Version {
    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Something that is not the number of a published version, such as `$LATEST`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the number of a published version")]
pub struct NotAVersion(String);

impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .map(Self)
            .map_err(|_| NotAVersion(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latest_and_zero_are_no_published_versions() {
        for text in ["$LATEST", "0", "-1", "1.5", ""] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
