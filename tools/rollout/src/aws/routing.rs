//! Versions, weights, and what an alias routes to.

use std::{fmt, num::NonZeroU64, str::FromStr};

use serde::{Deserialize, Serialize};

/// The number of a published version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

/// A share of the traffic in percent, from 0 to 100, in steps of 0.01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent {
    // Whole hundredths compare exactly, and survive being written to and read from an alias.
    hundredths: u16,
}

/// A number that is no share of the traffic.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "{0} is not a weight: use a percentage from 0 to 100 with at most two decimals, such as 2.5"
)]
pub struct NotAPercentage(String);

impl Percent {
    /// Nothing.
    pub const ZERO: Self = Self { hundredths: 0 };
    /// Everything.
    pub const HUNDRED: Self = Self { hundredths: 10_000 };

    /// Checks that a number is a percentage.
    ///
    /// # Errors
    /// When it is not between 0 and 100, or finer than 0.01.
    pub fn new(percent: f64) -> Result<Self, NotAPercentage> {
        let hundredths = percent * 100.0;
        let in_range = (0.0..=10_000.0).contains(&hundredths);
        if !in_range || (hundredths - hundredths.round()).abs() > 1e-6 {
            return Err(NotAPercentage(percent.to_string()));
        }
        Ok(Self::rounded(hundredths))
    }

    /// The percentage nearest to a weight as an alias has it, from 0.0 to 1.0.
    #[must_use]
    pub fn from_weight(weight: f64) -> Self {
        Self::rounded(weight.clamp(0.0, 1.0) * 10_000.0)
    }

    /// The weight as an alias has it, from 0.0 to 1.0.
    #[must_use]
    pub fn weight(self) -> f64 {
        f64::from(self.hundredths) / 10_000.0
    }

    /// The plain number, from 0.0 to 100.0.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.hundredths) / 100.0
    }

    /// Whether there is a rest, which is no less: then the versions can be compared.
    #[must_use]
    pub const fn is_comparable(self) -> bool {
        0 < self.hundredths && self.hundredths <= 5_000
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the callers keep it between 0 and 10,000"
    )]
    fn rounded(hundredths: f64) -> Self {
        Self {
            hundredths: hundredths.round() as u16,
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.value())
    }
}

impl FromStr for Percent {
    type Err = NotAPercentage;

    /// Reads `5`, `2.5` or `5%`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_suffix('%').unwrap_or(text);
        number
            .parse()
            .map_err(|_| NotAPercentage(format!("{text:?}")))
            .and_then(Self::new)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let percent = f64::deserialize(deserializer)?;
        Self::new(percent).map_err(serde::de::Error::custom)
    }
}

impl Serialize for Percent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.value())
    }
}

/// What an alias routes to: one version, or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routing {
    /// The version that gets what the other does not.
    pub primary: Version,
    /// The second version and its weight.
    pub additional: Option<(Version, Percent)>,
}

impl Routing {
    /// Everything to one version.
    #[must_use]
    pub fn alone(primary: Version) -> Self {
        Self {
            primary,
            additional: None,
        }
    }

    /// `percent` to the second version, the rest to the first.
    #[must_use]
    pub fn weighted(primary: Version, candidate: Version, percent: Percent) -> Self {
        Self {
            primary,
            additional: Some((candidate, percent)),
        }
    }

    /// The version that has a weight beside the primary one, and the weight.
    #[must_use]
    pub fn candidate(&self) -> Option<(Version, Percent)> {
        self.additional
            .filter(|(_, percent)| *percent > Percent::ZERO)
    }

    /// Whether it names a version, at whatever weight.
    #[must_use]
    pub fn routes_to(&self, version: Version) -> bool {
        self.primary == version || self.additional.is_some_and(|(other, _)| other == version)
    }

    /// The share of the traffic that a version gets.
    #[must_use]
    pub fn share(&self, version: Version) -> Percent {
        match self.additional {
            Some((additional, percent)) if additional == version => percent,
            Some((_, percent)) if self.primary == version => {
                Percent::from_weight(1.0 - percent.weight())
            }
            None if self.primary == version => Percent::HUNDRED,
            _ => Percent::ZERO,
        }
    }
}

impl fmt::Display for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.additional {
            None => write!(f, "version {} alone", self.primary),
            Some((version, percent)) => write!(
                f,
                "version {} {}, version {version} {percent}",
                self.primary,
                self.share(self.primary)
            ),
        }
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

    #[test]
    fn every_percentage_survives_text_and_weight() {
        for hundredths in 0..=10_000 {
            let percent = Percent { hundredths };
            assert_eq!(percent.to_string().parse(), Ok(percent));
            assert_eq!(Percent::from_weight(percent.weight()), percent);
        }
    }

    #[test]
    fn what_is_no_percentage_is_refused() {
        for text in ["-1", "100.01", "0.001", "NaN", "inf", "five", ""] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }

    fn version(number: &str) -> Version {
        number.parse().expect("a version")
    }

    #[test]
    fn shares_add_up_to_everything() {
        let routing = Routing::weighted(version("3"), version("4"), Percent::from_weight(0.05));
        assert_eq!(routing.share(version("3")).value(), 95.0);
        assert_eq!(routing.share(version("4")).value(), 5.0);
        assert_eq!(routing.share(version("5")), Percent::ZERO);
        assert_eq!(routing.to_string(), "version 3 95%, version 4 5%");
    }
}
