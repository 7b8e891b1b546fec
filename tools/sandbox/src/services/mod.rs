//! The services of AWS that the sandbox has. May use [`crate::execution`], [`crate::net`] and [`crate::aws`].
//!
//! | service | may use |
//! | --- | --- |
//! | [`lambda`], [`sqs`], [`cloudwatch`], [`dynamodb`], [`parameters`] | no other service |
//! | [`event_sources`]: queues that invoke functions | `lambda`, `sqs` |
//! | [`http_api`]: HTTP requests that invoke functions | `lambda` |
//! | [`function_urls`]: HTTP requests that invoke functions, without an API | `lambda`, `http_api` |
//! | [`eventbridge`]: alarms and schedules that invoke functions, and the events that these put | `lambda`, `cloudwatch` |
//! | [`tagging`]: functions by their tags | `lambda` |
//!
//! Within a service the model has the rules of AWS and no I/O, the operations are the API, and the wire is what requests
//! and answers look like.

pub mod cloudwatch;
pub mod dynamodb;
pub mod event_sources;
pub mod eventbridge;
pub mod function_urls;
pub mod http_api;
pub mod lambda;
pub mod parameters;
pub mod sqs;
pub mod tagging;
