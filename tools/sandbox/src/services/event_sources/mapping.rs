//! One mapping: its source, its function, its settings and its state.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::settings::{REPORT_FAILURES, Settings};
use crate::{
    aws::arn,
    services::lambda::model::names::{self, FunctionRef},
};

/// `State`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Was just created.
    Creating,
    /// Is about to read the queue.
    Enabling,
    /// Reads the queue.
    Enabled,
    /// Waits for the batches that are under way, and reads no more.
    Disabling,
    /// Does not read the queue.
    Disabled,
    /// Waits for the batches that are under way, and continues with other settings.
    Updating,
    /// Waits for the batches that are under way, and is gone then.
    Deleting,
}

impl State {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::Enabling => "Enabling",
            Self::Enabled => "Enabled",
            Self::Disabling => "Disabling",
            Self::Disabled => "Disabled",
            Self::Updating => "Updating",
            Self::Deleting => "Deleting",
        }
    }

    /// Whether nothing is under way that forbids a change.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Enabled | Self::Disabled)
    }

    /// The state that a change ends in.
    #[must_use]
    pub const fn settled(enabled: bool) -> Self {
        if enabled {
            Self::Enabled
        } else {
            Self::Disabled
        }
    }
}

/// A mapping.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Its id.
    pub uuid: String,
    /// ARN of the queue.
    pub queue_arn: String,
    /// What it invokes.
    pub function: FunctionRef,
    /// Region of the function, for ARNs.
    pub region: String,
    /// How it batches and scales.
    pub settings: Settings,
    /// Its state.
    pub state: State,
    /// When it was last changed.
    pub modified: DateTime<Utc>,
}

impl Mapping {
    /// Its own ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        let Self { uuid, region, .. } = self;
        arn::arn(
            "lambda",
            region,
            format_args!("event-source-mapping:{uuid}"),
        )
    }

    /// ARN of what it invokes, with the qualifier.
    #[must_use]
    pub fn function_arn(&self) -> String {
        let FunctionRef { name, qualifier } = &self.function;
        names::function_arn(&self.region, name, qualifier.as_deref())
    }

    /// Name of the queue.
    #[must_use]
    pub fn queue(&self) -> &str {
        arn::last_part(&self.queue_arn)
    }

    /// `EventSourceMappingConfiguration` on the wire.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let settings = self.settings;
        let types: &[&str] = if settings.reports_failures {
            &[REPORT_FAILURES]
        } else {
            &[]
        };
        let mut json = json!({
            "UUID": self.uuid,
            "EventSourceMappingArn": self.arn(),
            "EventSourceArn": self.queue_arn,
            "FunctionArn": self.function_arn(),
            "BatchSize": settings.batch_size,
            "MaximumBatchingWindowInSeconds": settings.window_s,
            "FunctionResponseTypes": types,
            "State": self.state.as_str(),
            "StateTransitionReason": "USER_INITIATED",
            "LastModified": self.modified.timestamp_millis() as f64 / 1000.0,
        });
        if let Some(limit) = settings.maximum_concurrency {
            json["ScalingConfig"] = json!({"MaximumConcurrency": limit});
        }
        json
    }
}
