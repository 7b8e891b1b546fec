//! What Lambda sends of every invocation, to the namespace `AWS/Lambda`.
//!
//! Samples have the time at which the invocation began, and are sent when it is over
//! (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html>). Sets of dimensions are those of "Types of
//! metrics for Lambda functions": none, `FunctionName`, with `Resource`, and with `ExecutedVersion` for what one version
//! did behind an alias.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    distribution::Distribution,
    emf,
    metric::{MetricId, Unit},
    store::{MetricStore, Place, Sample},
};
use crate::{
    execution::record::{InvocationRecord, Outcome, Recorder},
    services::cloudwatch::clock::Clock,
};

/// The namespace of Lambda's own metrics.
pub(crate) const NAMESPACE: &str = "AWS/Lambda";

/// Sends the metrics of invocations, and those that functions print.
#[derive(Debug)]
pub struct LambdaMetrics {
    store: Arc<MetricStore>,
    clock: Clock,
    /// Whether `Errors` and `Throttles` of 0 are left out.
    sparse: bool,
    /// The metrics of an invocation, so that their names are put together once.
    places: Mutex<HashMap<Caller, Arc<Places>>>,
}

/// What the names of an invocation's metrics depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Caller {
    function: String,
    qualifier: Option<String>,
    through_alias: bool,
    executed_version: String,
}

/// Where the samples of an invocation are kept.
#[derive(Debug)]
struct Places {
    invocations: Place,
    errors: Place,
    throttles: Place,
    duration: Place,
    /// Concurrency is counted per function only.
    concurrent: Place,
}

impl LambdaMetrics {
    pub(crate) fn new(store: Arc<MetricStore>, clock: Clock, sparse: bool) -> Self {
        Self {
            store,
            clock,
            sparse,
            places: Mutex::default(),
        }
    }

    /// Where the samples of an invocation are kept: in the finest set of dimensions, of which the others are the unions.
    /// `None` when there is no room for more metrics.
    fn places(&self, caller: Caller) -> Option<Arc<Places>> {
        // A panic elsewhere leaves no metric half made.
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = places.get(&caller) {
            return Some(Arc::clone(known));
        }
        let mut sets = caller.dimensions().into_iter().rev();
        let finest = self.places_of(&sets.next()?)?;
        for set in sets {
            let whole = self.places_of(&set)?;
            for (whole, part) in whole.into_iter().zip(finest) {
                self.store.add_part(whole, part);
            }
        }
        let concurrent = id("ConcurrentExecutions", &[caller.function_name()]);
        let [invocations, errors, throttles, duration] = finest;
        let [concurrent] = self.store.places([concurrent])?;
        let new = Arc::new(Places {
            invocations,
            errors,
            throttles,
            duration,
            concurrent,
        });
        places.insert(caller, Arc::clone(&new));
        Some(new)
    }

