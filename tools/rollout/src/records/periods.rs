//! What the judge looks at: same-period counts and durations of two versions.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Invocation, Status};
use crate::alias::Version;
use analysis::{Block, Blocks, Count, Durations, Total};

/// Invocations of both versions that began in the same period.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// When it began.
    pub start: DateTime<Utc>,
    /// Baseline and candidate.
    halves: [Vec<Invocation>; 2],
}

/// Sorts the invocations of two versions, baseline and candidate, into periods, the oldest first. Those
/// without a time are left out: nothing says what they ran beside.
#[must_use]
pub fn periods(
    invocations: &[Invocation],
    versions: [Version; 2],
    length: TimeDelta,
) -> Vec<Period> {
    let length_ms = length.num_milliseconds().max(1);
    let mut periods: BTreeMap<i64, [Vec<Invocation>; 2]> = BTreeMap::new();
    for invocation in invocations {
        let half = versions.iter().position(|v| Some(*v) == invocation.version);
        if let (Some(half), Some(began)) = (half, invocation.began()) {
            let period = began.timestamp_millis().div_euclid(length_ms);
            periods.entry(period).or_default()[half].push(invocation.clone());
        }
    }
    let period = |(index, halves): (i64, _)| {
        let start = DateTime::from_timestamp_millis(index * length_ms)?;
        Some(Period { start, halves })
    };
    periods.into_iter().filter_map(period).collect()
}

impl Invocation {
    /// When it began, as `CloudWatch` stamps its metrics.
    #[must_use]
    pub fn began(&self) -> Option<DateTime<Utc>> {
        let took_us = (self.duration_ms + self.init_ms.unwrap_or_default()) * 1e3;
        self.ended?
            .checked_sub_signed(TimeDelta::microseconds(took_us as i64))
    }

    /// What its caller waited for, in milliseconds.
    #[must_use]
    pub fn total_ms(&self) -> f64 {
        self.duration_ms + self.init_ms.unwrap_or_default()
    }
}

impl Period {
    /// Baseline and candidate.
    #[must_use]
    pub fn halves(&self) -> &[Vec<Invocation>; 2] {
        &self.halves
    }

    /// The counts; slow ones, cold starts apart, only with a limit in milliseconds.
    #[must_use]
    pub fn blocks(&self, slow_ms: Option<f64>) -> Blocks {
        let slow = |cold: bool| match slow_ms {
            None => Block::default(),
            Some(limit) => self.block(|one| one.is_cold() == cold, |one| one.total_ms() > limit),
        };
        Blocks {
            errors: self.block(|_| true, Invocation::has_failed),
            throttles: Block::default(),
            timeouts: self.block(|_| true, |one| one.status == Status::Timeout),
            slow: slow(false),
            slow_cold: slow(true),
        }
    }

    fn block(&self, of: impl Fn(&Invocation) -> bool, is: impl Fn(&Invocation) -> bool) -> Block {
        let count = |half: &[Invocation]| {
            let all = half.iter().filter(|one| of(one));
            let those = half.iter().filter(|one| of(one) && is(one));
            Count::new(all.count() as u64, those.count() as u64)
        };
        let [baseline, candidate] = &self.halves;
        Block {
            baseline: count(baseline),
            candidate: count(candidate),
        }
    }

    /// What the invocations are billed for, initialisation included: each as at most `most_ms`, in units
    /// of it.
    #[must_use]
    pub fn billed(&self, most_ms: f64) -> [Total; 2] {
        self.halves.each_ref().map(|half| {
            let billed = |one: &Invocation| (one.billed_ms as f64).min(most_ms) / most_ms;
            Total {
                invocations: half.len() as u64,
                sum: half.iter().map(billed).sum(),
            }
        })
    }

    /// The durations of the warm invocations that succeeded, or of the cold ones with INIT, in
    /// milliseconds: for [`analysis::difference_of_durations`].
    #[must_use]
    pub fn durations(&self, cold: bool) -> Durations {
        self.halves.each_ref().map(|half| {
            let counts = |one: &&Invocation| one.is_cold() == cold && !one.has_failed();
            half.iter()
                .filter(counts)
                .map(Invocation::total_ms)
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: u64) -> Version {
        number.to_string().parse().expect("a version")
    }

    fn invocation(number: u64, began_ms: i64, duration_ms: f64) -> Invocation {
        let ended = DateTime::from_timestamp_millis(began_ms + duration_ms as i64);
        Invocation {
            request_id: "a".to_owned(),
            version: Some(version(number)),
            ended,
            duration_ms,
            billed_ms: 1,
            init_ms: None,
            memory_mib: 128,
            max_memory_mib: 20,
            status: Status::Success,
        }
    }

    fn of(invocations: &[Invocation]) -> Vec<Period> {
        periods(
            invocations,
            [version(1), version(2)],
            TimeDelta::seconds(60),
        )
    }

    #[test]
    fn an_invocation_counts_where_it_began() {
        let long = invocation(2, 59_000, 5_000.0);
        let next = invocation(1, 60_000, 1.0);
        let other = invocation(3, 0, 1.0);
        let no_time = Invocation {
            ended: None,
            ..next.clone()
        };
        let periods = of(&[next, long, other, no_time]);
        let counts: Vec<_> = periods
            .iter()
            .map(|period| {
                let Block {
                    baseline,
                    candidate,
                } = period.blocks(None).errors;
                let start = period.start.timestamp();
                (start, baseline.invocations(), candidate.invocations())
            })
            .collect();
        assert_eq!(counts, [(0, 0, 1), (60, 1, 0)]);
    }

    #[test]
    fn cold_starts_and_timeouts_are_counted_apart() {
        let cold = Invocation {
            init_ms: Some(300.0),
            ..invocation(2, 300, 10.0)
        };
        let stopped = Invocation {
            status: Status::Timeout,
            ..invocation(2, 0, 3_000.0)
        };
        let warm = invocation(2, 0, 10.0);
        let periods = of(&[cold, stopped, warm]);
        let blocks = periods[0].blocks(Some(250.0));
        assert_eq!(blocks.errors.candidate, Count::new(3, 1));
        assert_eq!(blocks.timeouts.candidate, Count::new(3, 1));
        assert_eq!(blocks.slow.candidate, Count::new(2, 1));
        assert_eq!(blocks.slow_cold.candidate, Count::new(1, 1));
        assert_eq!(periods[0].durations(false)[1], [10.0]);
        assert_eq!(periods[0].durations(true)[1], [310.0]);
        assert_eq!(periods[0].blocks(None).slow, Block::default());
    }
}
