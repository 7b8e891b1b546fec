//! What the function's manifest and the flags ask for, checked.
//!
//! A step has two times. It is watched for its bake time, `bake_s`, because some failures take time to show: a
//! memory leak, a token that expires. Then it is over, if the candidate has had its samples or nobody called
//! at all. `step_timeout_s` is the end of waiting for samples:
//!
//! ```text
//! 0        bake_s                 step_timeout_s
//! |--------|----------------------|
//!  always   until min_samples      fewer by then:
//!  watched  (then the next weight) on_inconclusive: advance | pause | rollback
//! ```
//!
//! Proof that the candidate is worse rolls back at any time, and so does an alarm.

use std::time::Duration;

use chrono::TimeDelta;
use package::{
    OnInconclusive, RolloutPolicy,
    manifest::{CountedMetric, DEFAULT_NAMESPACE},
};

use super::path::MOST_MOVES;
use crate::aws::routing::Percent;
use analysis::{Metrics, Terms};

/// More steps than this, and the alias's description has no room for when they were taken.
const MOST_STEPS: usize = 12;

/// Lambda sends its metrics once a minute.
const SENT_WITHIN: TimeDelta = TimeDelta::minutes(1);

/// Periods shorter than a minute that CloudWatch knows.
const SHORT_PERIODS_S: [u64; 4] = [1, 5, 10, 30];

/// How a rollout goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Weights to go through, rising, the last one everything.
    pub steps: Vec<Percent>,
    /// Steps that end only when somebody promotes the rollout.
    pub pause_at: Vec<Percent>,
    /// The step that the run shall end on: the last one, unless somebody asks for less.
    pub until: Percent,
    /// How long each step is watched at least.
    pub bake: TimeDelta,
    /// How long a step may wait for its samples.
    pub step_timeout: TimeDelta,
    /// What follows when that time is over and the candidate has had fewer.
    pub on_inconclusive: OnInconclusive,
    /// How many invocations of the candidate a step is to have.
    pub min_samples: u64,
    /// How long alarms and limits stay armed after the promotion; zero: not at all.
    pub bake_after: TimeDelta,
    /// How many invocations the promoted version is to have by then.
    pub samples_after: u64,
    /// Length of one metric period.
    pub period: TimeDelta,
    /// How old a period must be before its counts are taken as final.
    pub metric_delay: TimeDelta,
    /// How long there may be calls that the metrics do not show, or no answer.
    pub no_data_timeout: TimeDelta,
    /// The alarms that no rollout goes on against.
    pub alarms: Vec<String>,
    /// Namespace of the metrics that the function writes.
    pub namespace: String,
    /// What the function counts itself, with the names that the policy has for it.
    pub counted: Vec<(String, CountedMetric)>,
    /// Of equally good candidates, how many may be rolled back, over all moves of one path.
    pub alpha: f64,
    /// The difference of two probabilities that does not matter.
    pub margin: f64,
    /// Invocations that take longer are slow, in milliseconds.
    pub slow_ms: Option<f64>,
}

/// What is wrong with a policy: the key in `[package.metadata.rollout]`, and what it takes.
/// The flag has the key's name without its unit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// A value that no rollout can have.
    #[error("{0}")]
    Value(String),
    /// A step that is finer than a weight.
    #[error("steps_percent = {0}: at most two decimals")]
    FineStep(f64),
    /// More steps than the alias can remember.
    #[error("steps_percent has {0} steps: at most {MOST_STEPS}")]
    ManySteps(usize),
    /// `--until` is none of the steps.
    #[error("--until {asked}: it must be one of the steps, {steps}")]
    NoSuchStep {
        /// What was asked for.
        asked: Percent,
        /// The steps that there are, joined by commas.
        steps: String,
    },
    /// A period that CloudWatch does not have.
    #[error("period_s = {0}: 1, 5, 10, 30 or a multiple of 60")]
    Period(u64),
    /// A time that is too long to compute with.
    #[error("{key} = {seconds}: at most {}", MOST_SECONDS)]
    Long {
        /// The key.
        key: &'static str,
        /// Its value.
        seconds: u64,
    },
}

