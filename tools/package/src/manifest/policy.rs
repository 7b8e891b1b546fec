//! How a release of a function goes: its replay and its rollout.

use serde::{Deserialize, Serialize};

use super::Architecture;

/// 15 minutes.
const LONGEST_TIMEOUT_MS: f64 = 900_000.0;

/// How a rollout of this function goes: `[package.metadata.rollout]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RolloutPolicy {
    /// The half that `live` shall end on.
    pub architecture: Architecture,
    /// Weights to go through, in percent, rising, the last one 100.
    pub steps_percent: Vec<f64>,
    /// How long each step is watched at least, in seconds.
    pub bake_s: u64,
    /// How many invocations of the candidate a step needs before it may end.
    pub least_invocations: u64,
    /// How many of equally good candidates may be taken back, as a fraction.
    pub alpha: f64,
    /// The difference of two proportions that does not matter, in percentage points.
    pub margin_percent: f64,
    /// Invocations that take longer are slow, in milliseconds, and a candidate with more of them is
    /// worse. Without it, time is not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_ms: Option<f64>,
    /// Length of one metric period in seconds. Lambda sends its metrics every 60 s.
    pub period_s: u64,
    /// How old a period must be before its counts are taken as final, in seconds.
    pub metric_delay_s: u64,
    /// How long `rollout` may go without metrics before it takes the weight back, in seconds.
    pub max_blindness_s: u64,
}

impl Default for RolloutPolicy {
    fn default() -> Self {
        Self {
            architecture: Architecture::Arm64,
            steps_percent: vec![5.0, 25.0, 50.0, 100.0],
            bake_s: 600,
            least_invocations: 100,
            alpha: 0.05,
            margin_percent: 1.0,
            slow_ms: None,
            period_s: 60,
            metric_delay_s: 120,
            max_blindness_s: 900,
        }
    }
}

impl RolloutPolicy {
    /// Says which key is wrong and what it takes.
    ///
    /// # Errors
    /// One sentence for people.
    pub fn check(&self) -> Result<(), String> {
        let steps = &self.steps_percent;
        let rising = steps.is_sorted_by(|a, b| a < b);
        let ends = steps.first().is_some_and(|&first| first > 0.0)
            && steps.last().is_some_and(|&last| last == 100.0);
        if !(rising && ends) {
            return Err(format!(
                "steps_percent = {steps:?}: weights rise from above 0 to 100"
            ));
        }
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            return Err(format!(
                "alpha = {}: a fraction between 0 and 1",
                self.alpha
            ));
        }
        if !(self.margin_percent >= 0.0 && self.margin_percent < 100.0) {
            return Err(format!(
                "margin_percent = {}: from 0 to below 100",
                self.margin_percent
            ));
        }
        if let Some(slow_ms) = self.slow_ms
            && !(slow_ms > 0.0 && slow_ms <= LONGEST_TIMEOUT_MS)
        {
            return Err(format!(
                "slow_ms = {slow_ms}: more than 0, and at most {LONGEST_TIMEOUT_MS}, the longest that \
                 Lambda lets a function run"
            ));
        }
        if self.period_s == 0 {
            return Err("period_s = 0: at least 1 second".to_owned());
        }
        Ok(())
    }
}

/// How the sample events are replayed: `[package.metadata.replay]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayPolicy {
    /// JSON pointers (RFC 6901) into the response that may differ between the halves.
    pub ignore: Vec<String>,
}
