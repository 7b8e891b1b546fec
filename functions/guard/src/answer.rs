//! What was done, for the log and for a replay; why not, when it failed.

use lambda_runtime::Diagnostic;
use serde::Serialize;
use shared::telemetry;

use crate::{
    alias::AliasError,
    event::{Alarm, EventError},
};

/// What has come of an alarm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// Name of the alarm.
    pub alarm: String,
    /// The function that it guards.
    pub function: String,
    /// The version that it watches.
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
    TakenBack {
        /// The weight that it had, in percent.
        percent: f64,
        /// The version that serves alone now.
        serves: String,
    },
    /// The alias is as it was.
    Nothing(Why),
}

/// Why nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The alarm went into another state.
    NotInAlarm,
    /// The function or its alias does not exist.
    NoAlias,
    /// The version has no weight: taken back before, or an old alarm.
    NoWeight,
    /// The version is the alias's primary one: there is nobody to give its traffic to.
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

    /// Says it in the log, and counts it.
    pub fn tell(&self) {
        let Self {
            alarm,
            function,
            version,
            reason,
            did,
        } = self;
        telemetry::count("WeightsTakenBack", 0);
        match did {
            Did::TakenBack { percent, serves } => {
                telemetry::count("WeightsTakenBack", 1);
                tracing::warn!(
                    alarm,
                    guarded = function,
                    candidate = version,
                    percent,
                    serves,
                    reason,
                    "weight taken back"
                );
            }
            Did::Nothing(why @ (Why::NoAlias | Why::ServesAsPrimary)) => {
                tracing::warn!(
                    alarm,
                    guarded = function,
                    candidate = version,
                    ?why,
                    reason,
                    "nothing to take back"
                );
            }
            Did::Nothing(why) => {
                tracing::info!(
                    alarm,
                    guarded = function,
                    candidate = version,
                    ?why,
                    reason,
                    "nothing to take back"
                );
            }
        }
    }
}

/// Why the invocation fails; Lambda tries it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// The event is nothing that can be acted upon.
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
