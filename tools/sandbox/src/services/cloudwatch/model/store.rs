//! The samples of the last day, second by second.
//!
//! Recording takes the lock for one push; reading takes it only to share the seconds it needs, which
//! are immutable from then on (a writer that still has a sample for a shared second copies it).
//!
//! Kept are the samples of 24 h, and of no more than [`MAX_DURATIONS`] invocations: the oldest
//! seconds go first. A duration takes 4 bytes in a vector that is at most half empty, so the store
//! stays under 128 MiB plus some hundred bytes for every second in which there was traffic.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::series::{DimensionSet, Metric, SeriesKey};
use crate::execution::record::{InvocationRecord, Outcome, Recorder};

/// How long samples are kept.
const RETENTION_S: i64 = 24 * 60 * 60;

/// How many invocations' durations are kept at most.
const MAX_DURATIONS: usize = 16 << 20;

/// Keeps what the metrics are made of.
#[derive(Debug)]
pub struct MetricStore {
    state: Mutex<State>,
    max_durations: usize,
}

#[derive(Debug, Default)]
struct State {
    ids: HashMap<SeriesKey, usize>,
    series: Arc<Vec<Series>>,
    /// By the second in which the invocations started, since the epoch.
    seconds: BTreeMap<i64, Arc<Second>>,
    durations: usize,
}

/// What happened in one second, by the series' place in [`Snapshot::series`].
type Second = BTreeMap<usize, Tally>;

/// One series and when it last had a sample.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) key: SeriesKey,
    /// The second of the newest invocation that ran.
    pub(crate) ran: Option<i64>,
    /// The second of the newest request, refused ones included.
    pub(crate) asked: i64,
}

/// What happened to one series in one second.
#[derive(Debug, Clone, Default)]
struct Tally {
    invocations: u64,
    errors: u64,
    throttles: u64,
    /// Hundredths of a millisecond, in the order of arrival.
    durations: Vec<u32>,
    /// How often so many invocations of the function ran at once.
    concurrent: BTreeMap<u32, u64>,
}

impl Default for MetricStore {
    fn default() -> Self {
        Self::with_max_durations(MAX_DURATIONS)
    }
}

impl Recorder for MetricStore {
    fn record(&self, record: InvocationRecord) {
        let second = record.started.timestamp();
        let mut state = self.lock();
        let newest = state
            .seconds
            .last_key_value()
            .map_or(second, |(&newest, _)| newest);
        if second <= newest - RETENTION_S {
            return;
        }
        state.add(second, record);
        state.forget(second.max(newest) - RETENTION_S, self.max_durations);
    }
}

impl MetricStore {
    fn with_max_durations(max_durations: usize) -> Self {
        Self {
            state: Mutex::default(),
            max_durations,
        }
    }

    /// Everything that is known about these seconds.
    pub(crate) fn snapshot(&self, seconds: Range<i64>) -> Snapshot {
        let state = self.lock();
        let found = if seconds.is_empty() {
            Vec::new()
        } else {
            let found = state.seconds.range(seconds);
            found
                .map(|(&second, tallies)| (second, Arc::clone(tallies)))
                .collect()
        };
        Snapshot {
            series: Arc::clone(&state.series),
            seconds: found,
        }
    }

    /// A panic elsewhere does not make the samples wrong: each is one push.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, second: i64, record: InvocationRecord) {
        let outcome = record.outcome;
        let (duration, concurrent) = (hundredths_ms(record.duration), record.concurrent);
        let id = self.note(second, record);
        let tallies = Arc::make_mut(self.seconds.entry(second).or_default());
        let tally = tallies.entry(id).or_default();
        if outcome == Outcome::Throttle {
            tally.throttles += 1;
            return;
        }
        tally.invocations += 1;
        tally.errors += u64::from(outcome.is_error());
        tally.durations.push(duration);
        *tally.concurrent.entry(concurrent).or_default() += 1;
        self.durations += 1;
    }

    /// The place of the record's series, which is made when it is new.
    fn note(&mut self, second: i64, record: InvocationRecord) -> usize {
        let ran = (record.outcome != Outcome::Throttle).then_some(second);
        let key = SeriesKey::from_record(record);
        if let Some(&id) = self.ids.get(&key) {
            // Readers hold the list: copy it at most once a second, not for every sample.
            let series = &self.series[id];
            if second > series.asked || ran > series.ran {
                let series = &mut Arc::make_mut(&mut self.series)[id];
                series.asked = series.asked.max(second);
                series.ran = series.ran.max(ran);
            }
            return id;
        }
        let id = self.series.len();
        self.ids.insert(key.clone(), id);
        let asked = second;
        Arc::make_mut(&mut self.series).push(Series { key, ran, asked });
        id
    }

    /// Drops seconds up to `horizon`, and older ones than the newest until few enough durations are left.
    fn forget(&mut self, horizon: i64, max_durations: usize) {
        while let Some(oldest) = self.seconds.first_entry()
            && (*oldest.key() <= horizon || self.durations > max_durations)
        {
            let dropped: usize = oldest
                .remove()
                .values()
                .map(|tally| tally.durations.len())
                .sum();
            self.durations -= dropped;
        }
    }
}

