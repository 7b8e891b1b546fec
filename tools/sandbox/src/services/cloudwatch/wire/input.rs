//! The requests, as all three protocols decode to them, and what answers repeat of them.
//!
//! The query protocol has only texts, so numbers, booleans and times are also read from texts.

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{
    aws::paging,
    services::cloudwatch::{
        error::CloudWatchError,
        model::metric::{MetricId, Selection, Unit},
    },
};

/// The service's name in Smithy: first part of a JSON target, part of a CBOR path.
pub(super) const SERVICE: &str = "GraniteServiceVersion20100801";

/// A request, whatever its protocol.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) input: serde_json::Value,
}

/// `GetMetricData`. `LabelOptions` only concerns labels with time expressions, which are not kept here.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetMetricDataInput {
    #[serde(default)]
    pub(crate) metric_data_queries: Vec<MetricDataQuery>,
    pub(crate) start_time: Option<Timestamp>,
    pub(crate) end_time: Option<Timestamp>,
    pub(crate) next_token: Option<String>,
    pub(crate) scan_by: Option<String>,
    pub(crate) max_datapoints: Option<Integer>,
}

/// One metric that is asked for.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MetricDataQuery {
    pub(crate) id: Option<String>,
    pub(crate) metric_stat: Option<MetricStat>,
    pub(crate) expression: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) return_data: Option<Boolean>,
    /// Of an expression.
    pub(crate) period: Option<Integer>,
}

/// A metric with period and statistic.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MetricStat {
    pub(crate) metric: Option<MetricIdentity>,
    pub(crate) period: Option<Integer>,
    pub(crate) stat: Option<String>,
    pub(crate) unit: Option<String>,
}

/// The identity of a metric.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MetricIdentity {
    pub(crate) namespace: Option<String>,
    pub(crate) metric_name: Option<String>,
    #[serde(default)]
    pub(crate) dimensions: Vec<Dimension>,
}

impl MetricIdentity {
    /// The metric of this name; `None` when it cannot be any, which is no error, only no data.
    pub(crate) fn select(
        &self,
        name: &str,
        unit: Option<&str>,
    ) -> Result<Option<Selection>, CloudWatchError> {
        let dimensions = pairs(&self.dimensions)?;
        let (Some(namespace), Ok(unit)) = (
            &self.namespace,
            unit.map(|unit| Unit::named(unit).ok_or(())).transpose(),
        ) else {
            return Ok(None);
        };
        let id = MetricId {
            namespace: namespace.clone(),
            name: name.to_owned(),
            dimensions,
        };
        let id = id.sorted();
        Ok(Some(Selection { id, unit }))
    }
}

/// Names and values of dimensions that must have values.
pub(crate) fn pairs(dimensions: &[Dimension]) -> Result<Vec<(String, String)>, CloudWatchError> {
    let pair = |dimension: &Dimension| match &dimension.value {
        Some(value) => Ok((dimension.name.clone(), value.clone())),
        None => Err(CloudWatchError::Missing(format!(
            "Value of the dimension {}",
            dimension.name
        ))),
    };
    dimensions.iter().map(pair).collect()
}

/// A dimension; in the filters of `ListMetrics` without a value when any will do.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Dimension {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
}

/// `ListMetrics`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListMetricsInput {
    pub(crate) namespace: Option<String>,
    pub(crate) metric_name: Option<String>,
    #[serde(default)]
    pub(crate) dimensions: Vec<Dimension>,
    pub(crate) next_token: Option<String>,
    pub(crate) recently_active: Option<String>,
}

/// `GetMetricStatistics`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetMetricStatisticsInput {
    pub(crate) namespace: Option<String>,
    pub(crate) metric_name: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) dimensions: Vec<Dimension>,
    pub(crate) start_time: Option<Timestamp>,
    pub(crate) end_time: Option<Timestamp>,
    pub(crate) period: Option<Integer>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) statistics: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) extended_statistics: Vec<String>,
    pub(crate) unit: Option<String>,
}

/// `PutMetricData`. Entities, which relate metrics to resources, are not kept, their metrics are.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutMetricDataInput {
    pub(crate) namespace: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) metric_data: Vec<MetricDatum>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) entity_metric_data: Vec<EntityMetricData>,
}

/// Metrics of one entity.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EntityMetricData {
    #[serde(default, deserialize_with = "list")]
    pub(crate) metric_data: Vec<MetricDatum>,
}

/// Samples of one metric.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MetricDatum {
    pub(crate) metric_name: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) dimensions: Vec<Dimension>,
    pub(crate) timestamp: Option<Timestamp>,
    pub(crate) value: Option<Number>,
    pub(crate) statistic_values: Option<StatisticSet>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) values: Vec<Number>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) counts: Vec<Number>,
    pub(crate) unit: Option<String>,
    pub(crate) storage_resolution: Option<Integer>,
}

/// What is known of several samples together.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StatisticSet {
    pub(crate) sample_count: Option<Number>,
    pub(crate) sum: Option<Number>,
    pub(crate) minimum: Option<Number>,
    pub(crate) maximum: Option<Number>,
}

