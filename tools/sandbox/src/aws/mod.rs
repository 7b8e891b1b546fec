//! What all services have in common, whatever they do. Uses no other layer.
//!
//! - Here: the one account, its region when a request names none, and how AWS writes times.
//! - [`arn`]: ARNs, and the characters of names.
//! - [`signature`]: whose request it is, for which region and service.
//! - [`errors`]: refusals as the protocols carry them.
//! - [`json_protocol`]: the protocol of DynamoDB, SQS, CloudWatch, EventBridge, parameters and tags.
//! - [`paging`]: lists in pages.

pub mod arn;
pub mod errors;
pub mod json_protocol;
pub mod paging;
pub mod signature;

use chrono::{DateTime, Utc};

/// The account that everything in the sandbox belongs to.
pub const ACCOUNT_ID: &str = "000000000000";

/// The region of requests that are not signed.
pub const DEFAULT_REGION: &str = "us-east-1";

/// A time as Lambda and CloudWatch write it in JSON: `2026-01-31T12:00:00.000+0000`.
#[must_use]
pub fn timestamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}
