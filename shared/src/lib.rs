//! What two or more functions need, and nothing else.
//!
//! | module | what it has |
//! | --- | --- |
//! | [`merkle`] | the RFC 6962 root over a document's leaves |
//! | [`architecture`] | what this build runs on: instruction set, CPU, number of threads, emulated or not |
//! | [`configuration`] | typed settings from environment variables, checked during init |
//! | [`quote`] | how an error quotes JSON that it refuses |
//! | `document` | the documents of the examples (feature `document`) |
//! | `document_store` | stores them in DynamoDB (feature `document-store`) |
//! | `http_event` | events that are HTTP requests, for an axum router (feature `http-event`) |
//! | `queue` | SQS batches with partial batch responses, for any work (feature `queue`) |
//! | `aws` | configuration of AWS clients (feature `aws`) |
//! | `parameters` | parameters and secrets, read during init (feature `parameters`) |
//! | `telemetry` | JSON logs and metrics (feature `telemetry`) |
//!
//! A function pays only for the features that it uses: one that only hashes compiles no AWS SDK.

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
#[cfg(feature = "parameters")]
pub mod parameters;
#[cfg(feature = "queue")]
pub mod queue;
pub mod quote;
#[cfg(feature = "telemetry")]
pub mod telemetry;
