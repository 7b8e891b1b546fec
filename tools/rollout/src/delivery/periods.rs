//! Which periods of the metrics count.
//!
//! A period counts when it is settled (old enough that its counts are final) and pure (the weight was
//! the same from its beginning to its end). In a period that contains a change of the weight, a short
//! burst of failures may fall on one side of the change: then both versions fail alike, and yet their
//! counts differ.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::{event::Latency, policy::Policy, record::Record};
use analysis::Blocks;

/// How much later than recorded a change may have happened: the record has whole seconds, and the call takes time.
const CHANGE_TAKES: TimeDelta = TimeDelta::seconds(1);

/// The counts of one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first moment.
    pub start: DateTime<Utc>,
    /// Its counts.
    pub blocks: Blocks,
}

impl Period {
    /// Whether both versions ran and their errors are known.
    fn is_comparable(&self) -> bool {
        self.blocks.errors.is_comparable()
    }
}

/// What the metrics show of both versions.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    /// All periods since the rollout began, settled or not.
    pub periods: Vec<Period>,
    /// Durations of the baseline since the rollout began, or of the last quarter of an hour; none of an
    /// emulated version.
    pub baseline: Option<Latency>,
    /// Durations of the candidate, likewise.
    pub candidate: Option<Latency>,
}

/// What the metrics say about a rollout so far.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Evidence {
    /// All periods that count, oldest first.
    pub(super) blocks: Vec<Blocks>,
    /// How long the present step can be shown to have been watched: up to the end of its last
    /// period in which both versions ran.
    pub(super) baked: TimeDelta,
    /// Invocations of the candidate in the periods of the present step that count.
    pub(super) step_samples: u64,
    /// Invocations of the candidate per minute of watched time; `None` until a period has shown it.
    pub(super) candidate_per_minute: Option<f64>,
    /// The end of the last period in which both versions ran, if there is one.
    pub(super) last_data: Option<DateTime<Utc>>,
}

impl Evidence {
    /// From the periods of a rollout, in any order.
    pub(super) fn new(
        mut periods: Vec<Period>,
        record: &Record,
        policy: &Policy,
        now: DateTime<Utc>,
    ) -> Self {
        let settled_until = now - policy.metric_delay;
        let changed = record.last_change();
        periods.retain(|period| {
            period.start + policy.period <= settled_until
                && is_pure(period.start, policy.period, record)
        });
        periods.sort_by_key(|period| period.start);
        let comparable = || periods.iter().filter(|period| period.is_comparable());
        let in_step = || comparable().filter(|period| period.start >= changed);
        let end = |period: &Period| period.start + policy.period;
        let baked = in_step()
            .next_back()
            .map_or(TimeDelta::zero(), |last| end(last) - changed);
        let step_samples = in_step()
            .map(|period| period.blocks.errors.candidate.invocations())
            .sum();
        Self {
            baked,
            step_samples,
            candidate_per_minute: per_minute(step_samples, baked),
            last_data: comparable().next_back().map(end),
            blocks: periods.iter().map(|period| period.blocks).collect(),
        }
    }
}

fn per_minute(invocations: u64, time: TimeDelta) -> Option<f64> {
    let minutes = time.as_seconds_f64() / 60.0;
    (minutes > 0.0).then(|| invocations as f64 / minutes)
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

/// When the next tick is: as soon as the next period has settled.
pub(super) fn next_tick(policy: &Policy, now: DateTime<Utc>) -> DateTime<Utc> {
    let settled_until = now - policy.metric_delay;
    // Periods are aligned to the epoch, as CloudWatch aligns them.
    let period_start = settled_until
        .duration_trunc(policy.period)
        .unwrap_or(settled_until);
    period_start + policy.period + policy.metric_delay
}

#[cfg(test)]
mod tests {
    use super::*;
    use analysis::{Block, Count};

    fn at(second: i64) -> DateTime<Utc> {
        let start: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
        start + TimeDelta::seconds(second)
    }

    fn policy() -> Policy {
        let asked = package::RolloutPolicy {
            period_s: 10,
            metric_delay_s: 5,
            no_data_timeout_s: 60,
            ..Default::default()
        };
        Policy::try_from(&asked).expect("holds")
    }

    fn record() -> Record {
        "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@41s"
            .parse()
            .expect("a record")
    }

    fn period(second: i64, baseline: u64, candidate: u64) -> Period {
        let block = Block {
            baseline: Count::new(baseline, 0),
            candidate: Count::new(candidate, 0),
        };
        Period {
            start: at(second),
            blocks: Blocks::errors(block),
        }
    }

    fn evidence(seconds: &[i64], now: i64) -> Evidence {
        let periods = seconds
            .iter()
            .map(|second| period(*second, 90, 10))
            .collect();
        Evidence::new(periods, &record(), &policy(), at(now))
    }

    #[test]
    fn periods_before_the_start_and_around_a_change_are_left_out() {
        let evidence = evidence(&[-10, 0, 10, 20, 30, 40, 50, 60], 100);
        // 0 holds the first change, 40 the second.
        assert_eq!(evidence.blocks.len(), 5);
        assert_eq!(evidence.step_samples, 20);
        assert_eq!(evidence.baked, TimeDelta::seconds(70 - 41));
        let per_minute = evidence.candidate_per_minute.expect("a rate");
        assert!(
            (per_minute - 20.0 * 60.0 / 29.0).abs() < 1e-9,
            "{per_minute}"
        );
    }

    #[test]
    fn a_period_counts_once_it_is_settled_and_not_before() {
        assert_eq!(evidence(&[10, 20], 34).blocks.len(), 1);
        assert_eq!(evidence(&[10, 20], 35).blocks.len(), 2);
    }

    #[test]
    fn order_of_arrival_does_not_matter() {
        assert_eq!(
            evidence(&[60, 10, 50, 20], 100),
            evidence(&[10, 20, 50, 60], 100)
        );
    }

    #[test]
    fn time_in_which_a_version_was_not_seen_is_no_bake_time() {
        let periods = vec![period(50, 90, 10), period(60, 90, 0), period(70, 0, 10)];
        let evidence = Evidence::new(periods, &record(), &policy(), at(600));
        assert_eq!(evidence.baked, TimeDelta::seconds(60 - 41));
        assert_eq!(evidence.last_data, Some(at(60)));
        assert_eq!(evidence.step_samples, 10);
    }

    #[test]
    fn without_metrics_nothing_was_watched() {
        let evidence = evidence(&[], 1_000);
        assert_eq!(
            (
                evidence.baked,
                evidence.last_data,
                evidence.candidate_per_minute
            ),
            (TimeDelta::zero(), None, None)
        );
    }

    #[test]
    fn the_next_tick_is_when_the_next_period_has_settled() {
        assert_eq!(next_tick(&policy(), at(34)), at(35));
        assert_eq!(next_tick(&policy(), at(35)), at(45));
    }
}
