//! The samples of all metrics, by time.
//!
//! Of every metric the samples of one second are kept together, as a [`Distribution`]: what is kept grows with time and
//! with the number of metrics, not with the number of samples. As on AWS, seconds are kept for three hours and minutes for
//! fifteen days.
//!
//! With `--realistic` the samples of most metrics are kept by the minute from the start, and what services send can be
//! read when the minute is over in which it was sent, and then a delay. A namespace may have a further delay: a fault.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    distribution::Distribution,
    metric::{MetricId, Unit},
};

/// How long samples are kept by the second ("Metrics retention" in "Metrics concepts" of the user guide).
pub(crate) const SECONDS_KEPT_S: i64 = 3 * 60 * 60;
/// How long samples are kept by the minute. AWS keeps longer periods for longer.
const MINUTES_KEPT_S: i64 = 15 * 24 * 60 * 60;
const MINUTE_S: i64 = 60;

/// How many metrics there may be: a metric with an id as a dimension must not take all memory.
const MAX_METRICS: usize = 50_000;

/// When samples can be read, and how finely they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timing {
    /// At once, by the second.
    AtOnce,
    /// As late as on AWS.
    Realistic {
        /// How long Lambda's minute is, in seconds.
        minute_s: i64,
        /// How long it takes after the minute until its samples can be read.
        delay_s: i64,
    },
}

/// Keeps the samples.
#[derive(Debug)]
pub struct MetricStore {
    timing: Timing,
    state: Mutex<State>,
}

/// The place of a metric in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place(usize);

/// Samples of one metric at one time.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) metric: Place,
    pub(crate) unit: Unit,
    /// Seconds since 1970.
    pub(crate) time_s: i64,
    /// Whether they are kept by the second: `StorageResolution` 1.
    pub(crate) high_resolution: bool,
    pub(crate) values: Distribution,
}

#[derive(Debug, Default)]
struct State {
    places: HashMap<MetricId, Place>,
    metrics: Vec<Metric>,
    /// What cannot be read yet, by the second from which on it can be.
    pending: BTreeMap<i64, HashMap<(Place, Unit, i64), Distribution>>,
    /// How much later what comes can be read, in seconds by namespace; `None` is all of them.
    delays: BTreeMap<Option<String>, i64>,
    /// The last minute in which old samples were dropped.
    swept_minute: i64,
}

/// One metric with its samples.
#[derive(Debug)]
struct Metric {
    id: MetricId,
    /// The time of its newest sample.
    newest_s: i64,
    units: BTreeMap<Unit, Samples>,
    /// Metrics whose samples are this one's too, so that they are kept once.
    parts: BTreeSet<Place>,
}

#[derive(Debug, Default)]
struct Samples {
    seconds: BTreeMap<i64, Distribution>,
    minutes: BTreeMap<i64, Distribution>,
}

impl MetricStore {
    /// Without samples.
    pub(crate) fn new(timing: Timing) -> Self {
        Self {
            timing,
            state: Mutex::default(),
        }
    }

    /// The places of metrics, which are made when they are new. `None` when there are too many.
    pub(crate) fn places<const N: usize>(&self, ids: [MetricId; N]) -> Option<[Place; N]> {
        let mut state = self.lock();
        let places = ids.map(|id| state.place(id));
        let mut all = [Place(0); N];
        for (slot, place) in all.iter_mut().zip(places) {
            *slot = place?;
        }
        Some(all)
    }

    /// Makes the samples of a metric those of another one too.
    pub(crate) fn add_part(&self, whole: Place, part: Place) {
        self.lock().metrics[whole.0].parts.insert(part);
    }

    /// Takes samples that can be read at once.
    pub(crate) fn put(&self, samples: impl IntoIterator<Item = Sample>, now_s: i64) {
        self.take(samples, now_s, now_s);
    }

    /// Takes samples that Lambda or another service sends now; with [`Timing::Realistic`] they can be read later.
    pub(crate) fn send(&self, samples: impl IntoIterator<Item = Sample>, now_s: i64) {
        let readable_s = match self.timing {
            Timing::AtOnce => now_s,
            Timing::Realistic { minute_s, delay_s } => floor(now_s, minute_s) + minute_s + delay_s,
        };
        self.take(samples, readable_s, now_s);
    }

