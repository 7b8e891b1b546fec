//! Metrics that a handler adds to: sums over one invocation.
//!
//! They are global, because an environment has one invocation at a time, possibly on several
//! threads. Should invocations overlap, the sums are still right: no dimension tells invocations
//! apart.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How many metrics one line may have, less our own
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
const MAX_METRICS: usize = 99;

static METRICS: Mutex<Vec<Metric>> = Mutex::new(Vec::new());

/// One metric of one invocation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) unit: Unit,
    pub(super) value: f64,
}

/// CloudWatch's names of the units in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) enum Unit {
    Count,
    Milliseconds,
}

/// Adds to a count of this invocation, such as `DocumentsVerified`.
///
/// A metric keeps its unit; names of metrics begin with a capital, and `InitDuration`, `WarmDuration`, and what
/// `http_event` and `queue` count are taken. `count(name, 0)` writes a zero, so that an alarm can tell zero from no data.
pub fn count(name: &'static str, more: u64) {
    add(name, Unit::Count, more as f64);
}

/// Adds to a time of this invocation, such as `StoreTime`.
pub fn milliseconds(name: &'static str, more: Duration) {
    add(name, Unit::Milliseconds, more.as_secs_f64() * 1e3);
}

/// What was added since the last call.
pub(super) fn take() -> Vec<Metric> {
    std::mem::take(&mut *metrics())
}

fn add(name: &'static str, unit: Unit, value: f64) {
    let mut metrics = metrics();
    if let Some(metric) = metrics.iter_mut().find(|metric| metric.name == name) {
        metric.value += value;
    } else if metrics.len() < MAX_METRICS {
        metrics.push(Metric { name, unit, value });
    }
}

fn metrics() -> MutexGuard<'static, Vec<Metric>> {
    // No code that holds the lock can panic.
    METRICS.lock().unwrap_or_else(PoisonError::into_inner)
}
