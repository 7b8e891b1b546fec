//! Documents over HTTP: stores them and queues them for verification.
//!
//! ```text
//! event --lambda_http--> request --router.rs--> operations/*.rs --> answer, or problem.rs
//!                                    |               |
//!                                 layers     notary::store, the queue
//! ```
//!
//! | file | what it holds |
//! | --- | --- |
//! | `router` | paths and methods, and the layers around them |
//! | [`operations`] | one file per operation: the handler and its part of the OpenAPI description |
//! | [`problem`] | errors as problem details |
//!
//! `main.rs` makes the clients during init and connects these. To add a route: a file like
//! `operations/get_content.rs`, and a line each in `operations/mod.rs`,
//! `router.rs` and `operations/openapi.rs` (CONTRIBUTING.md has it as an example).

pub mod operations;
pub mod problem;
mod router;

pub use router::{Api, REQUEST_ID, router};