    /// Takes samples that can be read from a second on, or later where their namespace is delayed.
    fn take(&self, samples: impl IntoIterator<Item = Sample>, readable_s: i64, now_s: i64) {
        let mut state = self.lock();
        state.settle(now_s);
        for sample in samples {
            let time_s = self.kept_at(&sample);
            let readable_s = readable_s.saturating_add(state.delay_s(sample.metric));
            if readable_s <= now_s {
                state.add(sample.metric, sample.unit, time_s, &sample.values);
                continue;
            }
            let pending = state.pending.entry(readable_s).or_default();
            let key = (sample.metric, sample.unit, time_s);
            match pending.get_mut(&key) {
                Some(known) => known.add(&sample.values),
                None => {
                    pending.insert(key, sample.values);
                }
            }
        }
    }

    /// From now on what comes for a namespace, or for all of them, can be read this much later.
    pub(crate) fn delay(&self, namespace: Option<String>, delay_s: i64) {
        let delays = &mut self.lock().delays;
        match delay_s {
            0 => delays.remove(&namespace),
            _ => delays.insert(namespace, delay_s),
        };
    }

    /// Nothing that comes from now on is delayed.
    pub(crate) fn delay_nothing(&self) {
        self.lock().delays.clear();
    }

    /// How much later what comes can be read, in seconds by namespace; `None` is all of them.
    pub(crate) fn delays(&self) -> BTreeMap<Option<String>, i64> {
        self.lock().delays.clone()
    }

    /// What can be read at this time. Nothing is taken while it is read: what one request asks for fits together.
    pub(crate) fn read(&self, now_s: i64) -> View<'_> {
        let mut state = self.lock();
        state.settle(now_s);
        View(state)
    }

    /// How long the minute is that services send in, in seconds; a second where it comes at once.
    pub(crate) fn minute_s(&self) -> i64 {
        match self.timing {
            Timing::AtOnce => 1,
            Timing::Realistic { minute_s, .. } => minute_s,
        }
    }

    /// Until when alarms look at samples: with [`Timing::Realistic`] the end of the last minute whose samples have come.
    pub(crate) fn complete_until(&self, now_s: i64) -> i64 {
        match self.timing {
            Timing::AtOnce => now_s,
            Timing::Realistic { minute_s, delay_s } => floor(now_s - delay_s, minute_s),
        }
    }

    /// The time that samples are kept at.
    fn kept_at(&self, sample: &Sample) -> i64 {
        match self.timing {
            Timing::Realistic { minute_s, .. } if !sample.high_resolution => {
                floor(sample.time_s, minute_s)
            }
            _ => sample.time_s,
        }
    }

    /// A panic elsewhere leaves no sample half added.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn place(&mut self, id: MetricId) -> Option<Place> {
        let key = id.clone().sorted();
        if let Some(&place) = self.places.get(&key) {
            return Some(place);
        }
        if self.metrics.len() == MAX_METRICS {
            tracing::warn!(
                namespace = id.namespace,
                name = id.name,
                "no room for a new metric: there are {MAX_METRICS}, is one of their dimensions an id?"
            );
            return None;
        }
        let place = Place(self.metrics.len());
        self.metrics.push(Metric {
            id,
            newest_s: i64::MIN,
            units: BTreeMap::new(),
            parts: BTreeSet::new(),
        });
        self.places.insert(key, place);
        Some(place)
    }

    fn add(&mut self, place: Place, unit: Unit, time_s: i64, values: &Distribution) {
        let metric = &mut self.metrics[place.0];
        metric.newest_s = metric.newest_s.max(time_s);
        add(
            &mut metric.units.entry(unit).or_default().seconds,
            time_s,
            values,
        );
    }

    fn delay_s(&self, place: Place) -> i64 {
        let namespace = &self.metrics[place.0].id.namespace;
        let delays = self.delays.iter();
        let own = delays.filter(|(of, _)| of.as_ref().is_none_or(|of| of == namespace));
        own.map(|(_, delay_s)| *delay_s).max().unwrap_or_default()
    }

    /// Makes readable what has become so.
    fn settle(&mut self, now_s: i64) {
        while let Some(first) = self.pending.first_entry()
            && *first.key() <= now_s
        {
            for ((place, unit, time_s), values) in first.remove() {
                self.add(place, unit, time_s, &values);
            }
        }
        self.sweep(now_s);
    }

    /// Once a minute: puts old seconds into minutes, and drops old minutes.
    fn sweep(&mut self, now_s: i64) {
        let minute = now_s.div_euclid(MINUTE_S);
        if minute == self.swept_minute {
            return;
        }
        self.swept_minute = minute;
        let whole = floor(now_s - SECONDS_KEPT_S, MINUTE_S);
        for samples in self
            .metrics
            .iter_mut()
            .flat_map(|metric| metric.units.values_mut())
        {
            let young = samples.seconds.split_off(&whole);
            for (second, values) in std::mem::replace(&mut samples.seconds, young) {
                add(&mut samples.minutes, floor(second, MINUTE_S), &values);
            }
            samples.minutes = samples.minutes.split_off(&(now_s - MINUTES_KEPT_S));
        }
    }
}

