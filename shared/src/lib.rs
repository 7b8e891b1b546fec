//! What any function needs, and nothing else.
//!
//! | module | what it has |
//! | --- | --- |
//! | [`configuration`] | typed settings from environment variables, checked during init |
//! | [`architecture`] | what this build runs on: instruction set, CPU, number of threads, emulated or not |
//! | `telemetry` | JSON logs and metrics (feature `telemetry`) |
//! | `deadline` | work that is over before Lambda ends the invocation (feature `deadline`) |
//! | `http` | requests as the caller has sent them (feature `http`) |
//! | `queue` | SQS batches with partial batch responses, for any work (feature `queue`) |
//! | `aws` | configuration of AWS clients, and what their errors mean (feature `aws`) |
//! | [`quote`] | how an error quotes JSON that it refuses |
//!
//! A function pays only for the features that it uses: one that only hashes compiles no AWS SDK.

pub mod architecture;
#[cfg(feature = "aws")]
pub mod aws;
pub mod configuration;
#[cfg(feature = "deadline")]
pub mod deadline;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "queue")]
pub mod queue;
pub mod quote;
#[cfg(feature = "telemetry")]
pub mod telemetry;
