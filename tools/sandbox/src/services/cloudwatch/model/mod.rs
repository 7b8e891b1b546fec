//! Samples and what they come to: no HTTP.
//!
//! - [`metric`]: what names a metric, and units; [`store`]: the samples of all metrics by time.
//! - [`distribution`], [`statistic`]: what a statistic of a period's samples is.
//! - [`lambda`]: the metrics that Lambda sends; [`service`]: those of other services; [`emf`]: those in the lines that
//!   functions print.

pub(super) mod distribution;
pub(super) mod emf;
pub(super) mod lambda;
pub(super) mod metric;
pub(super) mod service;
pub(super) mod statistic;
pub(super) mod store;
