//! Which periods of the metrics count.
//!
//! A period counts when it is over (old enough that its counts are final) and pure (the weight was
//! the same from its beginning to its end). In a period that contains a change of the weight, a short
//! burst of failures may fall on one side of the change: then both versions fail alike, and yet their
//! counts differ.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::{event::Latency, policy::Policy, record::Record};
use analysis::Blocks;

/// How much later than recorded a change may have happened: the record has whole seconds, and the call takes time.
const CHANGE_TAKES: TimeDelta = TimeDelta::seconds(1);

/// The counts of one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Period {
    /// Its first moment.
    pub start: DateTime<Utc>,
    /// Its counts.
    pub blocks: Blocks,
    /// Calls that another source has counted, and that the metrics of the versions do not show.
    pub unseen: f64,
}

/// What the metrics show of both versions.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    /// All periods with a data point since the time that was asked for, over or not.
    pub periods: Vec<Period>,
    /// Durations of the baseline since then; none of an emulated version.
    pub baseline: Option<Latency>,
    /// Durations of the candidate, likewise.
    pub candidate: Option<Latency>,
}

/// Whether the weight was the same all through a period: it began after the rollout, and no change
/// of the weight falls into it.
pub(crate) fn is_pure(start: DateTime<Utc>, length: TimeDelta, record: &Record) -> bool {
    start >= record.since
        && record.changes.iter().all(|change| {
            let changed = record.time_of(change);
            start >= changed + CHANGE_TAKES || start + length <= changed
        })
}

/// When the first period begins that is pure after a change of the weight.
pub(super) fn first_pure(changed: DateTime<Utc>, length: TimeDelta) -> DateTime<Utc> {
    let from = changed + CHANGE_TAKES;
    let begun = from.duration_trunc(length).unwrap_or(from);
    if begun < from { begun + length } else { begun }
}

/// Whether a period is the first pure one after a change of the weight: then a version that gets more has more
/// environments that are new, whose connections and caches are cold although the environment is warm.
pub(super) fn is_first_after_a_change(
    start: DateTime<Utc>,
    length: TimeDelta,
    record: &Record,
) -> bool {
    let before = start - length;
    record.changes.iter().any(|change| {
        let changed = record.time_of(change);
        changed <= start && before < changed + CHANGE_TAKES
    })
}

/// The end of the last period that is over. Periods are aligned to the epoch, as CloudWatch aligns them.
pub(super) fn over_until(policy: &Policy, now: DateTime<Utc>) -> DateTime<Utc> {
    let settled = now - policy.metric_delay;
    settled.duration_trunc(policy.period).unwrap_or(settled)
}

/// When the next tick is: as soon as the next period is over.
pub(super) fn next_tick(policy: &Policy, now: DateTime<Utc>) -> DateTime<Utc> {
    over_until(policy, now) + policy.period + policy.metric_delay
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::delivery) fn at(second: i64) -> DateTime<Utc> {
        let start: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
        start + TimeDelta::seconds(second)
    }

    pub(in crate::delivery) fn policy() -> Policy {
        let asked = package::RolloutPolicy {
            period_s: 10,
            metric_delay_s: 5,
            no_data_timeout_s: 60,
            ..Default::default()
        };
        Policy::try_from(&asked).expect("holds")
    }

    pub(in crate::delivery) fn record() -> Record {
        "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@41s"
            .parse()
            .expect("a record")
    }

    #[test]
    fn a_period_around_a_change_is_not_pure_and_the_one_behind_it_is_the_first() {
        let length = policy().period;
        let pure = |second| is_pure(at(second), length, &record());
        let first = |second| is_first_after_a_change(at(second), length, &record());
        let starts = [-10, 0, 10, 20, 30, 40, 50, 60];
        assert_eq!(
            starts.map(pure),
            [false, false, true, true, true, false, true, true]
        );
        assert_eq!(
            starts.map(first),
            [false, true, true, false, false, false, true, false]
        );
        let pure = [0, 8, 9, 10, 41].map(|second| first_pure(at(second), length));
        assert_eq!(pure, [10, 10, 10, 20, 50].map(at));
    }

    #[test]
    fn the_next_tick_is_when_the_next_period_is_over() {
        assert_eq!(next_tick(&policy(), at(34)), at(35));
        assert_eq!(next_tick(&policy(), at(35)), at(45));
    }
}
