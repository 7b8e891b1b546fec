//! What log records say: every invocation by itself, so that nothing is estimated.

use chrono::TimeDelta;

use super::{Evidence, Exact, Source};
use crate::{
    metrics::{Durations, PERCENTILES, Period, Query, Sample, TimeCounts},
    records::{self, Invocation, Records, Status},
    report::Distribution,
};
use analysis::Count;

impl Evidence {
    /// From the records of the query's versions in its window. Records without a time count, but in
    /// no period; metrics have an invocation in the period in which it began, and so it is here.
    #[must_use]
    pub fn from_records(records: &Records, query: &Query) -> Self {
        let halves = query.versions.map(|version| {
            let of_it = |record: &&Invocation| {
                record.version == Some(version)
                    && record
                        .began()
                        .is_none_or(|time| query.start <= time && time < query.end)
            };
            records.invocations.iter().filter(of_it).collect::<Vec<_>>()
        });
        let inside: Vec<_> = halves
            .iter()
            .flatten()
            .map(|&record| record.clone())
            .collect();
        let length = TimeDelta::seconds(query.period_s.max(1).into());
        let periods = records::periods(&inside, query.versions, length);
        Self {
            source: Source::Records {
                unreadable: records.unreadable,
                untimed: halves
                    .iter()
                    .flatten()
                    .filter(|record| record.ended.is_none())
                    .count(),
            },
            samples: halves
                .each_ref()
                .map(|records| sample(records, query.slow_ms)),
            exact: halves
                .each_ref()
                .map(|records| Some(exact(records, query.slow_ms))),
            periods: periods
                .iter()
                .map(|one| period(one, query.slow_ms))
                .collect(),
            records: Some(periods),
            distributions: Some(halves.each_ref().map(|records| distribution(records))),
        }
    }
}

fn sample(records: &[&Invocation], slow_ms: Option<f64>) -> Sample {
    let count = |is: &dyn Fn(&Invocation) -> bool| {
        records.iter().filter(|record| is(record)).count() as u64
    };
    let time = slow_ms.map_or_else(TimeCounts::default, |limit_ms| {
        let slow = count(&|record| record.duration_ms > limit_ms);
        let fast = records.iter().map(|record| record.duration_ms);
        TimeCounts {
            measured: Some(records.len() as u64),
            fast: Some(records.len() as u64 - slow),
            slow: Some(slow),
            fast_sum_ms: Some(fast.filter(|ms| *ms <= limit_ms).sum()),
        }
    });
    Sample {
        invocations: records.len() as u64,
        errors: Some(count(&Invocation::has_failed)),
        throttles: None,
        duration: durations(records.iter().map(|record| record.duration_ms)),
        time,
    }
}

fn exact(records: &[&Invocation], slow_ms: Option<f64>) -> Exact {
    let of = |is_cold: bool| {
        let them = records
            .iter()
            .filter(move |record| record.is_cold() == is_cold);
        durations(them.map(|record| record.total_ms()))
    };
    let count =
        |is: fn(&Invocation) -> bool| records.iter().filter(|record| is(record)).count() as u64;
    let slow = |is_cold: bool| {
        let them = || records.iter().filter(|record| record.is_cold() == is_cold);
        let slow = |limit_ms| them().filter(|record| record.total_ms() > limit_ms).count();
        slow_ms.map(|limit_ms| Count::new(them().count() as u64, slow(limit_ms) as u64))
    };
    Exact {
        slow_cold: slow(true),
        slow_warm: slow(false),
        cold_starts: count(Invocation::is_cold),
        timeouts: count(|record| record.status == Status::Timeout),
        cold: of(true),
        warm: of(false),
        max_memory_mib: records.iter().map(|r| r.max_memory_mib).max().unwrap_or(0),
        billed_ms: records.iter().map(|record| record.billed_ms as f64).sum(),
    }
}

fn period(records: &records::Period, slow_ms: Option<f64>) -> Period {
    let half = |half: &Vec<Invocation>| sample(&half.iter().collect::<Vec<_>>(), slow_ms);
    Period {
        start: records.start,
        halves: records.halves().each_ref().map(half),
        counted: Some(records.blocks(slow_ms)),
    }
}

fn durations(all_ms: impl Iterator<Item = f64>) -> Option<Durations> {
    let sorted = sorted(all_ms);
    let at = |share: f64| at_rank(&sorted, share);
    Some(Durations {
        p50_ms: at(0.5)?,
        p90_ms: at(0.9)?,
        p99_ms: at(0.99)?,
        average_ms: sorted.iter().sum::<f64>() / sorted.len() as f64,
    })
}

fn distribution(records: &[&Invocation]) -> Distribution {
    let sorted = sorted(records.iter().map(|record| record.duration_ms));
    let point = |percent: &f64| Some((percent / 100.0, at_rank(&sorted, percent / 100.0)?));
    PERCENTILES.iter().filter_map(point).collect()
}

