//! The metrics that Lambda would send to CloudWatch, and the API that reads them.
//!
//! # Map
//! - `store.rs`: the samples, second by second, as [`Recorder`](crate::invocation_record::Recorder)
//!   takes them; `series.rs`: metrics and dimensions.
//! - `distribution.rs`, `statistic.rs`: what a statistic of a period's samples is.
//! - `get_metric_data.rs`, `list_metrics.rs`: the two operations; `input.rs`, `error.rs`: what they
//!   take and refuse.
//! - `wire/`: the protocols; [`api`]: from an HTTP request to an operation and back.
//!
//! # Where it differs from AWS
//! - A metric can be read as soon as the invocation is over, and in periods shorter than a minute:
//!   Lambda sends its metrics once a minute.
//! - Percentiles are exact (nearest rank); AWS approximates them in a way that it does not publish.
//! - A period is reported whole: one that `StartTime` cuts is not cut.
//! - `ConcurrentExecutions` is kept per function only.
//! - There is no metric math, and metrics cannot be put.

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

pub use store::MetricStore;
