//! What was done, or why nothing was done: as the answer and as a log line.

use lambda_runtime::Diagnostic;
use serde::Serialize;
use shared::telemetry;

use crate::{
    alias::AliasError,
    event::{Alarm, EventError},
};

/// What was done about an alarm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// Name of the alarm.
    pub alarm: String,
    /// The function that it guards.
    pub function: String,
    /// The version that it is about.
    pub version: String,
    /// Why the alarm went off.
    pub reason: String,
    /// What was done.
    #[serde(flatten)]
    pub did: Did,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "did", content = "details", rename_all = "snake_case")]
pub enum Did {
    /// The version has no weight any more.
    RolledBack {
        /// The weight that it had, in percent.
        percent: f64,
        /// The version that serves alone now.
        serves: String,
    },
    /// The alias is unchanged.
    Nothing(Why),
}

/// Why nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The alarm changed to another state than ALARM.
    NotInAlarm,
    /// The function or its alias does not exist.
    NoAlias,
    /// The version has no weight: it was rolled back before, or the alarm is old.
    NoWeight,
    /// The version is the alias's primary one: there is no other to give its traffic to.
    ServesAsPrimary,
}

impl Answer {
    pub(crate) fn of(alarm: &Alarm, did: Did) -> Self {
        Self {
            alarm: alarm.name.clone(),
            function: alarm.target.function.clone(),
            version: alarm.target.version.clone(),
            reason: alarm.reason.clone(),
            did,
        }
    }

    /// Logs and counts it.
    pub fn tell(&self) {
        let Self {
            alarm,
            function,
            version,
            reason,
            did,
        } = self;
        telemetry::count("Rollbacks", 0);
        match did {
            Did::RolledBack { percent, serves } => {
                telemetry::count("Rollbacks", 1);
                tracing::warn!(
                    alarm,
                    guarded = function,
                    candidate = version,
                    percent,
                    serves,
                    reason,
                    "rolled back"
                );
            }
            Did::Nothing(why @ (Why::NoAlias | Why::ServesAsPrimary)) => {
                tracing::warn!(
                    alarm,
                    guarded = function,
                    candidate = version,
                    ?why,
                    reason,
                    "nothing to roll back"
                );
            }
            Did::Nothing(why) => {
                tracing::info!(
                    alarm,
                    guarded = function,
                    candidate = version,
                    ?why,
                    reason,
                    "nothing to roll back"
                );
            }
        }
    }
}

/// Why the invocation failed. Lambda retries it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// The event cannot be used.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The alias could not be read or changed: the candidate may still have its weight.
    #[error("{0}; the candidate may still have its weight")]
    Alias(#[from] AliasError),
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match &error {
            HandlerError::Event(_) => "InvalidEvent",
            HandlerError::Alias(AliasError::Changed { .. }) => "AliasChanged",
            HandlerError::Alias(AliasError::Call { .. }) => "AliasCallFailed",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}
