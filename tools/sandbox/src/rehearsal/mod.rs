//! What AWS has no API for, and a rehearsal of a release needs. May use [`crate::services`] and what stands below it.
//!
//! - [`faults`]: errors, crashes, throttles and latency to inject into the builds of a function.
//! - [`service_faults`]: errors, throttles, denials and latency to inject into the operations of DynamoDB and SQS, and
//!   metrics that come late.
//! - [`access`]: what a function may do to tables, queues and aliases, by its metadata.
//! - [`admin`]: the routes under `/_sandbox/`.

pub mod access;
pub mod admin;
pub mod faults;
pub mod service_faults;
