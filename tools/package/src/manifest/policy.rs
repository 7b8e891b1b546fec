//! How a release of a function goes: its replay and its rollout.

use std::{collections::BTreeMap, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Architecture, Trigger, counted::CountedMetric, guard::GuardPolicy};

/// 15 minutes.
const LONGEST_TIMEOUT_MS: f64 = 900_000.0;

/// How a rollout of this function goes: `[package.metadata.rollout]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RolloutPolicy {
    /// The architecture that `live` shall end on.
    pub architecture: Architecture,
    /// Weights to go through, in percent, rising, the last one 100, none between 50 and 100.
    pub steps_percent: Vec<f64>,
    /// Those of them that end only when somebody says so (`rollout promote`), in percent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pause_at_percent: Vec<f64>,
    /// Whether somebody has to approve each rollout before the first weight (`rollout promote`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub approval: bool,
    /// Bake time: how long each step is watched at least, in seconds.
    pub bake_s: u64,
    /// How long a step may wait for its samples, in seconds; six times [`Self::bake_s`] when not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_timeout_s: Option<u64>,
    /// What follows when that time is over and the candidate has had fewer.
    pub on_inconclusive: OnInconclusive,
    /// How many invocations of the candidate a step is to have.
    pub min_samples: u64,
    /// How long the alarms and the limits of [`Self::metrics`] stay armed after the promotion, in seconds; longer,
    /// until [`Self::min_samples`] invocations have passed. 0: the promotion is the end.
    pub bake_after_s: u64,
    /// How many of equally good candidates may be rolled back, over all moves of one path, as a fraction.
    pub alpha: f64,
    /// The difference of two proportions that does not matter, in percentage points.
    pub margin_percent: f64,
    /// Warm invocations that take longer are slow, in milliseconds, and a candidate with more of them is
    /// worse. Without it, time is not analysed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_ms: Option<f64>,
    /// Length of one metric period in seconds. Lambda sends its metrics every 60 s.
    pub period_s: u64,
    /// How old a period must be before its counts are taken as final, in seconds; with periods of a minute
    /// and more at least the function's timeout and a minute.
    pub metric_delay_s: u64,
    /// How long there may be calls that the metrics do not show, or no answer, before a rollout is rolled back,
    /// in seconds.
    pub no_data_timeout_s: u64,
    /// `CloudWatch` alarms, metric or composite: in ALARM no rollout starts, and one under way is rolled back.
    pub alarms: Vec<String>,
    /// Failures that the function counts itself, by name. A trigger brings its own
    /// ([`CountedMetric::of_trigger`]).
    pub metrics: BTreeMap<String, CountedMetric>,
    /// The alarm on the candidate, for a rollout whose process has died.
    pub guard: GuardPolicy,
}

/// What a rollout does with a step whose time is over while the candidate has had fewer than its samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInconclusive {
    /// The next weight follows, and the rollout says what was not seen.
    ///
    /// The default, because the other two fail quiet functions, which most are. What is risked is bounded by the
    /// weight, and the evidence goes on adding up: a candidate that is worse can still be found out at every
    /// later weight, and sooner there.
    #[default]
    Advance,
    /// The weight stays, for somebody to decide (`rollout resume`, `promote` or `abort`).
    Pause,
    /// The weight goes back to 0: only what was seen is ever promoted.
    Rollback,
}

impl FromStr for OnInconclusive {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "advance" => Ok(Self::Advance),
            "pause" => Ok(Self::Pause),
            "rollback" => Ok(Self::Rollback),
            _ => Err(format!(
                "on_inconclusive = {text:?}: advance, pause or rollback"
            )),
        }
    }
}

impl Default for RolloutPolicy {
    fn default() -> Self {
        Self {
            architecture: Architecture::Arm64,
            steps_percent: vec![5.0, 25.0, 50.0, 100.0],
            pause_at_percent: Vec::new(),
            approval: false,
            bake_s: 600,
            step_timeout_s: None,
            on_inconclusive: OnInconclusive::default(),
            min_samples: 100,
            bake_after_s: 1_800,
            alpha: 0.05,
            margin_percent: 1.0,
            slow_ms: None,
            period_s: 60,
            metric_delay_s: 120,
            no_data_timeout_s: 900,
            alarms: Vec::new(),
            metrics: BTreeMap::new(),
            guard: GuardPolicy::default(),
        }
    }
}

/// `DescribeAlarms` takes 100 names, one of which is the candidate's own alarm.
const MOST_ALARMS: usize = 99;

/// How many bake times a step may take when nothing else is asked for.
const STEP_TIMEOUT_IN_BAKES: u64 = 6;

impl RolloutPolicy {
    /// With the metrics that the trigger brings, unless the policy names them otherwise.
    #[must_use]
    pub fn with_metrics_of(mut self, trigger: &Trigger) -> Self {
        if let Some((name, metric)) = CountedMetric::of_trigger(trigger) {
            self.metrics.entry(name.to_owned()).or_insert(metric);
        }
        self
    }

    /// How long a step may wait for its samples, in seconds.
    #[must_use]
    pub fn step_timeout_s(&self) -> u64 {
        self.step_timeout_s
            .unwrap_or(self.bake_s.saturating_mul(STEP_TIMEOUT_IN_BAKES))
    }

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
        if let Some(step) = steps.iter().find(|&&step| step > 50.0 && step < 100.0) {
            return Err(format!(
                "steps_percent = {steps:?}: {step} is between 50 and 100, where the baseline has the smaller share of the \
                 calls, so that the analysis cannot tell a worse candidate from one whose failures are spread evenly"
            ));
        }
        let is_step = |weight: &f64| *weight < 100.0 && steps.contains(weight);
        if let Some(other) = self.pause_at_percent.iter().find(|it| !is_step(it)) {
            return Err(format!(
                "pause_at_percent = {other}: one of steps_percent, which are {steps:?}, and below 100"
            ));
        }
        if let Some(timeout) = self.step_timeout_s
            && timeout < self.bake_s
        {
            return Err(format!(
                "step_timeout_s = {timeout}: at least bake_s, which is {}",
                self.bake_s
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
        super::counted::check(&self.metrics)?;
        if self.alarms.len() > MOST_ALARMS || self.alarms.iter().any(String::is_empty) {
            return Err(format!(
                "alarms = {:?}: up to {MOST_ALARMS} names",
                self.alarms
            ));
        }
        if self.period_s == 0 {
            return Err("period_s = 0: at least 1 second".to_owned());
        }
        self.guard.check()
    }
}

/// How the sample events are replayed: `[package.metadata.replay]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayPolicy {
    /// JSON pointers (RFC 6901) into the response, and on into the JSON of its strings, whose value may vary: from
    /// build to build, and from what is expected.
    pub ignore: Vec<String>,
}