fn sorted(all_ms: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<_> = all_ms.collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The least value that so large a share of all is not above (nearest rank).
fn at_rank(sorted: &[f64], share: f64) -> Option<f64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of values"
    )]
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    use super::*;

    fn query() -> Query {
        let start: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
        Query {
            function: "hasher".to_owned(),
            alias: "live".to_owned(),
            versions: ["1", "2"].map(|text| text.parse().expect("a version")),
            start,
            end: start + TimeDelta::hours(1),
            period_s: 60,
            slow_ms: Some(50.0),
        }
    }

    fn record(version: &str, second: i64, duration_ms: f64) -> Invocation {
        Invocation {
            request_id: "r".to_owned(),
            version: version.parse().ok(),
            ended: Some(query().start + TimeDelta::seconds(second)),
            duration_ms,
            billed_ms: duration_ms.ceil() as u64,
            init_ms: None,
            memory_mib: 128,
            max_memory_mib: 31,
            status: Status::Success,
        }
    }

    fn evidence(invocations: Vec<Invocation>) -> Evidence {
        let records = Records {
            invocations,
            unreadable: 0,
        };
        Evidence::from_records(&records, &query())
    }

    #[test]
    fn invocations_of_other_versions_and_times_do_not_count() {
        let records = vec![
            record("1", 30, 10.0),
            record("3", 30, 10.0),
            record("2", -30, 10.0),
            record("2", 90, 60.0),
        ];
        let evidence = evidence(records);
        assert_eq!(evidence.samples.map(|sample| sample.invocations), [1, 1]);
        assert_eq!(evidence.samples[1].time.slow, Some(1));
        let starts: Vec<_> = evidence.periods.iter().map(|period| period.start).collect();
        assert_eq!(
            starts,
            [query().start, query().start + TimeDelta::minutes(1)]
        );
    }

    #[test]
    fn an_invocation_counts_in_the_period_in_which_it_began() {
        let evidence = evidence(vec![record("1", 61, 2_000.0)]);
        assert_eq!(evidence.periods[0].start, query().start);
    }

    #[test]
    fn cold_starts_stand_apart_and_are_billed_with_their_init() {
        let cold = Invocation {
            init_ms: Some(80.0),
            billed_ms: 90,
            max_memory_mib: 40,
            ..record("1", 10, 10.0)
        };
        let timeout = Invocation {
            status: Status::Timeout,
            ..record("1", 20, 30.0)
        };
        let evidence = evidence(vec![cold, timeout]);
        let exact = evidence.exact[0].expect("is known");
        assert_eq!(
            (exact.cold_starts, exact.timeouts, exact.max_memory_mib),
            (1, 1, 40)
        );
        assert_eq!(exact.cold.map(|d| d.p50_ms), Some(90.0));
        assert_eq!(exact.warm.map(|d| d.p50_ms), Some(30.0));
        assert_eq!(exact.billed_ms, 120.0);
        assert_eq!(evidence.samples[0].errors, Some(1));
        assert_eq!(evidence.samples[0].throttles, None);
    }

    #[test]
    fn a_record_without_a_time_counts_in_no_period() {
        let record = Invocation {
            ended: None,
            ..record("1", 0, 5.0)
        };
        let evidence = evidence(vec![record]);
        assert_eq!(evidence.samples[0].invocations, 1);
        assert!(evidence.periods.is_empty());
        let (unreadable, untimed) = (0, 1);
        assert_eq!(
            evidence.source,
            Source::Records {
                unreadable,
                untimed
            }
        );
    }

    proptest! {
        #[test]
        fn periods_add_up_to_the_whole(
            all in prop::collection::vec((0_i64..3_600, 0.1..100.0_f64, prop::bool::ANY), 0..200),
        ) {
            let records: Vec<_> = all
                .into_iter()
                .map(|(second, ms, second_half)| record(if second_half { "2" } else { "1" }, second + 1, ms))
                .collect();
            let evidence = evidence(records);
            for half in 0..2 {
                let sum = |of: fn(&Sample) -> Option<u64>| -> u64 {
                    evidence.periods.iter().filter_map(|period| of(&period.halves[half])).sum()
                };
                let whole = evidence.samples[half];
                prop_assert_eq!(sum(|sample| Some(sample.invocations)), whole.invocations);
                prop_assert_eq!(Some(sum(|sample| sample.time.slow)), whole.time.slow);
            }
        }

        #[test]
        fn a_percentile_is_a_duration_that_enough_are_not_above(
            all in prop::collection::vec(0.1..100.0_f64, 1..100), share in 0.0..=1.0_f64,
        ) {
            let sorted = sorted(all.into_iter());
            let at = at_rank(&sorted, share).expect("a value");
            let within = sorted.iter().filter(|ms| **ms <= at).count();
            prop_assert!(within as f64 >= share * sorted.len() as f64 - 1e-9);
        }
    }
}
