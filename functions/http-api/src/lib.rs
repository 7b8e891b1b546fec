//! Documents over HTTP: stores them and queues them for verification.
//!
//! ```text
//! event --shared::http_event--> request --> router.rs --> operations/*.rs --> answer or problem.rs
//!                                               |               |
//!                                            layers     shared::document_store, queue.rs
//! ```
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`shared::http_event`] | parses events that are HTTP requests, with clear errors for all others |
//! | [`mod@router`] | paths and methods, and the layers around them |
//! | [`operations`] | one file per operation: handler, logic, its part of the OpenAPI description |
//! | [`request_id`], [`catch_panic`] | the layers |
//! | [`submission`], [`idempotency_key`], [`accept`], [`etag`] | the parts of a request, checked |
//! | [`representation`], [`problem`] | the parts of an answer |
//! | [`queue`] | sends the messages about stored documents |
//!
//! `main.rs` makes the clients during init and connects these. The API is at the root of its
//! domain: at API Gateway's stage `$default`, or at a function URL.

pub mod accept;
pub mod catch_panic;
pub mod etag;
pub mod idempotency_key;
pub mod operations;
pub mod problem;
pub mod queue;
pub mod representation;
pub mod request_id;
pub mod router;
pub mod submission;

pub use operations::{Api, health::Facts};
pub use router::router;
pub use shared::http_event::handle;