/// A year: longer than any step, and far from overflowing a time.
const MOST_SECONDS: u64 = 366 * 24 * 60 * 60;

impl TryFrom<&RolloutPolicy> for Policy {
    type Error = PolicyError;

    fn try_from(asked: &RolloutPolicy) -> Result<Self, PolicyError> {
        asked.check().map_err(PolicyError::Value)?;
        check_period(asked.period_s)?;
        Ok(Self {
            steps: steps(&asked.steps_percent)?,
            pause_at: steps(&asked.pause_at_percent)?,
            until: Percent::HUNDRED,
            bake: seconds("bake_s", asked.bake_s)?,
            step_timeout: seconds("step_timeout_s", asked.step_timeout_s())?,
            on_inconclusive: asked.on_inconclusive,
            min_samples: asked.min_samples,
            samples_after: asked.min_samples,
            period: seconds("period_s", asked.period_s)?,
            metric_delay: seconds("metric_delay_s", asked.metric_delay_s)?,
            no_data_timeout: seconds("no_data_timeout_s", asked.no_data_timeout_s)?,
            bake_after: seconds("bake_after_s", asked.bake_after_s)?,
            alarms: asked.alarms.clone(),
            namespace: DEFAULT_NAMESPACE.to_owned(),
            counted: asked.metrics.clone().into_iter().collect(),
            alpha: asked.alpha,
            margin: asked.margin_percent / 100.0,
            slow_ms: asked.slow_ms,
        })
    }
}

impl Policy {
    /// The same rollout as far as one of its steps.
    ///
    /// # Errors
    /// [`PolicyError::NoSuchStep`] when it is none of them.
    pub fn until(self, step: Percent) -> Result<Self, PolicyError> {
        if self.steps.contains(&step) {
            return Ok(Self {
                until: step,
                ..self
            });
        }
        let steps: Vec<_> = self.steps.iter().map(Percent::to_string).collect();
        Err(PolicyError::NoSuchStep {
            asked: step,
            steps: steps.join(", "),
        })
    }

    /// What the analysis of one move goes by.
    #[must_use]
    pub fn terms(&self, metrics: Metrics) -> Terms {
        Terms {
            alpha: self.alpha / f64::from(MOST_MOVES),
            margin: self.margin,
            metrics,
        }
    }

    /// The same for a function of which an invocation may take so long. Metrics are stamped with an invocation's
    /// start and sent at its end, within a minute: before that, quick failures have arrived and slow successes of
    /// the same period have not.
    #[must_use]
    pub fn with_timeout(self, timeout: TimeDelta) -> Self {
        if are_sent_at_once(self.period) {
            return self;
        }
        Self {
            metric_delay: self.metric_delay.max(timeout + SENT_WITHIN),
            ..self
        }
    }

    /// How long one call with all its attempts may take: an endpoint that takes the call and never answers
    /// must neither stop the analysis nor use up `no_data_timeout_s`.
    #[must_use]
    pub fn call_limit(&self) -> Duration {
        let third = (self.no_data_timeout / 3).to_std().unwrap_or_default();
        third.clamp(Duration::from_secs(1), Duration::from_secs(30))
    }

    /// The first step above a weight.
    #[must_use]
    pub fn step_after(&self, percent: Percent) -> Percent {
        let higher = self.steps.iter().find(|step| **step > percent);
        higher.copied().unwrap_or(Percent::HUNDRED)
    }
}

/// Whether metrics are there when an invocation ends: periods of less than a minute are the sandbox's.
pub(super) fn are_sent_at_once(period: TimeDelta) -> bool {
    period < SENT_WITHIN
}

fn check_period(period_s: u64) -> Result<(), PolicyError> {
    let known = SHORT_PERIODS_S.contains(&period_s) || period_s.is_multiple_of(60);
    known.then_some(()).ok_or(PolicyError::Period(period_s))
}

fn steps(percents: &[f64]) -> Result<Vec<Percent>, PolicyError> {
    if percents.len() > MOST_STEPS {
        return Err(PolicyError::ManySteps(percents.len()));
    }
    percents
        .iter()
        .map(|&percent| Percent::new(percent).map_err(|_| PolicyError::FineStep(percent)))
        .collect()
}

