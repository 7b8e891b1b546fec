//! What two or more functions need, and nothing else.
//!
//! | module | what it answers |
//! | --- | --- |
//! | [`merkle`] | the RFC 6962 root over a document's leaves |
//! | [`architecture`] | what this half runs on: instruction set, CPU, share of CPU, emulated or not |
//! | [`configuration`] | typed settings from environment variables, checked during init |
//! | [`quote`] | how an error speaks of JSON that it refuses |
//! | `document` | the notary's documents (feature `document`) |
//! | `document_store` | where they are kept, and how (feature `document-store`) |
//! | `http_event` | which events are HTTP requests, and their way through a router (feature `http-event`) |
//! | `queue` | SQS batches with partial batch responses, around any work (feature `queue`) |
//! | `aws` | how AWS clients are configured (feature `aws`) |
//! | `telemetry` | JSON logs and metrics (feature `telemetry`) |
//!
//! Features keep the cost where it is used: a function that only hashes compiles no AWS SDK.

pub mod architecture;
#[cfg(feature = "aws")]
pub mod aws;
pub mod configuration;
#[cfg(feature = "document")]
pub mod document;
#[cfg(feature = "document-store")]
pub mod document_store;
#[cfg(feature = "http-event")]
pub mod http_event;
pub mod merkle;
#[cfg(feature = "queue")]
pub mod queue;
pub mod quote;
#[cfg(feature = "telemetry")]
pub mod telemetry;
