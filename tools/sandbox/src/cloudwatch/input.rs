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
