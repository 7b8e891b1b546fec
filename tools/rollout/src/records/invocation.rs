//! What is known of one invocation.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::alias::Version;

/// One invocation that is over, as its report says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Invocation {
    /// Its id. An asynchronous invocation that is tried again keeps it.
    pub request_id: String,
    /// The version that ran; none when it was `$LATEST`, or the source does not say.
    pub version: Option<Version>,
    /// When it was over, if the source says.
    pub ended: Option<DateTime<Utc>>,
    /// How long the handler took, in milliseconds, without starting the environment.
    pub duration_ms: f64,
    /// What is billed, in milliseconds, initialisation included.
    pub billed_ms: u64,
    /// How long the environment took to start, or to be restored, when this was a cold start.
    pub init_ms: Option<f64>,
    /// Memory that is billed, in MiB (Lambda writes MB).
    pub memory_mib: u32,
    /// The most memory that the environment has used so far, in MiB.
    pub max_memory_mib: u32,
    /// How it ended.
    pub status: Status,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// With an answer. A text report has no status then; AWS does not document whether it has one
    /// for every error that a function reports itself, so errors from text logs may be too few.
    Success,
    /// With an error: the function's own, or its process is gone.
    Error,
    /// It was stopped at its time limit.
    Timeout,
}

impl Status {
    /// Lambda's names for it. `failure` is an error too: the runtime ended unexpectedly.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "success" => Self::Success,
            "error" | "failure" => Self::Error,
            "timeout" => Self::Timeout,
            _ => return None,
        })
    }
}

impl Invocation {
    /// Whether it waited for its environment to start.
    #[must_use]
    pub const fn is_cold(&self) -> bool {
        self.init_ms.is_some()
    }

    /// Whether `AWS/Lambda` counts it among the errors: timeouts are.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.status != Status::Success
    }
}
