//! Samples and what they come to: no HTTP.
//!
//! - [`store`]: the samples, second by second; [`series`]: metrics and dimensions.
//! - [`distribution`], [`statistic`]: what a statistic of a period's samples is.

pub(super) mod distribution;
pub(super) mod series;
pub(super) mod statistic;
pub(super) mod store;
