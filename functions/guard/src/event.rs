//! The event that EventBridge sends when an alarm changes its state.
//!
//! Its shape is in "Alarm events and EventBridge" in the CloudWatch user guide
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>). The version that
//! is guarded is in the dimensions of the alarm's metrics: `FunctionName`, `Resource` (`FUNCTION:ALIAS`),
//! `ExecutedVersion`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use shared::quote::{kind, shortened};

/// The one alias that is guarded.
pub const LIVE: &str = "live";
/// The detail type of alarm events.
const DETAIL_TYPE: &str = "CloudWatch Alarm State Change";
/// The state in which the candidate is rolled back.
const ALARM: &str = "ALARM";
/// How many characters of the event an error repeats at most.
const QUOTED_CHARS: usize = 160;

/// An alarm that has changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Why it is in this state.
    pub reason: String,
    /// The version that it is about.
    pub target: Target,
}

/// A version behind an alias of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Name of the function.
    pub function: String,
    /// Number of the version.
    pub version: String,
}

/// Why an event cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// JSON of another type.
    #[error("the event is {found}; expected EventBridge's {DETAIL_TYPE:?}")]
    NotAnObject {
        /// Its type.
        found: &'static str,
    },
    /// An event of another kind.
    #[error("the event is {found}; expected EventBridge's {DETAIL_TYPE:?}: check the rule")]
    OtherEvent {
        /// Its detail type.
        found: String,
    },
    /// A part is missing or of another type.
    #[error("the event does not have the shape of {DETAIL_TYPE:?}: {0}")]
    Shape(String),
    /// The alarm watches something else, or several versions.
    #[error(
        "alarm {alarm:?} does not watch one version behind one alias: {found}; its metrics need the dimensions \
         FunctionName, Resource (FUNCTION:{LIVE}) and ExecutedVersion, all alike"
    )]
    Dimensions {
        /// Name of the alarm.
        alarm: String,
        /// What it watches.
        found: String,
    },
}

#[derive(Deserialize)]
struct Event {
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    alarm_name: String,
    state: State,
    configuration: Configuration,
}

#[derive(Deserialize)]
struct State {
    value: String,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
struct Configuration {
    metrics: Vec<Query>,
}

/// A metric, or an expression over others, which has no dimensions.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Query {
    metric_stat: Option<MetricStat>,
}

#[derive(Deserialize)]
struct MetricStat {
    metric: Metric,
}

#[derive(Deserialize)]
struct Metric {
    #[serde(default)]
    dimensions: BTreeMap<String, String>,
}

impl Alarm {
    /// Reads an event.
    ///
    /// # Errors
    /// [`EventError`] when it is no alarm's, or the alarm does not watch one version behind `live`.
    pub fn parse(event: Value) -> Result<Self, EventError> {
        let Value::Object(members) = &event else {
            let found = kind(&event);
            return Err(EventError::NotAnObject { found });
        };
        let detail_type = members.get("detail-type");
        if detail_type.and_then(Value::as_str) != Some(DETAIL_TYPE) {
            let found = detail_type.map_or_else(
                || "without a detail-type".to_owned(),
                |found| shortened(&found.to_string(), QUOTED_CHARS),
            );
            return Err(EventError::OtherEvent { found });
        }
        let event: Event = serde_path_to_error::deserialize(event)
            .map_err(|error| EventError::Shape(shortened(&error.to_string(), QUOTED_CHARS)))?;
        let Detail {
            alarm_name: name,
            state,
            configuration,
        } = event.detail;
        let target =
            Target::of(&configuration.metrics).map_err(|found| EventError::Dimensions {
                alarm: shortened(&name, QUOTED_CHARS),
                found: shortened(&found, QUOTED_CHARS),
            })?;
        Ok(Self {
            name,
            state: state.value,
            reason: state.reason,
            target,
        })
    }

    /// Whether the candidate is to be rolled back.
    #[must_use]
    pub fn is_alarm(&self) -> bool {
        self.state == ALARM
    }
}

impl Target {
    /// The one version that all metrics are about, else what they are about.
    fn of(queries: &[Query]) -> Result<Self, String> {
        let metrics = queries
            .iter()
            .filter_map(|query| query.metric_stat.as_ref());
        let mut targets = metrics.map(|stat| Self::from_dimensions(&stat.metric.dimensions));
        let first = targets.next().ok_or("it has no metric")??;
        for other in targets {
            let other = other?;
            if other != first {
                return Err(format!("{first:?} and {other:?}"));
            }
        }
        Ok(first)
    }

    fn from_dimensions(dimensions: &BTreeMap<String, String>) -> Result<Self, String> {
        let get = |name: &str| dimensions.get(name).map(String::as_str);
        let of_another = || format!("{dimensions:?}");
        let (Some(function), Some(resource), Some(version)) =
            (get("FunctionName"), get("Resource"), get("ExecutedVersion"))
        else {
            return Err(of_another());
        };
        let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
        if resource.strip_prefix(function) != Some(":live") || !is_number {
            return Err(of_another());
        }
        Ok(Self {
            function: function.to_owned(),
            version: version.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
