//! Asynchronous invocations: how long and how often an event is tried, and where its end is reported.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::function::Function;

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
    fn config(&self) -> EventInvokeConfig {
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

impl Function {
    /// What asynchronous invocations with this qualifier go by: what was set for it, else Lambda's defaults. Versions and
    /// aliases have nothing of each other's.
    #[must_use]
    pub fn event_invoke_config(&self, qualifier: Option<&str>) -> EventInvokeConfig {
        let settings = self.event_invoke.get(qualifier.unwrap_or("$LATEST"));
        settings.map_or_else(EventInvokeConfig::default, EventInvokeSettings::config)
    }
}
