//! What an alias routes to.

use std::fmt;

use super::Version;
use crate::percent::Percent;

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
