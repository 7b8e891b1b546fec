//! Metrics that a handler adds to. They belong to its invocation: to the task that runs it, not to the process.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

tokio::task_local! {
    /// Of the invocation that this task runs.
    pub(super) static METRICS: Metrics;
}

/// Keys that a line of metrics has besides them.
const KEYS: [&str; 7] = [
    "_aws",
    "level",
    "timestamp",
    "Function",
    "Version",
    "architecture",
    "requestId",
];
/// What is written for every function of a kind, by this crate alone: a rollout compares it.
const OWN: [&str; 6] = [INIT, WARM, REQUESTS, SERVER_ERRORS, RECORDS, RECORDS_FAILED];
/// What failed, and of what: by function too, whatever its version.
pub(super) const BY_FUNCTION: [&str; 4] = [REQUESTS, SERVER_ERRORS, RECORDS, RECORDS_FAILED];
/// HTTP requests, and those that were answered with 5xx.
pub(super) const REQUESTS: &str = "Requests";
pub(super) const SERVER_ERRORS: &str = "ServerErrors";
/// Messages of a batch, and those that went back to the queue.
pub(crate) const RECORDS: &str = "Records";
pub(crate) const RECORDS_FAILED: &str = "RecordsFailed";
/// How long init took before the first invocation of an environment, and how long a later one took. The sample counts
/// are the cold starts and the warm invocations. What an environment needs before the program starts, and to load it,
/// is Lambda's part of init, and not in it.
pub(super) const INIT: &str = "InitDuration";
pub(super) const WARM: &str = "WarmDuration";

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

/// Those of one invocation, and the names that were refused.
#[derive(Clone, Default)]
pub(super) struct Metrics(Arc<Mutex<(Vec<Metric>, Vec<&'static str>)>>);

/// Adds to a count of this invocation, such as `DocumentsVerified`. `count(name, 0)` writes a zero, so that an alarm can
/// tell zero from no data.
///
/// A name that a line of metrics has already, that this crate writes itself (`Requests`, `Records`), or that stands for
/// a time, is refused: it is logged and not written.
pub fn count(name: &'static str, more: u64) {
    add(name, Unit::Count, more as f64, false);
}

/// Adds to a count of [`OWN`].
#[cfg(any(feature = "http", feature = "queue"))]
pub(crate) fn count_own(name: &'static str, more: u64) {
    add(name, Unit::Count, more as f64, true);
}

/// Adds to a time of this invocation, such as `StoreTime`. What [`count`] says of names holds here too.
pub fn milliseconds(name: &'static str, more: Duration) {
    add(name, Unit::Milliseconds, in_milliseconds(more), false);
}

pub(super) fn in_milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn add(name: &'static str, unit: Unit, value: f64, own: bool) {
    if METRICS
        .try_with(|metrics| metrics.add(Metric { name, unit, value }, own))
        .is_err()
    {
        tracing::warn!(
            metric = name,
            "not written: it was counted outside of the task that runs the invocation"
        );
    }
}

impl Metrics {
    /// What was added.
    pub(super) fn take(&self) -> Vec<Metric> {
        std::mem::take(&mut self.lock().0)
    }

    fn add(&self, metric: Metric, own: bool) {
        let mut all = self.lock();
        let known = all.0.iter_mut().find(|known| known.name == metric.name);
        let refused = KEYS.contains(&metric.name)
            || OWN.contains(&metric.name) != own
            || known
                .as_ref()
                .is_some_and(|known| known.unit != metric.unit);
        match known {
            _ if refused => {
                let new = !all.1.contains(&metric.name);
                all.1.push(metric.name);
                drop(all);
                if new {
                    tracing::error!(
                        metric = metric.name,
                        "not written: the name is taken, give the metric another one"
                    );
                }
            }
            Some(known) => known.value += metric.value,
            None => all.0.push(metric),
        }
    }

    fn lock(&self) -> MutexGuard<'_, (Vec<Metric>, Vec<&'static str>)> {
        // No code that holds the lock can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
