//! What to do about an alarm, given what the alias routes to (pure).

use crate::{
    alias::Alias,
    answer::Why,
    event::{Alarm, Target},
};

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Set the additional version's weight to 0.
    RollBack {
        /// The candidate's weight: more than 0.
        weight: f64,
    },
    /// Leave the alias as it is.
    Nothing(Why),
}

/// Decides. Only an additional version can be rolled back: there is no other to serve the primary version's share.
#[must_use]
pub fn plan(alarm: &Alarm, alias: &Alias) -> Plan {
    let Target { version, .. } = &alarm.target;
    match alias.weights.get(version) {
        Some(&weight) if weight > 0.0 => Plan::RollBack { weight },
        _ if alias.version == *version => Plan::Nothing(Why::ServesAsPrimary),
        _ => Plan::Nothing(Why::NoWeight),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn alarm(version: &str) -> Alarm {
        Alarm {
            name: "f-live-candidate".to_owned(),
            state: "ALARM".to_owned(),
            reason: String::new(),
            target: Target {
                function: "f".to_owned(),
                version: version.to_owned(),
            },
        }
    }

    fn alias(version: &str, weights: &[(&str, f64)]) -> Alias {
        let weights = weights
            .iter()
            .map(|&(version, weight)| (version.to_owned(), weight));
        Alias {
            version: version.to_owned(),
            weights: weights.collect::<HashMap<_, _>>(),
            description: String::new(),
            revision_id: "r".to_owned(),
        }
    }

    #[test]
    fn a_candidate_with_a_weight_is_rolled_back_and_any_other_left() {
        let roll_back = Plan::RollBack { weight: 0.25 };
        assert_eq!(plan(&alarm("2"), &alias("1", &[("2", 0.25)])), roll_back);
        for (routes, why) in [
            (alias("1", &[]), Why::NoWeight),
            (alias("1", &[("2", 0.0)]), Why::NoWeight),
            (alias("3", &[("4", 0.25)]), Why::NoWeight),
            (alias("2", &[]), Why::ServesAsPrimary),
            (alias("2", &[("1", 0.05)]), Why::ServesAsPrimary),
        ] {
            assert_eq!(plan(&alarm("2"), &routes), Plan::Nothing(why), "{routes:?}");
        }
    }

    proptest! {
        #[test]
        fn a_version_that_the_alarm_does_not_watch_never_loses_its_weight(
            primary in 1..5_u8, additional in 1..5_u8, alarmed in 1..5_u8, weight in 0.0..=1.0_f64,
        ) {
            let [primary, additional, alarmed] = [primary, additional, alarmed].map(|n| n.to_string());
            let routes = alias(&primary, &[(&additional, weight)]);
            let rolled_back = matches!(plan(&alarm(&alarmed), &routes), Plan::RollBack { .. });
            prop_assert_eq!(rolled_back, alarmed == additional && weight > 0.0);
        }
    }
}
