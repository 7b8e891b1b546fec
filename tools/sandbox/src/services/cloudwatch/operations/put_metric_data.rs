//! `PutMetricData`: samples of any metric.
//!
//! What is refused, and in which words, is from recorded answers of AWS and from public reports of its errors, where
//! there are any; of a timestamp too far ahead, `StorageResolution`, `StatisticValues.Maximum` and the namespace `AWS/` the
//! words are ours. What has several faults is refused with all of them, as AWS does it.

use ciborium::value::Value;

use crate::services::cloudwatch::{
    error::CloudWatchError,
    model::{
        distribution::Distribution,
        emf::{MAX_AGE_S, MAX_AHEAD_S, is_in_range},
        metric::{MetricId, Unit},
        store::{MetricStore, Sample},
    },
    wire::{
        input::{Dimension, MetricDatum, Number, PutMetricDataInput},
        value::{Empty, to_value},
    },
};

/// Metrics in one request.
const MAX_METRICS: usize = 1000;
/// Values of one metric.
const MAX_VALUES: usize = 150;
/// Dimensions of one metric.
const MAX_DIMENSIONS: usize = 30;
/// Characters of a namespace, and of names of metrics and dimensions.
const MAX_NAME: usize = 255;
/// Characters of a dimension's value.
const MAX_DIMENSION_VALUE: usize = 1024;

/// One checked metric of a request.
struct Checked {
    id: MetricId,
    unit: Unit,
    time_s: i64,
    high_resolution: bool,
    values: Distribution,
}

/// Takes the samples, all of them or none.
pub(super) fn run(
    store: &MetricStore,
    input: &PutMetricDataInput,
    now_s: i64,
) -> Result<Value, CloudWatchError> {
    let mut faults = Vec::new();
    let namespace = input.namespace.as_deref().unwrap_or_default();
    check_namespace(namespace, &mut faults);
    let of_entities = input.entity_metric_data.iter();
    let of_entities = of_entities.flat_map(|entity| &entity.metric_data);
    let metrics: Vec<_> = input.metric_data.iter().chain(of_entities).collect();
    if metrics.is_empty() {
        faults.push(CloudWatchError::Missing("MetricData".to_owned()));
    }
    check_size("MetricData", metrics.len(), MAX_METRICS, &mut faults);
    let checked: Vec<_> = metrics
        .iter()
        .zip(1..)
        .filter_map(|(metric, number)| {
            let mut check = Check {
                member: format!("MetricData.member.{number}"),
                faults: &mut faults,
            };
            check.metric(metric, namespace, now_s)
        })
        .collect();
    if let Some(error) = merge(faults) {
        return Err(error);
    }
    let samples = checked.into_iter().filter_map(|metric| {
        let [place] = store.places([metric.id])?;
        Some(Sample {
            metric: place,
            unit: metric.unit,
            time_s: metric.time_s,
            high_resolution: metric.high_resolution,
            values: metric.values,
        })
    });
    let samples: Vec<_> = samples.collect();
    store.put(samples, now_s);
    Ok(to_value(&Empty {}))
}

/// The first fault, with the words of all that have the same code.
fn merge(faults: Vec<CloudWatchError>) -> Option<CloudWatchError> {
    let first = faults.first()?.clone();
    let alike = faults.iter().filter(|fault| fault.code() == first.code());
    let words: Vec<_> = alike.map(ToString::to_string).collect();
    Some(match first {
        CloudWatchError::InvalidValue(_) => CloudWatchError::InvalidValue(words.join("\n")),
        CloudWatchError::InvalidCombination(_) => {
            CloudWatchError::InvalidCombination(words.join("\n"))
        }
        other => other,
    })
}

fn check_namespace(namespace: &str, faults: &mut Vec<CloudWatchError>) {
    if namespace.is_empty() {
        faults.push(CloudWatchError::Missing("Namespace".to_owned()));
    } else if namespace.starts_with("AWS/") || namespace.chars().count() > MAX_NAME {
        let words = format!("The value {namespace} for parameter Namespace is invalid.");
        faults.push(CloudWatchError::InvalidValue(words));
    }
}

fn check_size(name: &str, size: usize, limit: usize, faults: &mut Vec<CloudWatchError>) {
    if size > limit {
        let words = format!("The collection {name} must not have a size greater than {limit}.");
        faults.push(CloudWatchError::InvalidValue(words));
    }
}

/// Collects what is wrong with one metric of a request.
struct Check<'a> {
    member: String,
    faults: &'a mut Vec<CloudWatchError>,
}

