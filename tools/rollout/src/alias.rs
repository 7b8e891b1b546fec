//! Aliases: read one, change it by compare-and-swap.

use std::{collections::HashMap, fmt, num::NonZeroU64, str::FromStr};

use aws_sdk_lambda::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    operation::{get_alias::GetAliasError, update_alias::UpdateAliasError},
    types::{AliasConfiguration, AliasRoutingConfiguration},
};
use serde::Serialize;

use crate::percent::Percent;

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

/// An alias as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The function that it belongs to.
    pub function: String,
    /// Its name.
    pub name: String,
    /// What it routes to.
    pub routing: Routing,
    /// What the last change wrote there: see [`crate::record`].
    pub description: String,
    /// Stands for this state in a compare-and-swap.
    pub revision_id: String,
}

/// What went wrong with an alias, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum AliasError {
    /// The function or the alias does not exist.
    #[error(
        "function {function} has no alias {name}: publish it first (rollout publish {function})"
    )]
    Missing {
        /// The function.
        function: String,
        /// The alias.
        name: String,
    },
    /// Somebody else has changed the alias since it was read.
    #[error(
        "alias {name} of {function} was changed by somebody else since it was read; nothing was overwritten. See rollout status {function}"
    )]
    Changed {
        /// The function.
        function: String,
        /// The alias.
        name: String,
    },
    /// The alias points at something that a rollout cannot move.
    #[error("alias {name} of {function} points at {found}: point it at published versions")]
    Unsupported {
        /// The function.
        function: String,
        /// The alias.
        name: String,
        /// What it points at.
        found: String,
    },
    /// The call itself failed, after all its retries.
    #[error("{operation} {function}:{name} failed: {cause}")]
    Call {
        /// The API operation.
        operation: &'static str,
        /// The function.
        function: String,
        /// The alias.
        name: String,
        /// What the SDK says.
        cause: String,
    },
}
