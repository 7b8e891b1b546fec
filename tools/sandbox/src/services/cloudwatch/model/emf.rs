//! Metrics in lines that functions print: the embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//!
//! The document may stand after what Lambda puts before a line: time and request id. AWS reports nothing to the function
//! about a document that is wrong, and does not say how much of it is lost; here as little as possible is: a metric
//! without a number, a set of dimensions without its texts, a directive without its members.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    distribution::Distribution,
    metric::{MetricId, Unit},
};

/// Metrics in one directive, and values of one metric.
const MAX_METRICS: usize = 100;
const MAX_VALUES: usize = 100;
/// Characters of a metric's name: a longer one is dropped without a word (seen by users of Powertools).
const MAX_NAME: usize = 255;
/// Dimensions of a metric.
const MAX_DIMENSIONS: usize = 30;
/// The largest document in bytes.
const MAX_BYTES: usize = 1 << 20;
/// How far in the past and the future samples may be ("Time stamps" in "Metrics concepts" of the user guide).
pub(crate) const MAX_AGE_S: i64 = 14 * 24 * 60 * 60;
pub(crate) const MAX_AHEAD_S: i64 = 2 * 60 * 60;

/// What one line has of one metric.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Printed {
    pub(crate) id: MetricId,
    pub(crate) unit: Unit,
    pub(crate) time_s: i64,
    pub(crate) high_resolution: bool,
    pub(crate) values: Distribution,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    /// Milliseconds since 1970.
    timestamp: serde_json::Number,
    #[serde(rename = "CloudWatchMetrics")]
    directives: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: String,
    dimensions: Vec<Vec<String>>,
    metrics: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: String,
    unit: Option<String>,
    storage_resolution: Option<i64>,
}

/// The metrics of a line; none when it is no document of this format.
pub(crate) fn metrics(line: &str, now_s: i64) -> Vec<Printed> {
    document(line, now_s).unwrap_or_default()
}

fn document(line: &str, now_s: i64) -> Option<Vec<Printed>> {
    let json = &line[line.find('{')?..];
    if json.len() > MAX_BYTES {
        return None;
    }
    let root: Map<String, Value> = serde_json::from_str(json).ok()?;
    let metadata = Metadata::deserialize(root.get("_aws")?).ok()?;
    let time_s = (metadata.timestamp.as_f64()? / 1e3).floor() as i64;
    if !(now_s - MAX_AGE_S..=now_s + MAX_AHEAD_S).contains(&time_s) {
        return None;
    }
    let directives = metadata.directives.iter();
    let directives = directives.filter_map(|directive| Directive::deserialize(directive).ok());
    Some(
        directives
            .flat_map(|directive| directive.metrics(&root, time_s))
            .collect(),
    )
}

impl Directive {
    fn metrics(&self, root: &Map<String, Value>, time_s: i64) -> Vec<Printed> {
        let sound = !self.namespace.is_empty()
            && !self.namespace.starts_with("AWS/")
            && self.metrics.len() <= MAX_METRICS;
        if !sound {
            return Vec::new();
        }
        let sets = self.dimensions.iter();
        let sets: Vec<_> = sets.filter_map(|set| dimensions(set, root)).collect();
        let definitions = self.metrics.iter();
        let definitions = definitions
            .filter_map(|value| Definition::deserialize(value).ok())
            .filter(|definition| definition.name.chars().count() <= MAX_NAME);
        let metrics = definitions.filter_map(|definition| {
            let values = values(root.get(&definition.name)?)?;
            let unit = definition.unit.as_deref().unwrap_or("None");
            Some((Unit::named(unit)?, values, definition))
        });
        metrics
            .flat_map(|(unit, values, definition)| {
                sets.iter().map(move |dimensions| Printed {
                    id: MetricId {
                        namespace: self.namespace.clone(),
                        name: definition.name.clone(),
                        dimensions: dimensions.clone(),
                    },
                    unit,
                    time_s,
                    high_resolution: definition.storage_resolution == Some(1),
                    values: values.clone(),
                })
            })
            .collect()
    }
}

/// The values of a set's dimensions, which must all be texts.
fn dimensions(names: &[String], root: &Map<String, Value>) -> Option<Vec<(String, String)>> {
    let pair = |name: &String| {
        let value = root.get(name)?.as_str()?;
        (!value.is_empty()).then(|| (name.clone(), value.to_owned()))
    };
    (names.len() <= MAX_DIMENSIONS).then(|| names.iter().map(pair).collect())?
}