fn add(by_time: &mut BTreeMap<i64, Distribution>, time_s: i64, values: &Distribution) {
    match by_time.get_mut(&time_s) {
        Some(known) => known.add(values),
        None => {
            by_time.insert(time_s, values.clone());
        }
    }
}

fn floor(time_s: i64, step_s: i64) -> i64 {
    time_s - time_s.rem_euclid(step_s)
}

/// What can be read, as long as this is held.
pub(crate) struct View<'a>(MutexGuard<'a, State>);

/// The samples of a metric in one of its units, by the start of their periods; only periods with samples.
pub(crate) type Periods = BTreeMap<i64, Distribution>;

impl View<'_> {
    /// The samples of a metric in these seconds, in every unit that it has there, by the units' names.
    pub(crate) fn periods(
        &self,
        id: &MetricId,
        seconds: &Range<i64>,
        period_s: i64,
    ) -> BTreeMap<Unit, Periods> {
        let mut found = BTreeMap::<_, Periods>::new();
        let metric = self.0.places.get(id).map(|place| self.metric(*place));
        let samples = metric.into_iter().flat_map(|metric| self.samples(metric));
        for (&unit, samples) in samples.filter(|_| !seconds.is_empty()) {
            let minutes = samples.minutes.range(seconds.clone());
            for (&time_s, values) in minutes.chain(samples.seconds.range(seconds.clone())) {
                let periods = found.entry(unit).or_default();
                add(periods, floor(time_s, period_s), values);
            }
        }
        found
    }

    /// The metrics that have had a sample since then.
    pub(crate) fn metrics_since(&self, since_s: i64) -> impl Iterator<Item = &MetricId> {
        let metrics = self.0.metrics.iter();
        metrics
            .filter(move |metric| {
                let mut both = self.with_parts(metric);
                both.any(|metric| metric.newest_s >= since_s)
                    && self.samples(metric).any(|(_, samples)| !samples.is_empty())
            })
            .map(|metric| &metric.id)
    }

    fn metric(&self, place: Place) -> &Metric {
        &self.0.metrics[place.0]
    }

    fn with_parts<'a>(&'a self, metric: &'a Metric) -> impl Iterator<Item = &'a Metric> {
        let parts = metric.parts.iter().map(|part| self.metric(*part));
        std::iter::once(metric).chain(parts)
    }

    fn samples<'a>(&'a self, metric: &'a Metric) -> impl Iterator<Item = (&'a Unit, &'a Samples)> {
        self.with_parts(metric).flat_map(|metric| &metric.units)
    }
}