/// `PutMetricAlarm`; `DescribeAlarms` answers with it, and adds ARN and state.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutMetricAlarmInput {
    pub(crate) alarm_name: Option<String>,
    pub(crate) alarm_description: Option<String>,
    pub(crate) actions_enabled: Option<Boolean>,
    #[serde(default, rename = "OKActions", deserialize_with = "list")]
    pub(crate) ok_actions: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) alarm_actions: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) insufficient_data_actions: Vec<String>,
    pub(crate) metric_name: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) statistic: Option<String>,
    pub(crate) extended_statistic: Option<String>,
    /// Of an alarm on one metric.
    #[serde(default, deserialize_with = "list", skip_serializing)]
    pub(crate) dimensions: Vec<Dimension>,
    pub(crate) period: Option<Integer>,
    pub(crate) unit: Option<String>,
    pub(crate) evaluation_periods: Option<Integer>,
    pub(crate) datapoints_to_alarm: Option<Integer>,
    pub(crate) threshold: Option<Number>,
    pub(crate) comparison_operator: Option<String>,
    pub(crate) treat_missing_data: Option<String>,
    pub(crate) evaluate_low_sample_count_percentile: Option<String>,
    #[serde(
        default,
        deserialize_with = "list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(crate) metrics: Vec<MetricDataQuery>,
    #[serde(default, deserialize_with = "list", skip_serializing)]
    pub(crate) tags: Vec<Tag>,
    pub(crate) threshold_metric_id: Option<String>,
}

/// `PutCompositeAlarm`; `DescribeAlarms` answers with it, and adds ARN and state.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutCompositeAlarmInput {
    pub(crate) alarm_name: Option<String>,
    pub(crate) alarm_description: Option<String>,
    pub(crate) alarm_rule: Option<String>,
    pub(crate) actions_enabled: Option<Boolean>,
    #[serde(default, rename = "OKActions", deserialize_with = "list")]
    pub(crate) ok_actions: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) alarm_actions: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) insufficient_data_actions: Vec<String>,
    #[serde(skip_serializing)]
    pub(crate) actions_suppressor: Option<String>,
    #[serde(default, deserialize_with = "list", skip_serializing)]
    pub(crate) tags: Vec<Tag>,
}

/// `DescribeAlarms`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeAlarmsInput {
    #[serde(default, deserialize_with = "list")]
    pub(crate) alarm_names: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) alarm_types: Vec<String>,
    pub(crate) alarm_name_prefix: Option<String>,
    pub(crate) action_prefix: Option<String>,
    pub(crate) children_of_alarm_name: Option<String>,
    pub(crate) parents_of_alarm_name: Option<String>,
    pub(crate) state_value: Option<String>,
    pub(crate) max_records: Option<Integer>,
    pub(crate) next_token: Option<String>,
}

/// `DeleteAlarms`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteAlarmsInput {
    #[serde(default, deserialize_with = "list")]
    pub(crate) alarm_names: Vec<String>,
}

/// `SetAlarmState`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SetAlarmStateInput {
    pub(crate) alarm_name: Option<String>,
    pub(crate) state_value: Option<String>,
    pub(crate) state_reason: Option<String>,
    pub(crate) state_reason_data: Option<String>,
}

/// `ListTagsForResource`, `TagResource` and `UntagResource`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagsInput {
    #[serde(rename = "ResourceARN")]
    pub(crate) resource_arn: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) tags: Vec<Tag>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) tag_keys: Vec<String>,
}

/// A tag of an alarm.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// `^[a-z][a-zA-Z0-9_]*$`
pub(crate) fn is_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Where the page begins that a `NextToken` asks for.
pub(crate) fn first_index(next_token: Option<&str>) -> Result<usize, CloudWatchError> {
    let Some(token) = next_token else {
        return Ok(0);
    };
    let index = paging::read_token(token).and_then(|index| index.parse().ok());
    index.ok_or(CloudWatchError::BadToken)
}

/// A list as one of the protocols carries it: the query protocol writes an empty one as an empty text.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Carried<T> {
        Items(Vec<T>),
        Nothing(Option<String>),
    }
    match Carried::deserialize(deserializer)? {
        Carried::Items(items) => Ok(items),
        Carried::Nothing(None) => Ok(Vec::new()),
        Carried::Nothing(Some(text)) if text.is_empty() => Ok(Vec::new()),
        Carried::Nothing(Some(text)) => Err(de::Error::custom(format!("{text:?} is no list"))),
    }
}

/// A number; `NaN` and infinity too, for which CloudWatch has words of its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Number(pub(crate) f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(deserializer)? {
            Scalar::Integer(value) => Ok(Self(value as f64)),
            Scalar::Number(value) => Ok(Self(value)),
            Scalar::Text(text) => text
                .parse()
                .map(Self)
                .map_err(|_| de::Error::custom(format!("{text:?} is no number"))),
            Scalar::Boolean(_) => Err(de::Error::custom("expected a number")),
        }
    }
}

/// Seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Timestamp(pub(crate) f64);

/// A whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Integer(pub(crate) i64);

/// True or false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Boolean(pub(crate) bool);

/// A scalar as one of the protocols carries it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(deserializer)? {
            Scalar::Integer(seconds) => Ok(Self(seconds as f64)),
            Scalar::Number(seconds) => Ok(Self(seconds)),
            Scalar::Text(text) => chrono::DateTime::parse_from_rfc3339(&text)
                .map(|time| Self(time.timestamp_micros() as f64 / 1e6))
                .map_err(|_| {
                    de::Error::custom(format!("{text:?} is no time like 2026-01-31T12:00:00Z"))
                }),
            Scalar::Boolean(_) => Err(de::Error::custom("expected a time")),
        }
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(deserializer)? {
            Scalar::Integer(value) => Ok(Self(value)),
            Scalar::Text(text) => text
                .parse()
                .map(Self)
                .map_err(|_| de::Error::custom(format!("{text:?} is no whole number"))),
            _ => Err(de::Error::custom("expected a whole number")),
        }
    }
}

impl<'de> Deserialize<'de> for Boolean {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(deserializer)? {
            Scalar::Boolean(value) => Ok(Self(value)),
            Scalar::Text(text) => text
                .parse()
                .map(Self)
                .map_err(|_| de::Error::custom(format!("{text:?} is neither true nor false"))),
            _ => Err(de::Error::custom("expected true or false")),
        }
    }
}
