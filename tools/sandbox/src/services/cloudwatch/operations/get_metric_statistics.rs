//! `GetMetricStatistics`: several statistics of one metric, in each of its units.

use std::collections::BTreeMap;

use ciborium::{tag::Required, value::Value};
use serde::Serialize;

use super::get_metric_data::check_period;
use crate::services::cloudwatch::{
    error::CloudWatchError,
    model::{distribution::Distribution, statistic::Statistic, store::MetricStore},
    wire::{
        input::{GetMetricStatisticsInput, MetricIdentity},
        value::{Time, to_value},
    },
};

/// Data points that may be asked for.
const MAX_DATAPOINTS: i64 = 1440;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetMetricStatisticsOutput {
    label: String,
    datapoints: Vec<Datapoint>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Datapoint {
    timestamp: Time,
    #[serde(flatten)]
    simple: BTreeMap<String, f64>,
    unit: &'static str,
    extended_statistics: Option<BTreeMap<String, f64>>,
}

/// Answers the request.
pub(super) fn run(
    store: &MetricStore,
    input: &GetMetricStatisticsInput,
    now_s: i64,
) -> Result<Value, CloudWatchError> {
    let missing = |name: &str| CloudWatchError::Missing(name.to_owned());
    let name = input
        .metric_name
        .as_ref()
        .ok_or_else(|| missing("MetricName"))?;
    let start = input.start_time.ok_or_else(|| missing("StartTime"))?.0;
    let end = input.end_time.ok_or_else(|| missing("EndTime"))?.0;
    if start >= end {
        return Err(CloudWatchError::InvalidValue(
            "The parameter StartTime must be less than the parameter EndTime.".to_owned(),
        ));
    }
    let period_s = check_period(input.period.ok_or_else(|| missing("Period"))?.0)?;
    let asked = ((end - start) / period_s as f64).ceil() as i64;
    if asked > MAX_DATAPOINTS {
        return Err(CloudWatchError::InvalidCombination(format!(
            "You have requested up to {asked} datapoints, which exceeds the limit of {MAX_DATAPOINTS}. You may reduce the \
             datapoints requested by increasing Period, or decreasing the time range."
        )));
    }
    let simple = statistics(&input.statistics)?;
    let extended = statistics(&input.extended_statistics)?;
    if simple.is_empty() && extended.is_empty() {
        return Err(CloudWatchError::InvalidCombination(
            "At least one of the parameters Statistics and ExtendedStatistics must be specified."
                .to_owned(),
        ));
    }
    let namespace = input
        .namespace
        .clone()
        .ok_or_else(|| missing("Namespace"))?;
    let identity = MetricIdentity {
        namespace: Some(namespace),
        metric_name: Some(name.clone()),
        dimensions: input.dimensions.clone(),
    };
    let mut datapoints = Vec::new();
    if let Some(selected) = identity.select(name, input.unit.as_deref())? {
        let start_s = start.floor() as i64;
        let seconds = start_s - start_s.rem_euclid(period_s)..end.ceil() as i64;
        let units = store.read(now_s).periods(&selected.id, &seconds, period_s);
        for (unit, periods) in units {
            if selected.unit.is_some_and(|asked| asked != unit) {
                continue;
            }
            datapoints.extend(periods.into_iter().map(|(start_s, samples)| Datapoint {
                timestamp: Required(start_s),
                simple: values(&simple, &samples),
                unit: unit.as_str(),
                extended_statistics: (!extended.is_empty()).then(|| values(&extended, &samples)),
            }));
        }
    }
    Ok(to_value(&GetMetricStatisticsOutput {
        label: name.clone(),
        datapoints,
    }))
}

fn statistics(names: &[String]) -> Result<Vec<(String, Statistic)>, CloudWatchError> {
    let parse = |name: &String| Ok((name.clone(), name.parse()?));
    names.iter().map(parse).collect()
}

fn values(statistics: &[(String, Statistic)], samples: &Distribution) -> BTreeMap<String, f64> {
    let value = |(name, statistic): &(String, Statistic)| {
        Some((name.clone(), statistic.evaluate(samples)?))
    };
    statistics.iter().filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::services::cloudwatch::{
        model::store::Timing, operations::put_metric_data, wire::value::to_json,
    };

    const NOW: i64 = 1_800_000_000;

    /// One sample in each of two minutes, and a third in another unit.
    fn store() -> MetricStore {
        let store = MetricStore::new(Timing::AtOnce);
        let input = json!({"Namespace": "shop", "MetricData": [
            {"MetricName": "m", "Value": 4, "Unit": "Count", "Timestamp": NOW + 5},
            {"MetricName": "m", "Value": 8, "Unit": "Count", "Timestamp": NOW + 65},
            {"MetricName": "m", "Value": 16, "Timestamp": NOW + 5},
        ]});
        put_metric_data::run(&store, &serde_json::from_value(input).unwrap(), NOW).unwrap();
        store
    }

    fn ask(change: Json) -> Result<Json, CloudWatchError> {
        let mut input = json!({
            "Namespace": "shop", "MetricName": "m", "StartTime": NOW, "EndTime": NOW + 120, "Period": 60,
            "Statistics": ["Sum", "SampleCount"],
        });
        input
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let answer = run(&store(), &serde_json::from_value(input).unwrap(), NOW)?;
        Ok(to_json(answer).unwrap())
    }

    #[test]
    fn every_period_and_unit_has_a_data_point() {
        let point = |time: i64, sum: f64, unit: &str| json!({"Timestamp": time, "Sum": sum, "SampleCount": 1.0, "Unit": unit});
        let expected = [
            point(NOW, 4.0, "Count"),
            point(NOW + 60, 8.0, "Count"),
            point(NOW, 16.0, "None"),
        ];
        assert_eq!(
            ask(json!({})).unwrap(),
            json!({"Label": "m", "Datapoints": expected})
        );
        let one = ask(json!({"Unit": "None"})).unwrap();
        assert_eq!(one["Datapoints"], json!([expected[2]]));
    }

    #[test]
    fn percentiles_stand_apart() {
        let percentile = json!({"Unit": "None", "Statistics": [], "ExtendedStatistics": ["p50"]});
        let expected =
            json!([{"Timestamp": NOW, "Unit": "None", "ExtendedStatistics": {"p50": 16.0}}]);
        assert_eq!(ask(percentile).unwrap()["Datapoints"], expected);
    }

    #[test]
    fn what_aws_refuses_is_refused_in_its_words() {
        for (change, code, words) in [
            (
                json!({"Statistics": []}),
                "InvalidParameterCombination",
                "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
            ),
            (
                json!({"EndTime": NOW + 86_400, "Period": 1}),
                "InvalidParameterCombination",
                "You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
            ),
            (
                json!({"EndTime": NOW}),
                "InvalidParameterValue",
                "The parameter StartTime must be less than the parameter EndTime.",
            ),
            (
                json!({"Namespace": null}),
                "MissingParameter",
                "The parameter Namespace is required.",
            ),
        ] {
            let error = ask(change).unwrap_err();
            assert_eq!((error.code(), error.to_string().as_str()), (code, words));
        }
    }
}
