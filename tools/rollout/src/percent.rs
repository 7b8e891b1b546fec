//! A weight.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
