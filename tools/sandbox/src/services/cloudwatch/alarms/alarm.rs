//! One alarm, its state, and what has put it there.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::definition::Definition;
use crate::{
    aws::arn,
    services::cloudwatch::{error::CloudWatchError, wire::input::PutMetricAlarmInput},
};

/// How often an alarm is evaluated within a period, or within a minute when its period is longer.
const PER_PERIOD: i64 = 10;

/// One alarm.
#[derive(Debug, Clone)]
pub(super) struct Alarm {
    pub(super) name: String,
    pub(super) region: String,
    /// As it was asked for, to be returned.
    pub(super) input: PutMetricAlarmInput,
    pub(super) definition: Definition,
    pub(super) state: State,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) configured: DateTime<Utc>,
}

impl Alarm {
    /// Its ARN.
    pub(super) fn arn(&self) -> String {
        arn::arn(
            "cloudwatch",
            &self.region,
            format_args!("alarm:{}", self.name),
        )
    }

    /// Whether it is evaluated at this second.
    pub(super) fn is_due(&self, now_s: i64) -> bool {
        now_s % (self.definition.period_s.min(60) / PER_PERIOD) == 0
    }
}

/// The three states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StateValue {
    Ok,
    Alarm,
    InsufficientData,
}

impl StateValue {
    /// AWS's spelling.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, CloudWatchError> {
        let all = [Self::Ok, Self::Alarm, Self::InsufficientData];
        let found = all.into_iter().find(|value| value.as_str() == text);
        found.ok_or_else(|| CloudWatchError::BadValue {
            parameter: "StateValue",
            value: text.to_owned(),
            allowed: "use OK, ALARM or INSUFFICIENT_DATA",
        })
    }
}

impl fmt::Display for StateValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A state with its reason.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) value: StateValue,
    pub(super) reason: String,
    pub(super) reason_data: Option<Value>,
    pub(super) since: DateTime<Utc>,
}

impl State {
    /// The state of an alarm that was just made.
    pub(super) fn initial() -> Self {
        Self {
            value: StateValue::InsufficientData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            reason_data: None,
            since: Utc::now(),
        }
    }
}
