//! What the traffic of the last day makes one expect of a step: how long it takes, and what it would find.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::{
    aws::{
        LIVE,
        metrics::{Period, Query},
        routing::{Percent, Version},
    },
    delivery::{policy::Policy, scope::Scope},
};
use analysis::{Count, Metric, Stage, least_found};

/// What is asked of the last day: the counts alone, by the minute.
pub(super) fn last_day(function: &str, versions: [Version; 2], now: DateTime<Utc>) -> Query {
    Query {
        function: function.to_owned(),
        alias: LIVE.to_owned(),
        versions,
        start: now - TimeDelta::days(1),
        end: now,
        period_s: 60,
        slow_ms: None,
        namespace: String::new(),
        counted: Vec::new(),
        sources: Vec::new(),
    }
}

/// The traffic of the last day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Forecast {
    /// Invocations of `live` a minute, between the first one and now at most a day.
    pub(super) per_minute: f64,
    /// The share of them that failed.
    pub(super) failure_rate: f64,
}

/// What is to be expected of a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Step {
    /// How long it takes, in seconds, until its last period is over.
    pub(super) seconds: i64,
    /// Invocations of the candidate in it.
    pub(super) samples: f64,
    /// About the smallest failure rate of the candidate that is found in it; absent when none is.
    pub(super) least_found: Option<f64>,
}

impl Forecast {
    /// From the periods of a day, oldest first.
    pub(super) fn new(day: &[Period]) -> Self {
        let calls: f64 = day.iter().map(|period| period.alias).sum();
        let span = day.first().zip(day.last());
        let minutes = span.map_or(1.0, |(first, last)| {
            ((last.start - first.start).num_minutes() + 1) as f64
        });
        let errors = day.iter().map(|period| {
            let block = period.blocks().errors;
            block.baseline + block.candidate
        });
        let errors = errors.fold(Count::default(), |sum, count| sum + count);
        Self {
            per_minute: calls / minutes,
            failure_rate: errors.rate().unwrap_or_default(),
        }
    }

    /// What is to be expected of one step, by itself.
    pub(super) fn step(&self, weight: Percent, policy: &Policy, scope: &Scope) -> Step {
        let per_second = self.per_minute / 60.0;
        let candidate = per_second * weight.weight();
        let bake = policy.bake.num_seconds() as f64;
        let seconds = if candidate > 0.0 {
            let most = policy.step_timeout.num_seconds() as f64;
            (policy.min_samples as f64 / candidate).min(most).max(bake)
        } else {
            bake
        };
        let period = policy.period.num_seconds() as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and at most a year of seconds"
        )]
        let stage = Stage {
            periods: (seconds / period) as u64,
            sizes: [per_second - candidate, candidate].map(|calls| calls * period),
        };
        let samples = (candidate * seconds).round();
        let delay = policy.metric_delay + policy.period;
        #[expect(clippy::cast_possible_truncation, reason = "at most a year")]
        let seconds = seconds.ceil() as i64 + delay.num_seconds();
        Step {
            seconds,
            samples,
            least_found: least_found(
                &policy.terms(scope.metrics()),
                Metric::Errors,
                self.failure_rate,
                &[stage],
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use package::RolloutPolicy;

    use super::*;
    use crate::{aws::metrics::Sample, delivery::scope::Time};

    fn day(calls_a_minute: u64) -> Vec<Period> {
        let sample = |invocations| Sample {
            invocations,
            ..Sample::default()
        };
        let period = |minute: i64| Period {
            start: DateTime::UNIX_EPOCH + TimeDelta::minutes(minute),
            versions: [sample(calls_a_minute), sample(0)],
            alias: calls_a_minute as f64,
            sources: Default::default(),
        };
        (0..1_440).map(period).collect()
    }

    fn step(calls_a_minute: u64) -> Step {
        let policy = Policy::try_from(&RolloutPolicy::default()).expect("holds");
        let scope = Scope {
            time: Time::NoSlowLimit,
            counted: Vec::new(),
        };
        let five = Percent::new(5.0).expect("a percentage");
        Forecast::new(&day(calls_a_minute)).step(five, &policy, &scope)
    }

    #[test]
    fn much_traffic_ends_a_step_with_its_bake_time_and_little_with_its_timeout() {
        let delay = 180;
        let (busy, some, quiet) = (step(1_000), step(100), step(1));
        assert_eq!((busy.seconds, busy.samples), (600 + delay, 500.0));
        assert_eq!((some.seconds, some.samples), (1_200 + delay, 100.0));
        assert_eq!((quiet.seconds, quiet.samples), (3_600 + delay, 3.0));
        assert_eq!(quiet.least_found, None);
        assert!(some.least_found > Some(0.02), "{some:?}");
        assert!(busy.least_found < some.least_found, "{busy:?} {some:?}");
    }

    #[test]
    fn a_function_that_nobody_calls_takes_its_bake_time_and_finds_nothing() {
        let silent = Forecast::new(&[]);
        assert_eq!(silent.per_minute, 0.0);
        assert_eq!((step(0).seconds, step(0).least_found), (780, None));
    }
}
