//! The alarm that guards a rollout whose process has died: `[package.metadata.rollout.guard]`.
//!
//! `rollout run` arms it before the first weight and disarms it at the end; a run that is killed leaves
//! it armed. In ALARM, the controller sets the candidate's weight back to 0.
//!
//! # Why a crude threshold
//! CloudWatch compares one number with another, whatever the baseline does. Beside the analysis, which
//! compares both versions and keeps to its alpha, this is an emergency brake: it must not go off by
//! accident, and it must go off when a candidate is plainly broken. By default that is: of at least 20
//! invocations within 5 minutes, more than 20% failed. A candidate that fails as often as a baseline
//! with so many failures of its own sets it off with this probability, for each window of just 20
//! invocations (the binomial tail `P(X >= 5), n = 20`; more invocations make it smaller):
//!
//! | failures of an equally good candidate | alarm by chance |
//! | ---: | ---: |
//! | 0.1% | 1.5e-11 |
//! | 1% | 1.4e-6 |
//! | 5% | 0.26% |
//! | 10% | 4.3% |
//!
//! A function with more than 1% of failures in its daily life sets `errors_percent` higher.

use serde::{Deserialize, Serialize};

/// Behind a function's name in the name of its alarm.
pub const ALARM_SUFFIX: &str = "-live-candidate";

/// The name of the alarm on the candidate of a function's rollout.
#[must_use]
pub fn alarm_name(function: &str) -> String {
    format!("{function}{ALARM_SUFFIX}")
}

/// When the alarm on the candidate goes off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuardPolicy {
    /// Whether `rollout run` arms the alarm.
    pub armed: bool,
    /// More failures than this are too many, in percent of the candidate's invocations.
    pub errors_percent: f64,
    /// With fewer invocations in a period nothing is said about it.
    pub min_samples: u64,
    /// Length of one period in seconds. CloudWatch looks at the last one every minute.
    pub period_s: u64,
    /// How many periods in a row have too many failures.
    pub periods: u64,
}

impl Default for GuardPolicy {
    fn default() -> Self {
        Self {
            armed: true,
            errors_percent: 20.0,
            min_samples: 20,
            period_s: 300,
            periods: 1,
        }
    }
}

/// A day: CloudWatch looks no further back
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>).
const LONGEST_RANGE_S: u64 = 24 * 60 * 60;

impl GuardPolicy {
    /// Says which key is wrong and what it takes.
    pub(super) fn check(&self) -> Result<(), String> {
        if !(self.errors_percent >= 0.0 && self.errors_percent < 100.0) {
            return Err(format!(
                "guard.errors_percent = {}: from 0 to below 100",
                self.errors_percent
            ));
        }
        if self.min_samples == 0 {
            return Err("guard.min_samples = 0: at least 1".to_owned());
        }
        let period_s = self.period_s;
        let known =
            matches!(period_s, 10 | 20 | 30) || (period_s > 0 && period_s.is_multiple_of(60));
        if !known {
            return Err(format!(
                "guard.period_s = {period_s}: 10, 20, 30 or a multiple of 60"
            ));
        }
        let range_s = self.periods.saturating_mul(period_s);
        if self.periods == 0 || range_s > LONGEST_RANGE_S {
            return Err(format!(
                "guard.periods = {}: at least 1, and with period_s = {period_s} no more than a day",
                self.periods
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_holds() {
        assert_eq!(GuardPolicy::default().check(), Ok(()));
    }

    #[test]
    fn every_refusal_names_its_key() {
        let refused = |change: fn(&mut GuardPolicy)| {
            let mut policy = GuardPolicy::default();
            change(&mut policy);
            policy.check().unwrap_err()
        };
        for (key, message) in [
            ("errors_percent", refused(|p| p.errors_percent = 100.0)),
            ("errors_percent", refused(|p| p.errors_percent = f64::NAN)),
            ("min_samples", refused(|p| p.min_samples = 0)),
            ("period_s", refused(|p| p.period_s = 15)),
            ("period_s", refused(|p| p.period_s = 0)),
            ("periods", refused(|p| p.periods = 0)),
            ("periods", refused(|p| p.periods = 289)),
        ] {
            assert!(message.starts_with(&format!("guard.{key} = ")), "{message}");
        }
    }
}
