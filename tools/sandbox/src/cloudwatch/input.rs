//! The requests, as all three protocols decode to them.
//!
//! The query protocol has only texts, so numbers, booleans and times are also taken from texts.

use serde::{Deserialize, Deserializer, de};

/// `GetMetricData`. `LabelOptions` only concerns labels with time expressions, which are not kept here.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetMetricDataInput {
    #[serde(default)]
    pub(super) metric_data_queries: Vec<MetricDataQuery>,
    pub(super) start_time: Option<Timestamp>,
    pub(super) end_time: Option<Timestamp>,
    pub(super) next_token: Option<String>,
    pub(super) scan_by: Option<String>,
    pub(super) max_datapoints: Option<Integer>,
}

/// One metric that is asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricDataQuery {
    pub(super) id: Option<String>,
    pub(super) metric_stat: Option<MetricStat>,
    pub(super) expression: Option<String>,
    pub(super) label: Option<String>,
    pub(super) return_data: Option<Boolean>,
    /// Of an expression.
    pub(super) period: Option<Integer>,
}

/// A metric with period and statistic.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricStat {
    pub(super) metric: Option<MetricInput>,
    pub(super) period: Option<Integer>,
    pub(super) stat: Option<String>,
    pub(super) unit: Option<String>,
}

/// The identity of a metric.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricInput {
    pub(super) namespace: Option<String>,
    pub(super) metric_name: Option<String>,
    #[serde(default)]
    pub(super) dimensions: Vec<DimensionInput>,
}

/// A dimension; in the filters of `ListMetrics` without a value when any will do.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DimensionInput {
    pub(super) name: String,
    pub(super) value: Option<String>,
}

/// `ListMetrics`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListMetricsInput {
    pub(super) namespace: Option<String>,
    pub(super) metric_name: Option<String>,
    #[serde(default)]
    pub(super) dimensions: Vec<DimensionInput>,
    pub(super) next_token: Option<String>,
    pub(super) recently_active: Option<String>,
}

/// `PutMetricAlarm`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutMetricAlarmInput {
    pub(super) alarm_name: Option<String>,
    pub(super) alarm_description: Option<String>,
    pub(super) actions_enabled: Option<Boolean>,
    #[serde(default, rename = "OKActions", deserialize_with = "list")]
    pub(super) ok_actions: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) alarm_actions: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) insufficient_data_actions: Vec<String>,
    pub(super) metric_name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) statistic: Option<String>,
    pub(super) extended_statistic: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) dimensions: Vec<DimensionInput>,
    pub(super) period: Option<Integer>,
    pub(super) unit: Option<String>,
    pub(super) evaluation_periods: Option<Integer>,
    pub(super) datapoints_to_alarm: Option<Integer>,
    pub(super) threshold: Option<Number>,
    pub(super) comparison_operator: Option<String>,
    pub(super) treat_missing_data: Option<String>,
    pub(super) evaluate_low_sample_count_percentile: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) metrics: Vec<MetricDataQuery>,
    #[serde(default, deserialize_with = "list")]
    pub(super) tags: Vec<Tag>,
    pub(super) threshold_metric_id: Option<String>,
}

/// `DescribeAlarms`, without what concerns composite alarms, of which there are none.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeAlarmsInput {
    #[serde(default, deserialize_with = "list")]
    pub(super) alarm_names: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) alarm_types: Vec<String>,
    pub(super) alarm_name_prefix: Option<String>,
    pub(super) state_value: Option<String>,
    pub(super) max_records: Option<Integer>,
    pub(super) next_token: Option<String>,
}

/// `DeleteAlarms`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteAlarmsInput {
    #[serde(default, deserialize_with = "list")]
    pub(super) alarm_names: Vec<String>,
}

/// `SetAlarmState`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetAlarmStateInput {
    pub(super) alarm_name: Option<String>,
    pub(super) state_value: Option<String>,
    pub(super) state_reason: Option<String>,
    pub(super) state_reason_data: Option<String>,
}

/// `ListTagsForResource`, `TagResource` and `UntagResource`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagsInput {
    #[serde(rename = "ResourceARN")]
    pub(super) resource_arn: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) tags: Vec<Tag>,
    #[serde(default, deserialize_with = "list")]
    pub(super) tag_keys: Vec<String>,
}

/// A tag of an alarm.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
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

/// A number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number(pub(super) f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(deserializer)? {
            Scalar::Integer(value) => Ok(Self(value as f64)),
            Scalar::Number(value) => Ok(Self(value)),
            Scalar::Text(text) => match text.parse() {
                Ok(value) => Ok(Self(value)),
                Err(_) => Err(de::Error::custom(format!("{text:?} is no number"))),
            },
            Scalar::Boolean(_) => Err(de::Error::custom("expected a number")),
        }
    }
}

/// Seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Timestamp(pub(super) f64);

/// A whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Integer(pub(super) i64);

/// True or false.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Boolean(pub(super) bool);

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