impl Check<'_> {
    /// `None` when anything is wrong.
    fn metric(&mut self, metric: &MetricDatum, namespace: &str, now_s: i64) -> Option<Checked> {
        let name = self.name("MetricName", metric.metric_name.as_deref());
        let dimensions = self.dimensions(&metric.dimensions);
        let time_s = match metric.timestamp {
            None => Some(now_s),
            Some(time) => self.time(time.0.floor() as i64, now_s),
        };
        let unit = self.unit(metric.unit.as_deref());
        let resolution = metric
            .storage_resolution
            .map_or(60, |resolution| resolution.0);
        if !matches!(resolution, 1 | 60) {
            self.invalid("StorageResolution", "must be a value in the set [ 1, 60 ].");
        }
        let values = self.values(metric)?;
        Some(Checked {
            id: MetricId {
                namespace: namespace.to_owned(),
                name: name?,
                dimensions: dimensions?,
            },
            unit: unit?,
            time_s: time_s?,
            high_resolution: resolution == 1,
            values,
        })
    }

    fn invalid(&mut self, parameter: &str, words: &str) {
        let words = format!("The parameter {}.{parameter} {words}", self.member);
        self.faults.push(CloudWatchError::InvalidValue(words));
    }

    fn bad_value(&mut self, parameter: &str, value: impl std::fmt::Display) {
        let words = format!(
            "The value {value} for parameter {}.{parameter} is invalid.",
            self.member
        );
        self.faults.push(CloudWatchError::InvalidValue(words));
    }

    fn missing(&mut self, parameter: &str) {
        let name = format!("{}.{parameter}", self.member);
        self.faults.push(CloudWatchError::Missing(name));
    }

    fn name(&mut self, parameter: &str, name: Option<&str>) -> Option<String> {
        match name {
            None | Some("") => {
                self.missing(parameter);
                None
            }
            Some(name) if name.chars().count() > MAX_NAME => {
                self.bad_value(parameter, name);
                None
            }
            Some(name) => Some(name.to_owned()),
        }
    }

    fn dimensions(&mut self, dimensions: &[Dimension]) -> Option<Vec<(String, String)>> {
        let name = format!("{}.Dimensions", self.member);
        check_size(&name, dimensions.len(), MAX_DIMENSIONS, self.faults);
        let mut checked = Vec::new();
        for (dimension, number) in dimensions.iter().zip(1..) {
            let part = |part: &str| format!("Dimensions.member.{number}.{part}");
            let name = self.name(&part("Name"), Some(&dimension.name));
            match dimension.value.as_deref().unwrap_or_default() {
                "" => self.missing(&part("Value")),
                value if value.chars().count() > MAX_DIMENSION_VALUE => {
                    self.bad_value(&part("Value"), value);
                }
                value => checked.extend(name.map(|name| (name, value.to_owned()))),
            }
        }
        (checked.len() == dimensions.len()).then_some(checked)
    }

    fn time(&mut self, time_s: i64, now_s: i64) -> Option<i64> {
        if time_s < now_s - MAX_AGE_S {
            self.invalid(
                "Timestamp",
                "must specify a time within the past two weeks.",
            );
        } else if time_s > now_s + MAX_AHEAD_S {
            self.invalid(
                "Timestamp",
                "must specify a time no more than two hours in the future.",
            );
        } else {
            return Some(time_s);
        }
        None
    }

    fn unit(&mut self, unit: Option<&str>) -> Option<Unit> {
        let Some(name) = unit else {
            return Some(Unit::NONE);
        };
        let unit = Unit::named(name);
        if unit.is_none() {
            self.invalid(
                "Unit",
                &format!("must be a value in the set [ {} ].", Unit::list()),
            );
        }
        unit
    }

    /// The samples. AWS takes `Values` beside `StatisticValues` (a recorded answer), and does not say which it keeps: here
    /// the values.
    fn values(&mut self, metric: &MetricDatum) -> Option<Distribution> {
        let (value, set) = (metric.value, metric.statistic_values.as_ref());
        let excludes_value = [
            ("Values", !metric.values.is_empty()),
            ("StatisticValues", set.is_some()),
        ];
        if value.is_some()
            && let Some((other, _)) = excludes_value.into_iter().find(|(_, given)| *given)
        {
            let member = &self.member;
            self.faults.push(CloudWatchError::InvalidCombination(format!(
                "The parameters {member}.Value and {member}.{other} are mutually exclusive and you have specified both."
            )));
            return None;
        }
        match (value, set) {
            (Some(value), _) => {
                let value = self.number("Value", value)?;
                Some(Distribution::of(value, 1.0))
            }
            _ if !metric.values.is_empty() => self.counted(&metric.values, &metric.counts),
            (None, Some(set)) => {
                let mut part = |name: &str, number: Option<Number>| {
                    let name = format!("StatisticValues.{name}");
                    match number {
                        Some(number) => self.number(&name, number),
                        None => {
                            self.missing(&name);
                            None
                        }
                    }
                };
                let count = part("SampleCount", set.sample_count);
                let sum = part("Sum", set.sum);
                let minimum = part("Minimum", set.minimum);
                let maximum = part("Maximum", set.maximum);
                let (count, minimum, maximum) = (count?, minimum?, maximum?);
                if count <= 0.0 {
                    self.bad_value("StatisticValues.SampleCount", count);
                    return None;
                }
                if minimum > maximum {
                    let least = format!(
                        "must be greater than {}.StatisticValues.Minimum.",
                        self.member
                    );
                    self.invalid("StatisticValues.Maximum", &least);
                    return None;
                }
                Some(Distribution::of_statistics(count, sum?, minimum, maximum))
            }
            (None, None) => {
                let member = &self.member;
                self.faults.push(CloudWatchError::InvalidCombination(format!(
                    "At least one of the parameters {member}.Value and {member}.StatisticValues must be specified."
                )));
                None
            }
        }
    }

    /// Values with how often each occurred: once, unless counts are given.
    fn counted(&mut self, values: &[Number], counts: &[Number]) -> Option<Distribution> {
        let name = format!("{}.Values", self.member);
        check_size(&name, values.len(), MAX_VALUES, self.faults);
        if !counts.is_empty() && counts.len() != values.len() {
            let member = &self.member;
            self.faults.push(CloudWatchError::InvalidValue(format!(
                "The parameters {member}.Values and {member}.Counts must be of the same size."
            )));
            return None;
        }
        let counts = counts.iter().copied().chain(std::iter::repeat(Number(1.0)));
        let mut all: Option<Distribution> = None;
        for ((value, count), number) in values.iter().zip(counts).zip(1..) {
            let value = self.number(&format!("Values.member.{number}"), *value)?;
            let name = format!("Counts.member.{number}");
            let count = self.number(&name, count)?;
            if count < 0.0 {
                self.bad_value(&name, count);
                return None;
            }
            if count == 0.0 {
                continue;
            }
            let one = Distribution::of(value, count);
            match &mut all {
                Some(all) => all.add(&one),
                None => all = Some(one),
            }
        }
        all
    }

    fn number(&mut self, parameter: &str, number: Number) -> Option<f64> {
        if is_in_range(number.0) {
            return Some(number.0);
        }
        self.bad_value(parameter, number.0);
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::services::cloudwatch::model::store::{Periods, Timing};

    const NOW: i64 = 1_800_000_000;

    fn put(store: &MetricStore, metrics: Json) -> Result<Value, CloudWatchError> {
        put_to(store, "shop", metrics)
    }

    fn put_to(
        store: &MetricStore,
        namespace: &str,
        metrics: Json,
    ) -> Result<Value, CloudWatchError> {
        let input = json!({"Namespace": namespace, "MetricData": metrics});
        run(store, &serde_json::from_value(input).unwrap(), NOW)
    }

    fn store() -> MetricStore {
        MetricStore::new(Timing::AtOnce)
    }

    /// The samples of the metric `m` in one unit.
    fn periods(store: &MetricStore, unit: Unit) -> Periods {
        let id = MetricId {
            namespace: "shop".to_owned(),
            name: "m".to_owned(),
            dimensions: Vec::new(),
        };
        let mut units = store.read(NOW).periods(&id, &(0..i64::MAX), 1);
        units.remove(&unit).unwrap_or_default()
    }

    #[test]
    fn values_counts_and_statistics_are_samples() {
        let store = store();
        let metrics = json!([
            {"MetricName": "m", "Value": 5},
            {"MetricName": "m", "Values": [1, 10], "Counts": [2, 0.5]},
            {"MetricName": "m", "Values": [3, 4]},
            {"MetricName": "m", "StatisticValues": {"SampleCount": 3, "Sum": 30, "Minimum": 9, "Maximum": 12}},
        ]);
        put(&store, metrics).unwrap();
        let samples = &periods(&store, Unit::NONE)[&NOW];
        assert_eq!((samples.count(), samples.sum()), (8.5, 49.0));
        assert_eq!((samples.minimum(), samples.maximum()), (1.0, 12.0));
    }

    #[test]
    fn samples_have_the_time_and_the_unit_that_they_came_with() {
        let store = store();
        put(
            &store,
            json!([{"MetricName": "m", "Value": 1, "Unit": "Seconds", "Timestamp": NOW - 90}]),
        )
        .unwrap();
        assert_eq!(periods(&store, Unit::NONE), Periods::new());
        let seconds = periods(&store, Unit::named("Seconds").unwrap());
        assert_eq!(seconds.keys().collect::<Vec<_>>(), [&(NOW - 90)]);
    }

    #[test]
    fn what_aws_takes_is_taken() {
        let both = json!([{
            "MetricName": "m", "Values": [1.0, 10.0],
            "StatisticValues": {"SampleCount": 10, "Sum": 55, "Minimum": 1, "Maximum": 10},
        }]);
        put(&store(), both).unwrap();
        let entity = json!({"Namespace": "shop", "EntityMetricData": [{"MetricData": [{"MetricName": "m", "Value": 1}]}]});
        let store = store();
        run(&store, &serde_json::from_value(entity).unwrap(), NOW).unwrap();
        assert_eq!(periods(&store, Unit::NONE).len(), 1);
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        let of = |fields: Json| {
            let mut metric = json!({"MetricName": "m"});
            metric
                .as_object_mut()
                .unwrap()
                .extend(fields.as_object().unwrap().clone());
            json!([metric])
        };
        let set = |least: i64, greatest: i64| json!({"StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": least, "Maximum": greatest}});
        for (metrics, code, words) in [
            (
                of(json!({"Value": 1, "Values": [1]})),
                "InvalidParameterCombination",
                "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both.",
            ),
            (
                of(json!({"Value": 1, "StatisticValues": {}})),
                "InvalidParameterCombination",
                "The parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues are mutually exclusive and you have specified both.",
            ),
            (
                of(json!({})),
                "InvalidParameterCombination",
                "At least one of the parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues must be specified.",
            ),
            (
                of(json!({"Values": [1, 2], "Counts": [1, 2, 3]})),
                "InvalidParameterValue",
                "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.",
            ),
            (
                of(json!({"Values": vec![1; 151]})),
                "InvalidParameterValue",
                "The collection MetricData.member.1.Values must not have a size greater than 150.",
            ),
            (
                of(json!({"Value": "NaN"})),
                "InvalidParameterValue",
                "The value NaN for parameter MetricData.member.1.Value is invalid.",
            ),
            (
                of(json!({"Value": 1, "Timestamp": NOW - MAX_AGE_S - 1})),
                "InvalidParameterValue",
                "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks.",
            ),
            (
                of(json!({"Value": 1, "Timestamp": NOW + MAX_AHEAD_S + 1})),
                "InvalidParameterValue",
                "The parameter MetricData.member.1.Timestamp must specify a time no more than two hours in the future.",
            ),
            (
                of(json!({"Value": 1, "StorageResolution": 5})),
                "InvalidParameterValue",
                "The parameter MetricData.member.1.StorageResolution must be a value in the set [ 1, 60 ].",
            ),
            (
                of(set(3, 2)),
                "InvalidParameterValue",
                "The parameter MetricData.member.1.StatisticValues.Maximum must be greater than MetricData.member.1.StatisticValues.Minimum.",
            ),
            (
                json!([{"Value": 1}]),
                "MissingParameter",
                "The parameter MetricData.member.1.MetricName is required.",
            ),
            (
                of(json!({"Value": 1, "Dimensions": [{"Name": "a", "Value": ""}]})),
                "MissingParameter",
                "The parameter MetricData.member.1.Dimensions.member.1.Value is required.",
            ),
            (
                json!([]),
                "MissingParameter",
                "The parameter MetricData is required.",
            ),
        ] {
            let error = put(&store(), metrics).unwrap_err();
            assert_eq!((error.code(), error.to_string().as_str()), (code, words));
        }
        let unit = put(&store(), of(json!({"Value": 1, "Unit": "Apples"})))
            .unwrap_err()
            .to_string();
        assert!(unit.starts_with("The parameter MetricData.member.1.Unit must be a value in the set [ Seconds, Microseconds, "), "{unit}");
        let many = json!(vec![json!({"MetricName": "m", "Value": 1}); 1001]);
        assert!(
            put(&store(), many)
                .unwrap_err()
                .to_string()
                .contains("1000")
        );
        let dimensions =
            json!({"Value": 1, "Dimensions": vec![json!({"Name": "a", "Value": "b"}); 31]});
        assert!(
            put(&store(), of(dimensions))
                .unwrap_err()
                .to_string()
                .contains("30")
        );
        let error = put_to(&store(), "AWS/Lambda", of(json!({"Value": 1}))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "The value AWS/Lambda for parameter Namespace is invalid."
        );
    }

    #[test]
    fn all_faults_are_told_at_once_and_nothing_is_kept_then() {
        let store = store();
        let late = |name: &str| json!({"MetricName": name, "Value": 1, "Timestamp": 0});
        let metrics = json!([late("m"), {"MetricName": "m", "Value": 1}, late("n")]);
        let error = put(&store, metrics).unwrap_err().to_string();
        let lines: Vec<_> = error.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[1].contains("member.3"), "{error}");
        assert_eq!(periods(&store, Unit::NONE), Periods::new());
    }
}
