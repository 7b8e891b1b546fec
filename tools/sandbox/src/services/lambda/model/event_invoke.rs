//! Asynchronous invocations: how long and how often an event is tried, and where its end is reported.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::names;

/// What asynchronous invocations of one version or alias go by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventInvokeConfig {
    /// How old an event may become before it is dropped.
    pub maximum_event_age: Duration,
    /// How often an event is tried again after a function error.
    pub maximum_retry_attempts: u32,
    /// ARN of what gets a record of an event that was dropped.
    pub on_failure: Option<String>,
    /// ARN of what gets a record of an event that was processed.
    pub on_success: Option<String>,
}

impl Default for EventInvokeConfig {
    fn default() -> Self {
        Self {
            maximum_event_age: Duration::from_hours(6),
            maximum_retry_attempts: 2,
            on_failure: None,
            on_success: None,
        }
    }
}

/// What was set, and when: AWS answers nothing for what was not.
#[derive(Debug, Clone)]
pub struct EventInvokeSettings {
    /// `MaximumEventAgeInSeconds`
    pub maximum_event_age_s: Option<u32>,
    /// `MaximumRetryAttempts`
    pub maximum_retry_attempts: Option<u32>,
    /// `DestinationConfig.OnFailure.Destination`
    pub on_failure: Option<String>,
    /// `DestinationConfig.OnSuccess.Destination`
    pub on_success: Option<String>,
    /// When it was set.
    pub last_modified: DateTime<Utc>,
}

impl EventInvokeSettings {
    /// With Lambda's defaults for what was not set.
    #[must_use]
    pub fn config(&self) -> EventInvokeConfig {
        let default = EventInvokeConfig::default();
        let age = self.maximum_event_age_s.map(u64::from);
        EventInvokeConfig {
            maximum_event_age: age.map_or(default.maximum_event_age, Duration::from_secs),
            maximum_retry_attempts: self
                .maximum_retry_attempts
                .unwrap_or(default.maximum_retry_attempts),
            on_failure: self.on_failure.clone(),
            on_success: self.on_success.clone(),
        }
    }
}

impl EventInvokeSettings {
    /// `FunctionEventInvokeConfig` on the wire.
    #[must_use]
    pub fn to_json(&self, region: &str, function: &str, qualifier: &str) -> Value {
        let destination = |arn: &Option<String>| match arn {
            Some(arn) => json!({"Destination": arn}),
            None => json!({}),
        };
        let mut json = json!({
            "FunctionArn": names::function_arn(region, function, Some(qualifier)),
            "LastModified": self.last_modified.timestamp_millis() as f64 / 1000.0,
            "DestinationConfig": {
                "OnSuccess": destination(&self.on_success),
                "OnFailure": destination(&self.on_failure),
            },
        });
        for (name, value) in [
            ("MaximumEventAgeInSeconds", self.maximum_event_age_s),
            ("MaximumRetryAttempts", self.maximum_retry_attempts),
        ] {
            if let Some(value) = value {
                json[name] = json!(value);
            }
        }
        json
    }
}