fn seconds(key: &'static str, seconds: u64) -> Result<TimeDelta, PolicyError> {
    i64::try_from(seconds)
        .ok()
        .filter(|_| seconds <= MOST_SECONDS)
        .map(TimeDelta::seconds)
        .ok_or(PolicyError::Long { key, seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut RolloutPolicy)) -> String {
        let mut asked = RolloutPolicy::default();
        change(&mut asked);
        Policy::try_from(&asked).expect_err("refused").to_string()
    }

    #[test]
    fn the_default_policy_holds() {
        let policy = Policy::try_from(&RolloutPolicy::default()).expect("holds");
        assert_eq!(policy.step_after(Percent::ZERO).value(), 5.0);
        assert_eq!(policy.step_after(policy.steps[0]).value(), 25.0);
        assert_eq!(policy.step_after(Percent::HUNDRED), Percent::HUNDRED);
    }

    #[test]
    fn a_step_may_take_six_bake_times_unless_it_says_otherwise() {
        let mut asked = RolloutPolicy::default();
        let most = |asked: &RolloutPolicy| Policy::try_from(asked).expect("holds").step_timeout;
        assert_eq!(most(&asked), TimeDelta::seconds(3_600));
        asked.step_timeout_s = Some(asked.bake_s);
        assert_eq!(most(&asked), TimeDelta::seconds(600));
    }

    #[test]
    fn a_period_is_over_when_its_longest_invocation_has_been_sent() {
        let policy = |period_s| {
            let asked = RolloutPolicy {
                period_s,
                ..RolloutPolicy::default()
            };
            Policy::try_from(&asked).expect("holds")
        };
        let delay = |period_s, timeout_s| {
            let policy = policy(period_s).with_timeout(TimeDelta::seconds(timeout_s));
            policy.metric_delay.num_seconds()
        };
        assert_eq!(
            (delay(60, 29), delay(60, 300), delay(1, 300)),
            (120, 360, 120)
        );
    }

    #[test]
    fn a_run_may_end_on_one_of_its_steps_and_on_no_other_weight() {
        let policy = Policy::try_from(&RolloutPolicy::default()).expect("holds");
        let percent = |value| Percent::new(value).expect("a percentage");
        let partly = policy.clone().until(percent(25.0)).expect("a step");
        assert_eq!(partly.until, percent(25.0));
        assert_eq!(partly.steps, policy.steps);
        let refused = policy.until(percent(30.0)).expect_err("no step");
        assert_eq!(
            refused.to_string(),
            "--until 30%: it must be one of the steps, 5%, 25%, 50%, 100%"
        );
    }

    #[test]
    fn every_refusal_names_its_key() {
        for (key, text) in [
            (
                "steps_percent",
                refused(|p| p.steps_percent = vec![50.0, 5.0, 100.0]),
            ),
            ("steps_percent", refused(|p| p.steps_percent = vec![5.0])),
            (
                "steps_percent",
                refused(|p| p.steps_percent = vec![0.001, 100.0]),
            ),
            (
                "steps_percent",
                refused(|p| p.steps_percent = vec![5.0, 50.01, 100.0]),
            ),
            (
                "steps_percent",
                refused(|p| p.steps_percent = (1..=12).chain([100]).map(f64::from).collect()),
            ),
            ("period_s", refused(|p| p.period_s = 7)),
            ("period_s", refused(|p| p.period_s = 0)),
            ("bake_s", refused(|p| p.bake_s = u64::MAX)),
            (
                "step_timeout_s",
                refused(|p| p.step_timeout_s = Some(u64::MAX)),
            ),
            ("step_timeout_s", refused(|p| p.step_timeout_s = Some(599))),
            ("alpha", refused(|p| p.alpha = 0.0)),
            ("margin_percent", refused(|p| p.margin_percent = 100.0)),
            ("slow_ms", refused(|p| p.slow_ms = Some(0.0))),
            ("slow_ms", refused(|p| p.slow_ms = Some(f64::NAN))),
        ] {
            assert!(text.starts_with(key), "{key}: {text}");
        }
    }
}