impl Samples {
    fn is_empty(&self) -> bool {
        self.seconds.is_empty() && self.minutes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A time that is a multiple of every period in use.
    const START: i64 = 1_800_000_000;

    fn metric(name: &str) -> MetricId {
        MetricId {
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            dimensions: Vec::new(),
        }
    }

    fn sample(store: &MetricStore, time_s: i64, value: f64) -> Sample {
        let [metric] = store.places([metric("m")]).unwrap();
        Sample {
            metric,
            unit: Unit::COUNT,
            time_s,
            high_resolution: false,
            values: Distribution::of(value, 1.0),
        }
    }

    /// Start and number of the samples of every period.
    fn counts(store: &MetricStore, now_s: i64, period_s: i64) -> Vec<(i64, f64)> {
        let all = 0..i64::MAX;
        let mut units = store.read(now_s).periods(&metric("m"), &all, period_s);
        let periods = units.remove(&Unit::COUNT).unwrap_or_default();
        let count = |(start, values): (i64, Distribution)| (start, values.count());
        periods.into_iter().map(count).collect()
    }

    const REALISTIC: Timing = Timing::Realistic {
        minute_s: 60,
        delay_s: 45,
    };

    #[test]
    fn what_is_sent_can_be_read_at_once_and_by_the_second() {
        let store = MetricStore::new(Timing::AtOnce);
        for second in [0, 0, 1] {
            store.send([sample(&store, START + second, 1.0)], START + 1);
        }
        let expected = [(START, 2.0), (START + 1, 1.0)];
        assert_eq!(counts(&store, START + 1, 1), expected);
    }

    #[test]
    fn realistic_samples_come_after_their_minute_and_a_delay_and_by_the_minute() {
        let store = MetricStore::new(REALISTIC);
        store.send([sample(&store, START + 3, 1.0)], START + 4);
        store.send([sample(&store, START + 59, 1.0)], START + 59);
        // Began in the first minute and ended in the second.
        store.send([sample(&store, START + 58, 1.0)], START + 61);
        assert_eq!(counts(&store, START + 104, 1), []);
        assert_eq!(counts(&store, START + 105, 1), [(START, 2.0)]);
        assert_eq!(counts(&store, START + 164, 60), [(START, 2.0)]);
        assert_eq!(counts(&store, START + 165, 60), [(START, 3.0)]);
    }

    #[test]
    fn what_comes_for_a_namespace_that_is_delayed_can_be_read_later() {
        let store = MetricStore::new(Timing::AtOnce);
        store.delay(Some("shop".to_owned()), 30);
        store.delay(Some("other".to_owned()), 90);
        store.send([sample(&store, START, 1.0)], START);
        store.put([sample(&store, START, 1.0)], START);
        assert_eq!(counts(&store, START + 29, 1), []);
        assert_eq!(counts(&store, START + 30, 1), [(START, 2.0)]);
        store.delay_nothing();
        store.send([sample(&store, START + 30, 1.0)], START + 30);
        let both = [(START, 2.0), (START + 30, 1.0)];
        assert_eq!(counts(&store, START + 30, 1), both);
    }

    #[test]
    fn alarms_look_at_minutes_whose_samples_have_come() {
        let store = MetricStore::new(REALISTIC);
        assert_eq!(store.complete_until(START + 104), START);
        assert_eq!(store.complete_until(START + 105), START + 60);
        let at_once = MetricStore::new(Timing::AtOnce);
        assert_eq!(at_once.complete_until(START + 7), START + 7);
    }

    #[test]
    fn high_resolution_is_kept_by_the_second_in_realistic_time_too() {
        let store = MetricStore::new(REALISTIC);
        let fine = Sample {
            high_resolution: true,
            ..sample(&store, START + 3, 1.0)
        };
        store.put([fine], START + 3);
        store.put([sample(&store, START + 3, 1.0)], START + 3);
        assert_eq!(
            counts(&store, START + 3, 1),
            [(START, 1.0), (START + 3, 1.0)]
        );
    }

    #[test]
    fn seconds_become_minutes_after_three_hours_and_go_after_fifteen_days() {
        let store = MetricStore::new(Timing::AtOnce);
        for second in 0..120 {
            store.put([sample(&store, START + second, 1.0)], START + second);
        }
        let minutes = [(START, 60.0), (START + 60, 60.0)];
        let later = START + SECONDS_KEPT_S;
        assert_eq!(counts(&store, later, 1).len(), 120);
        assert_eq!(counts(&store, later + 120, 1), minutes);
        assert_eq!(counts(&store, START + MINUTES_KEPT_S, 60), minutes);
        assert_eq!(
            counts(&store, START + MINUTES_KEPT_S + 60, 60),
            minutes[1..]
        );
    }

    #[test]
    fn a_metric_is_one_whatever_the_order_of_its_dimensions() {
        let store = MetricStore::new(Timing::AtOnce);
        let with = |dimensions: [&str; 2]| MetricId {
            dimensions: dimensions
                .map(|name| (name.to_owned(), "v".to_owned()))
                .into(),
            ..metric("m")
        };
        let [one, other, none] = store
            .places([with(["b", "a"]), with(["a", "b"]), metric("m")])
            .unwrap();
        assert_eq!(one, other);
        assert_ne!(one, none);
    }

    #[test]
    fn there_is_no_room_for_more_metrics_than_the_limit() {
        let store = MetricStore::new(Timing::AtOnce);
        for n in 0..MAX_METRICS {
            assert!(store.places([metric(&n.to_string())]).is_some());
        }
        assert_eq!(store.places([metric("one more")]), None);
        assert!(store.places([metric("7")]).is_some());
    }
}
