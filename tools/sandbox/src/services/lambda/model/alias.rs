//! Aliases: names for one published version, or for two with a weight.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::names;
use crate::execution::version::VersionNumber;

/// The second version of an alias and its share of the traffic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Additional {
    /// A published version's number.
    pub version: u64,
    /// Fraction from 0 to 1.
    pub weight: f64,
}

/// A name for one or two versions.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// Name.
    pub name: String,
    /// The main version: it gets the traffic that the additional one does not.
    pub version: VersionNumber,
    /// The additional version, if there is one.
    pub additional: Option<Additional>,
    /// Description.
    pub description: String,
    /// Changes with every update.
    pub revision_id: String,
}

impl Alias {
    /// The version for one invocation: `draw` is uniform in [0, 1).
    #[must_use]
    pub fn route(&self, draw: f64) -> VersionNumber {
        match self.additional {
            Some(additional) if draw < additional.weight => {
                VersionNumber::Published(additional.version)
            }
            _ => self.version,
        }
    }

    /// Whether the alias routes to this version, or would at another weight.
    #[must_use]
    pub fn refers_to(&self, number: u64) -> bool {
        self.version == VersionNumber::Published(number)
            || self
                .additional
                .is_some_and(|additional| additional.version == number)
    }

    /// `AliasConfiguration` on the wire.
    #[must_use]
    pub fn to_json(&self, region: &str, function: &str) -> Value {
        let mut json = json!({
            "AliasArn": names::function_arn(region, function, Some(&self.name)),
            "Name": self.name,
            "FunctionVersion": self.version.to_string(),
            "Description": self.description,
            "RevisionId": self.revision_id,
        });
        if let Some(Additional { version, weight }) = self.additional {
            json["RoutingConfig"] =
                json!({"AdditionalVersionWeights": {version.to_string(): weight}});
        }
        json
    }
}

/// `AliasRoutingConfiguration` on the wire.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RoutingConfig {
    /// Version to weight. Lambda allows one entry; none takes the routing away.
    #[serde(default)]
    pub additional_version_weights: Option<BTreeMap<String, f64>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(weight: f64) -> Alias {
        Alias {
            name: "live".to_owned(),
            version: VersionNumber::Published(1),
            additional: Some(Additional { version: 2, weight }),
            description: String::new(),
            revision_id: String::new(),
        }
    }

    #[test]
    fn the_ends_of_the_weight_are_exact() {
        let almost_one = 1.0 - f64::EPSILON;
        for draw in [0.0, 0.5, almost_one] {
            assert_eq!(alias(0.0).route(draw), VersionNumber::Published(1));
            assert_eq!(alias(1.0).route(draw), VersionNumber::Published(2));
        }
    }

    #[test]
    fn the_weight_is_the_share_of_draws_below_it() {
        assert_eq!(alias(0.25).route(0.249), VersionNumber::Published(2));
        assert_eq!(alias(0.25).route(0.25), VersionNumber::Published(1));
    }

    #[test]
    fn a_version_at_weight_zero_is_still_referred_to() {
        assert!(alias(0.0).refers_to(2));
    }
}
