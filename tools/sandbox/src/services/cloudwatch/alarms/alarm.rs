//! One alarm, its state, and what has put it there.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{definition::Definition, evaluation::StateChange, rule::Rule};
use crate::{
    aws::arn,
    services::cloudwatch::{
        error::CloudWatchError,
        wire::input::{PutCompositeAlarmInput, PutMetricAlarmInput},
    },
};

/// How often an alarm is evaluated within a period, or within a minute when its period is longer.
const PER_PERIOD: i64 = 10;

/// One alarm.
#[derive(Debug, Clone)]
pub(super) struct Alarm {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) kind: Kind,
    pub(super) state: State,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) configured: DateTime<Utc>,
}

/// What it goes by, and how it was asked for, to be returned.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Metric(Box<(PutMetricAlarmInput, Definition)>),
    Composite(Box<(PutCompositeAlarmInput, Rule)>),
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

    /// What a metric alarm goes by, if it is evaluated at this second.
    pub(super) fn due(&self, now_s: i64) -> Option<&Definition> {
        let Kind::Metric(kind) = &self.kind else {
            return None;
        };
        let (_, definition) = &**kind;
        let every_s = definition.period_s.min(60) / PER_PERIOD;
        (now_s % every_s == 0).then_some(definition)
    }

    /// The ARNs of what it would start, whatever its state.
    pub(super) fn actions(&self) -> impl Iterator<Item = &String> {
        let (ok, alarm, insufficient_data) = match &self.kind {
            Kind::Metric(kind) => {
                let (input, _) = &**kind;
                (
                    &input.ok_actions,
                    &input.alarm_actions,
                    &input.insufficient_data_actions,
                )
            }
            Kind::Composite(kind) => {
                let (input, _) = &**kind;
                (
                    &input.ok_actions,
                    &input.alarm_actions,
                    &input.insufficient_data_actions,
                )
            }
        };
        ok.iter().chain(alarm).chain(insufficient_data)
    }

    /// What a composite alarm goes by.
    pub(super) fn rule(&self) -> Option<&Rule> {
        match &self.kind {
            Kind::Metric(_) => None,
            Kind::Composite(kind) => Some(&kind.1),
        }
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

    /// The state that an evaluation leads to.
    pub(super) fn after(change: StateChange, now: DateTime<Utc>) -> Self {
        Self {
            value: change.value,
            reason: change.reason,
            reason_data: Some(change.reason_data),
            since: now,
        }
    }
}
