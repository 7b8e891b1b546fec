//! The state of an alarm, and what has put it there.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::services::cloudwatch::error::CloudWatchError;

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