/// A view of some seconds that later records do not change.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) series: Arc<Vec<Series>>,
    seconds: Vec<(i64, Arc<Second>)>,
}

impl Snapshot {
    /// The samples of one metric, grouped into periods by their start; only periods with samples.
    /// A sample is a value in the metric's units ([`Metric::scale`]) and how often it occurred.
    pub(crate) fn by_period(
        &self,
        metric: Metric,
        dimensions: &DimensionSet,
        seconds: &Range<i64>,
        period_s: i64,
    ) -> BTreeMap<i64, Vec<(u32, u64)>> {
        let included = |key| dimensions.has(metric) && dimensions.includes(key);
        let included: Vec<bool> = self
            .series
            .iter()
            .map(|series| included(&series.key))
            .collect();
        let mut periods = BTreeMap::<_, Vec<_>>::new();
        for (second, tallies) in &self.seconds {
            if !seconds.contains(second) {
                continue;
            }
            let tallies = tallies.iter().filter(|&(&id, _)| included[id]);
            let samples: Vec<_> = tallies
                .flat_map(|(_, tally)| tally.samples(metric))
                .collect();
            if !samples.is_empty() {
                let period = second - second.rem_euclid(period_s);
                periods.entry(period).or_default().extend(samples);
            }
        }
        periods
    }
}

impl Tally {
    /// The samples as Lambda sends them: every invocation has an `Errors` and a `Throttles` of 0 or 1.
    fn samples(&self, metric: Metric) -> Vec<(u32, u64)> {
        let mut samples = match metric {
            Metric::Invocations => vec![(1, self.invocations)],
            Metric::Errors => vec![(0, self.invocations - self.errors), (1, self.errors)],
            Metric::Throttles => vec![(0, self.invocations), (1, self.throttles)],
            Metric::Duration => self.durations.iter().map(|&value| (value, 1)).collect(),
            Metric::ConcurrentExecutions => {
                let concurrent = self.concurrent.iter();
                concurrent.map(|(&value, &count)| (value, count)).collect()
            }
        };
        samples.retain(|&(_, count)| count > 0);
        samples
    }
}