/// The values of a metric: a number, or several.
fn values(value: &Value) -> Option<Distribution> {
    let values = match value {
        Value::Array(values) if values.len() <= MAX_VALUES => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    let each = values.iter().map(|value| {
        let value = value.as_f64().filter(|value| is_in_range(*value))?;
        Some(Distribution::of(value, 1.0))
    });
    each.reduce(|all, one| {
        let mut all = all?;
        all.add(&one?);
        Some(all)
    })?
}

/// Whether CloudWatch takes a value ("Value" in the API reference of `PutMetricData`).
pub(crate) fn is_in_range(value: f64) -> bool {
    value.abs() <= 2_f64.powi(360)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    /// A document with one directive, of which a test spoils a part.
    fn document() -> Value {
        json!({
            "_aws": {
                "Timestamp": NOW * 1000 + 250,
                "CloudWatchMetrics": [{
                    "Namespace": "shop",
                    "Dimensions": [["Function", "Version"], ["Function"], []],
                    "Metrics": [
                        {"Name": "Time", "Unit": "Milliseconds", "StorageResolution": 1},
                        {"Name": "Orders"},
                    ],
                }],
            },
            "Function": "f",
            "Version": "7",
            "Time": [10.5, 1.5],
            "Orders": 3,
            "level": "INFO",
        })
    }

    /// Name and dimensions of the metrics of a line.
    fn found(line: &Value) -> Vec<(String, usize)> {
        let metrics = metrics(&line.to_string(), NOW).into_iter();
        metrics
            .map(|metric| (metric.id.name, metric.id.dimensions.len()))
            .collect()
    }

    fn spoiled(pointer: &str, value: Value) -> Vec<(String, usize)> {
        let mut document = document();
        *document.pointer_mut(pointer).unwrap() = value;
        found(&document)
    }

    fn named(names: &[(&str, usize)]) -> Vec<(String, usize)> {
        let names = names.iter();
        names.map(|&(name, n)| (name.to_owned(), n)).collect()
    }

    #[test]
    fn every_metric_has_every_set_of_dimensions() {
        let all = [
            ("Time", 2),
            ("Time", 1),
            ("Time", 0),
            ("Orders", 2),
            ("Orders", 1),
            ("Orders", 0),
        ];
        assert_eq!(found(&document()), named(&all));
        let first = metrics(&document().to_string(), NOW).remove(0);
        assert_eq!((first.unit, first.time_s), (Unit::MILLISECONDS, NOW));
        assert_eq!((first.values.count(), first.values.sum()), (2.0, 12.0));
        assert!(first.high_resolution);
        let pairs = [("Function", "f"), ("Version", "7")];
        assert_eq!(
            first.id.dimensions,
            pairs.map(|(k, v)| (k.to_owned(), v.to_owned()))
        );
        assert_eq!(first.id.namespace, "shop");
    }

    #[test]
    fn there_may_be_several_directives() {
        let mut document = document();
        let more = json!({"Namespace": "other", "Dimensions": [[]], "Metrics": [{"Name": "Orders", "Unit": "Count"}]});
        let directives = document.pointer_mut("/_aws/CloudWatchMetrics").unwrap();
        directives.as_array_mut().unwrap().push(more);
        let all = metrics(&document.to_string(), NOW);
        assert_eq!(all.len(), 7);
        let last = &all[6];
        assert_eq!(
            (last.id.namespace.as_str(), last.unit),
            ("other", Unit::COUNT)
        );
    }

    #[test]
    fn what_lambda_puts_before_a_line_does_no_harm_and_what_comes_after_the_document_does() {
        let line = document().to_string();
        let prefixed = format!("2027-01-15T08:00:00.000Z\t8476a536\tINFO\t{line}");
        assert_eq!(metrics(&prefixed, NOW).len(), 6);
        assert_eq!(metrics(&format!("{line} and more"), NOW), []);
    }

    #[test]
    fn lines_that_are_no_documents_have_no_metrics() {
        for line in [
            "",
            "hello",
            "{",
            r#"{"level":"INFO"}"#,
            r#"{"_aws":1}"#,
            r#"["_aws"]"#,
        ] {
            assert_eq!(metrics(line, NOW), [], "{line}");
        }
        // A document within another one is a text to CloudWatch.
        let nested = json!({"level": "INFO", "message": document()});
        assert_eq!(found(&nested), []);
    }

    #[test]
    fn a_document_without_a_sound_time_or_directives_has_none() {
        for value in [
            json!(null),
            json!("now"),
            json!((NOW - MAX_AGE_S - 1) * 1000),
            json!((NOW + MAX_AHEAD_S + 1) * 1000),
        ] {
            assert_eq!(spoiled("/_aws/Timestamp", value), []);
        }
        assert_eq!(spoiled("/_aws/CloudWatchMetrics", json!({})), []);
        for part in ["Namespace", "Dimensions", "Metrics"] {
            let pointer = format!("/_aws/CloudWatchMetrics/0/{part}");
            assert_eq!(spoiled(&pointer, json!(null)), [], "{part}");
        }
        assert_eq!(
            spoiled("/_aws/CloudWatchMetrics/0/Namespace", json!("AWS/Lambda")),
            []
        );
        let many = vec![json!({"Name": "Orders"}); 101];
        assert_eq!(
            spoiled("/_aws/CloudWatchMetrics/0/Metrics", json!(many)),
            []
        );
    }

    #[test]
    fn a_metric_without_numbers_is_left_out_alone() {
        let others = named(&[("Time", 2), ("Time", 1), ("Time", 0)]);
        for value in [
            json!("3"),
            json!(null),
            json!([]),
            json!([1, "2"]),
            json!({}),
            json!(1e200),
            json!(vec![1; 101]),
        ] {
            assert_eq!(spoiled("/Orders", value.clone()), others, "{value}");
        }
        assert_eq!(
            spoiled(
                "/_aws/CloudWatchMetrics/0/Metrics/1",
                json!({"Name": "Orders", "Unit": "Apples"})
            ),
            others
        );
    }

    #[test]
    fn a_set_of_dimensions_without_its_texts_is_left_out_alone() {
        let without = named(&[("Time", 1), ("Time", 0), ("Orders", 1), ("Orders", 0)]);
        for value in [json!(7), json!(null), json!("")] {
            assert_eq!(spoiled("/Version", value.clone()), without, "{value}");
        }
    }
}
