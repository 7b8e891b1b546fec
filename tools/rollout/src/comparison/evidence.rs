//! What both versions have done, from CloudWatch's metrics or from log records.

use serde::Serialize;

use crate::{
    metrics::{Durations, Period, Sample},
    records,
    report::Distribution,
};
use analysis::Count;

/// What both versions have done in a window.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Where it is from.
    pub source: Source,
    /// Baseline and candidate over the whole window.
    pub samples: [Sample; 2],
    /// What only log records know of them.
    pub exact: [Option<Exact>; 2],
    /// Period by period, oldest first.
    pub periods: Vec<Period>,
    /// Invocation by invocation, where the source has them.
    pub records: Option<Vec<records::Period>>,
    /// How long invocations took, where the source has every one of them.
    pub distributions: Option<[Distribution; 2]>,
}

/// Where figures are from, which says what they can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Source {
    /// CloudWatch's metrics: no cold starts, no memory, billed time only as an estimate.
    Metrics,
    /// A log record per invocation: exact, without throttles, which never ran.
    Records {
        /// Reports that could not be read: they are missing from all counts.
        unreadable: usize,
        /// Records that do not say when they were: they are in no period, and are not judged.
        untimed: usize,
    },
}

/// What only log records know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Exact {
    /// Invocations that waited for their environment to start.
    pub cold_starts: u64,
    /// Invocations that were stopped at their time limit.
    pub timeouts: u64,
    /// Cold starts, and those of them that were slow with their initialisation, if there is a limit.
    pub slow_cold: Option<Count>,
    /// The others, and those of them that were slow.
    pub slow_warm: Option<Count>,
    /// How long cold invocations took, initialisation included.
    pub cold: Option<Durations>,
    /// How long the others took.
    pub warm: Option<Durations>,
    /// The most memory that an environment has used, in MiB.
    pub max_memory_mib: u32,
    /// What all invocations are billed for together, initialisation included, in milliseconds.
    pub billed_ms: f64,
}

impl Exact {
    /// What is left of an emulated half's.
    pub(super) const fn without_time(self) -> Self {
        Self {
            cold: None,
            warm: None,
            slow_cold: None,
            slow_warm: None,
            billed_ms: 0.0,
            ..self
        }
    }
}
