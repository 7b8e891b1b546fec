//! What is known about one invocation once it is over, and what functions print: metrics are made of both.

use std::time::Duration;

use chrono::{DateTime, Utc};
use package::Architecture;

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The function answered.
    Success,
    /// The function reported an error, or an error was injected.
    Error,
    /// The function was killed at its time limit.
    Timeout,
    /// The process ended while it initialised or while it worked on the event.
    Crash,
    /// No environment was free and no further one allowed. The function did not run: this counts as a throttle,
    /// and as neither an invocation nor an error.
    Throttle,
}

impl Outcome {
    /// Whether `AWS/Lambda` counts this in `Errors`.
    #[must_use]
    pub const fn is_error(self) -> bool {
        matches!(self, Self::Error | Self::Timeout | Self::Crash)
    }
}

/// One invocation, or one refused request.
#[derive(Debug, Clone, PartialEq)]
pub struct InvocationRecord {
    /// Name of the function.
    pub function: String,
    /// The qualifier as the caller gave it: an alias, a version, `$LATEST`, or none.
    pub qualifier: Option<String>,
    /// Whether `qualifier` names an alias: only those invocations have the dimension `ExecutedVersion`.
    pub through_alias: bool,
    /// The version that ran (or would have run): a number or `$LATEST`.
    pub executed_version: String,
    /// The version's architecture.
    pub architecture: Architecture,
    /// When the invocation began: the timestamp of its metrics.
    pub started: DateTime<Utc>,
    /// Time that the handler took, without initialisation. Zero for a throttle.
    pub duration: Duration,
    /// What would be billed: duration and initialisation, rounded up to a millisecond.
    pub billed: Duration,
    /// Time that initialisation took, when this invocation was a cold start.
    pub init: Option<Duration>,
    /// How it ended.
    pub outcome: Outcome,
    /// Peak resident memory of the process so far, in MiB.
    pub max_memory_mib: u64,
    /// Invocations of this function that ran at the moment when this one began, itself included.
    pub concurrent: u32,
}

/// Where records go. Called for every invocation on the hot path: must neither block nor take long.
pub trait Recorder: std::fmt::Debug + Send + Sync + 'static {
    /// Takes note of one finished invocation.
    fn record(&self, record: InvocationRecord);

    /// Takes lines that a function has printed and that may have metrics in them.
    fn record_lines(&self, lines: &[String]);
}
