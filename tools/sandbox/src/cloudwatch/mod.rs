//! The metrics that Lambda would send to CloudWatch, the API that reads them, and alarms on them.
//!
//! # Map
//! - `store.rs`: the samples, second by second, as [`Recorder`](crate::invocation_record::Recorder)
//!   takes them; `series.rs`: metrics and dimensions.
//! - `distribution.rs`, `statistic.rs`: what a statistic of a period's samples is.
//! - `get_metric_data.rs`, `list_metrics.rs`: the two operations; `input.rs`, `error.rs`: what they
//!   take and refuse.
//! - [`alarms`]: metric alarms, and the events of their changes.
//! - `wire/`: the protocols; [`api`]: from an HTTP request to an operation and back.
//!
//! # Where it differs from AWS
//! - A metric can be read as soon as the invocation is over, and in periods shorter than a minute:
//!   Lambda sends its metrics once a minute.
//! - Percentiles are exact (nearest rank); AWS approximates them in a way that it does not publish.
//! - A period is reported whole: one that `StartTime` cuts is not cut.
//! - `ConcurrentExecutions` is kept per function only.
//! - There is no metric math but a little for alarms, and metrics cannot be put.

pub mod alarms;
pub mod api;
mod distribution;
mod error;
mod get_metric_data;
mod input;
mod list_metrics;
mod series;
mod statistic;
mod store;
mod wire;

use std::sync::Arc;

pub use store::MetricStore;

use self::alarms::Alarms;

/// The service of one sandbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CloudWatch {
    /// What the metrics are made of.
    pub metrics: Arc<MetricStore>,
    /// The alarms on them.
    pub alarms: Alarms,
}

impl CloudWatch {
    /// No samples and no alarms yet.
    #[must_use]
    pub fn new() -> Self {
        let metrics = Arc::new(MetricStore::default());
        let alarms = Alarms::new(Arc::clone(&metrics));
        Self { metrics, alarms }
    }
}

impl Default for CloudWatch {
    fn default() -> Self {
        Self::new()
    }
}