    fn places_of(&self, dimensions: &[(&'static str, String)]) -> Option<[Place; 4]> {
        let names = ["Invocations", "Errors", "Throttles", "Duration"];
        self.store.places(names.map(|name| id(name, dimensions)))
    }
}

fn id(name: &str, dimensions: &[(&'static str, String)]) -> MetricId {
    let dimensions = dimensions.iter();
    MetricId {
        namespace: NAMESPACE.to_owned(),
        name: name.to_owned(),
        dimensions: dimensions
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    }
}

impl Caller {
    fn function_name(&self) -> (&'static str, String) {
        ("FunctionName", self.function.clone())
    }

    /// The sets of dimensions, each with one more.
    fn dimensions(&self) -> Vec<Vec<(&'static str, String)>> {
        let function = self.function_name();
        let resource = match &self.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", self.function),
            None => self.function.clone(),
        };
        let of_resource = vec![function.clone(), ("Resource", resource)];
        let mut sets = vec![vec![], vec![function], of_resource.clone()];
        if self.through_alias {
            let version = ("ExecutedVersion", self.executed_version.clone());
            sets.push([of_resource, vec![version]].concat());
        }
        sets
    }
}

impl Recorder for LambdaMetrics {
    fn record(&self, record: InvocationRecord) {
        let time_s = record.started.timestamp();
        let ran = record.outcome != Outcome::Throttle;
        let value = |happened: bool| f64::from(u8::from(happened));
        let (failed, throttled) = (record.outcome.is_error(), !ran);
        let duration_ms = hundredths(record.duration);
        let concurrent = f64::from(record.concurrent);
        let places = self.places(Caller {
            function: record.function,
            qualifier: record.qualifier,
            through_alias: record.through_alias,
            executed_version: record.executed_version,
        });
        let Some(places) = places else {
            return;
        };
        let sample = |metric, unit, value| Sample {
            metric,
            unit,
            time_s,
            high_resolution: false,
            values: Distribution::of(value, 1.0),
        };
        let count = |metric, value| sample(metric, Unit::COUNT, value);
        // Every invocation has `Errors` and `Throttles` of 0 or 1; a request that was refused has throttles alone.
        let samples = [
            ran.then(|| count(places.invocations, 1.0)),
            (ran && (failed || !self.sparse)).then(|| count(places.errors, value(failed))),
            (throttled || !self.sparse).then(|| count(places.throttles, value(throttled))),
            ran.then(|| sample(places.duration, Unit::MILLISECONDS, duration_ms)),
            ran.then(|| count(places.concurrent, concurrent)),
        ];
        let now_s = self.clock.now().timestamp();
        self.store.send(samples.into_iter().flatten(), now_s);
    }

    fn record_lines(&self, lines: &[String]) {
        let now_s = self.clock.now().timestamp();
        for line in lines {
            let printed = emf::metrics(line, now_s);
            let samples = printed.into_iter().filter_map(|printed| {
                let [metric] = self.store.places([printed.id])?;
                Some(Sample {
                    metric,
                    unit: printed.unit,
                    time_s: printed.time_s,
                    high_resolution: printed.high_resolution,
                    values: printed.values,
                })
            });
            let samples: Vec<_> = samples.collect();
            self.store.send(samples, now_s);
        }
    }
}

/// A duration in milliseconds, to two decimals, as the REPORT line has it.
fn hundredths(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 100.0
}

#[cfg(test)]
pub(crate) mod tests {
    use std::ops::Range;

    use chrono::{DateTime, TimeDelta, Utc};
    use package::Architecture;
    use serde_json::json;

    use super::*;
    use crate::services::cloudwatch::model::store::{Periods, Timing};

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

    /// Metrics that can be read at once, with a clock at [`START`].
    pub(crate) fn metrics() -> (Arc<MetricStore>, LambdaMetrics) {
        with(Timing::AtOnce, false)
    }

    pub(crate) fn clock() -> Clock {
        Clock::held_at(DateTime::from_timestamp(START, 0).unwrap())
    }

    fn with(timing: Timing, sparse: bool) -> (Arc<MetricStore>, LambdaMetrics) {
        let store = Arc::new(MetricStore::new(timing));
        let metrics = LambdaMetrics::new(Arc::clone(&store), clock(), sparse);
        (store, metrics)
    }

    const ALL: Range<i64> = 0..i64::MAX;

    fn periods(store: &MetricStore, name: &str, dimensions: &[(&str, &str)]) -> Periods {
        let id = MetricId {
            namespace: NAMESPACE.to_owned(),
            name: name.to_owned(),
            dimensions: dimensions
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        };
        let units = store.read(START).periods(&id.sorted(), &ALL, 60);
        units.into_values().next().unwrap_or_default()
    }

    fn sum(store: &MetricStore, name: &str) -> Option<f64> {
        periods(store, name, &[])
            .values()
            .map(Distribution::sum)
            .reduce(|a, b| a + b)
    }

    #[test]
    fn a_throttle_is_neither_an_invocation_nor_an_error() {
        let (store, metrics) = metrics();
        metrics.record(invocation(0, Outcome::Throttle));
        assert_eq!(sum(&store, "Throttles"), Some(1.0));
        for name in ["Invocations", "Errors", "Duration"] {
            assert_eq!(sum(&store, name), None, "{name}");
        }
    }

    #[test]
    fn every_bad_end_is_an_error_and_a_good_one_a_zero() {
        let (store, metrics) = metrics();
        metrics.record(invocation(0, Outcome::Success));
        assert_eq!(sum(&store, "Errors"), Some(0.0));
        for outcome in [Outcome::Error, Outcome::Timeout, Outcome::Crash] {
            metrics.record(invocation(0, outcome));
        }
        assert_eq!(sum(&store, "Errors"), Some(3.0));
        assert_eq!(sum(&store, "Invocations"), Some(4.0));
    }

    #[test]
    fn sparse_metrics_leave_out_errors_and_throttles_of_zero() {
        let (store, metrics) = with(Timing::AtOnce, true);
        metrics.record(invocation(0, Outcome::Success));
        assert_eq!(
            (sum(&store, "Errors"), sum(&store, "Throttles")),
            (None, None)
        );
        assert_eq!(sum(&store, "Invocations"), Some(1.0));
        metrics.record(invocation(0, Outcome::Error));
        metrics.record(invocation(0, Outcome::Throttle));
        assert_eq!(
            (sum(&store, "Errors"), sum(&store, "Throttles")),
            (Some(1.0), Some(1.0))
        );
    }

    #[test]
    fn samples_have_the_time_at_which_the_invocation_began() {
        let (store, metrics) = metrics();
        // It was sent at the clock's time, which is START.
        metrics.record(invocation(-300_000, Outcome::Success));
        let begun = periods(&store, "Duration", &[]);
        assert_eq!(begun.keys().collect::<Vec<_>>(), [&(START - 300)]);
    }

    #[test]
    fn every_set_of_dimensions_has_its_own_samples() {
        let (store, metrics) = metrics();
        metrics.record(invocation(0, Outcome::Success));
        metrics.record(InvocationRecord {
            qualifier: Some("2".to_owned()),
            through_alias: false,
            executed_version: "2".to_owned(),
            ..invocation(0, Outcome::Success)
        });
        let count = |dimensions: &[(&str, &str)]| {
            let periods = periods(&store, "Invocations", dimensions);
            periods.values().map(Distribution::count).sum::<f64>()
        };
        let function = ("FunctionName", "f");
        let (live, two) = (("Resource", "f:live"), ("Resource", "f:2"));
        assert_eq!(count(&[]), 2.0);
        assert_eq!(count(&[function]), 2.0);
        assert_eq!(count(&[function, live]), 1.0);
        assert_eq!(count(&[function, two]), 1.0);
        assert_eq!(count(&[function, live, ("ExecutedVersion", "1")]), 1.0);
        assert_eq!(count(&[function, two, ("ExecutedVersion", "2")]), 0.0);
        assert_eq!(count(&[live]), 0.0);
        let concurrent = periods(&store, "ConcurrentExecutions", &[function]);
        assert_eq!(concurrent[&START].maximum(), 3.0);
    }

    #[test]
    fn metrics_that_a_function_prints_come_when_lambdas_do() {
        let timing = Timing::Realistic {
            minute_s: 60,
            delay_s: 60,
        };
        let (store, metrics) = with(timing, false);
        let line = json!({
            "_aws": {"Timestamp": START * 1000, "CloudWatchMetrics": [
                {"Namespace": "shop", "Dimensions": [[]], "Metrics": [{"Name": "Orders"}]},
            ]},
            "Orders": 2,
        });
        metrics.record_lines(&[line.to_string()]);
        let id = MetricId {
            namespace: "shop".to_owned(),
            name: "Orders".to_owned(),
            dimensions: Vec::new(),
        };
        let at = |now_s| store.read(now_s).periods(&id, &ALL, 60).len();
        assert_eq!(at(START + 119), 0);
        assert_eq!(at(START + 120), 1);
    }

    /// The target is 512 MiB of memory a day for the whole sandbox at 200 invocations a second.
    #[test]
    fn what_is_kept_does_not_grow_with_the_number_of_samples() {
        let (store, metrics) = metrics();
        for n in 0..10_000_u64 {
            metrics.record(InvocationRecord {
                duration: Duration::from_micros(900 + n % 1_000),
                ..invocation(0, Outcome::Success)
            });
        }
        let durations = periods(&store, "Duration", &[]);
        assert_eq!(durations[&START].count(), 10_000.0);
        // From 0.9 to 1.9 ms in steps of 10%.
        assert_eq!(durations[&START].parts().unwrap().len(), 9);
    }
}