/// A duration as it is kept: an invocation ends long before these overflow (15 min are 90 million).
fn hundredths_ms(duration: Duration) -> u32 {
    u32::try_from((duration.as_micros() + 5) / 10).unwrap_or(u32::MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use package::Architecture;
    use proptest::prelude::*;

    use super::*;

    /// A time that is a multiple of every period in use.
    pub(crate) const START: i64 = 1_800_000_000;

    /// An invocation of `f:live`, executed by version 1, so many milliseconds after [`START`].
    pub(crate) fn invocation(after_ms: i64, outcome: Outcome) -> InvocationRecord {
        let start = DateTime::<Utc>::from_timestamp(START, 0).unwrap();
        InvocationRecord {
            function: "f".into(),
            qualifier: Some("live".into()),
            through_alias: true,
            executed_version: "1".into(),
            architecture: Architecture::X86_64,
            started: start + TimeDelta::milliseconds(after_ms),
            duration: Duration::from_micros(1_250),
            billed: Duration::from_millis(2),
            init: None,
            outcome,
            max_memory_mib: 10,
            concurrent: 3,
        }
    }

    fn sum(store: &MetricStore, metric: Metric, seconds: Range<i64>) -> u64 {
        let snapshot = store.snapshot(seconds.clone());
        let periods = snapshot.by_period(metric, &DimensionSet::All, &seconds, 1);
        periods
            .values()
            .flatten()
            .map(|&(value, count)| u64::from(value) * count)
            .sum()
    }

    const ALL: Range<i64> = 0..i64::MAX;

    #[test]
    fn a_throttle_is_neither_an_invocation_nor_an_error() {
        let store = MetricStore::default();
        store.record(invocation(0, Outcome::Throttle));
        assert_eq!(sum(&store, Metric::Throttles, ALL), 1);
        let snapshot = store.snapshot(ALL);
        for metric in [Metric::Invocations, Metric::Errors, Metric::Duration] {
            let periods = snapshot.by_period(metric, &DimensionSet::All, &ALL, 60);
            assert!(periods.is_empty(), "{metric:?}: {periods:?}");
        }
    }

    #[test]
    fn a_successful_invocation_has_zero_errors_rather_than_none() {
        let store = MetricStore::default();
        store.record(invocation(0, Outcome::Success));
        let snapshot = store.snapshot(ALL);
        let errors = snapshot.by_period(Metric::Errors, &DimensionSet::All, &ALL, 60);
        assert_eq!(errors, BTreeMap::from([(START, vec![(0, 1)])]));
    }

    #[test]
    fn every_bad_end_is_an_error() {
        let store = MetricStore::default();
        for outcome in [
            Outcome::Success,
            Outcome::Error,
            Outcome::Timeout,
            Outcome::Crash,
        ] {
            store.record(invocation(0, outcome));
        }
        assert_eq!(sum(&store, Metric::Errors, ALL), 3);
        assert_eq!(sum(&store, Metric::Invocations, ALL), 4);
    }

    #[test]
    fn a_snapshot_does_not_change_with_later_records() {
        let store = MetricStore::default();
        store.record(invocation(0, Outcome::Success));
        let snapshot = store.snapshot(ALL);
        store.record(invocation(1, Outcome::Success));
        let count = |snapshot: &Snapshot| {
            snapshot.by_period(Metric::Invocations, &DimensionSet::All, &ALL, 60)[&START].clone()
        };
        assert_eq!(count(&snapshot), [(1, 1)]);
        assert_eq!(count(&store.snapshot(ALL)), [(1, 2)]);
    }

    #[test]
    fn samples_older_than_a_day_are_dropped() {
        let store = MetricStore::default();
        store.record(invocation(0, Outcome::Success));
        store.record(invocation((RETENTION_S - 1) * 1000, Outcome::Success));
        assert_eq!(sum(&store, Metric::Invocations, ALL), 2);
        store.record(invocation(RETENTION_S * 1000, Outcome::Success));
        assert_eq!(sum(&store, Metric::Invocations, START..START + 1), 0);
        store.record(invocation(0, Outcome::Success));
        assert_eq!(sum(&store, Metric::Invocations, ALL), 2);
    }

    #[test]
    fn the_oldest_seconds_go_when_there_are_too_many_samples() {
        let store = MetricStore::with_max_durations(10);
        for second in 0..20 {
            store.record(invocation(second * 1000, Outcome::Success));
        }
        assert_eq!(sum(&store, Metric::Invocations, ALL), 10);
        assert_eq!(sum(&store, Metric::Invocations, START + 10..START + 20), 10);
    }

    proptest! {
        #[test]
        fn sums_over_any_partition_into_periods_agree(
            invocations in prop::collection::vec((0_i64..600_000, 0_u64..900_000_000, 0..5_u8), 0..200),
            period_s in prop::sample::select(vec![1_i64, 5, 10, 20, 30, 60, 120, 300, 600]),
        ) {
            let store = MetricStore::default();
            for &(after_ms, duration_us, outcome) in &invocations {
                let outcome = [
                    Outcome::Success, Outcome::Error, Outcome::Timeout, Outcome::Crash, Outcome::Throttle,
                ][usize::from(outcome)];
                let duration = Duration::from_micros(duration_us);
                store.record(InvocationRecord { duration, ..invocation(after_ms, outcome) });
            }
            let seconds = START..START + 600;
            let snapshot = store.snapshot(seconds.clone());
            for metric in Metric::ALL {
                let total = |period_s| {
                    let dimensions = DimensionSet::Function("f".into());
                    let periods = snapshot.by_period(metric, &dimensions, &seconds, period_s);
                    prop_assert!(periods.keys().all(|start| start % period_s == 0));
                    Ok(periods.values().flatten().fold((0, 0), |(sum, samples), &(value, count)| {
                        (sum + u64::from(value) * count, samples + count)
                    }))
                };
                prop_assert_eq!(total(period_s)?, total(600)?);
            }
        }
    }
}
