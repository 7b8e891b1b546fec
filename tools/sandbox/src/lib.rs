//! An AWS account in one process: Lambda with both architectures, DynamoDB, SQS, CloudWatch metrics.
//!
//! # Layers
//! Each may use only what stands below it, and no module imports another in a circle.
//!
//! | layer | what | may use |
//! | --- | --- | --- |
//! | [`cli`] | arguments, one file per command, terminal output | everything below |
//! | [`testing`] | a sandbox in the process of a test, for the end-to-end tests of functions | `client`, `server` and below |
//! | [`client`] | what the commands and tests ask of a running sandbox: `apply`, traffic, faults | `rehearsal`, `services::{eventbridge, http_api}`, `execution`, `aws` |
//! | [`server`] | one port on loopback, and all services behind it | `rehearsal`, `services`, `execution`, `net`, `aws` |
//! | [`rehearsal`] | what AWS has no API for: faults to inject, access by metadata, the admin routes | `services`, `execution`, `aws` |
//! | [`services`] | Lambda, event source mappings, SQS, CloudWatch, DynamoDB, HTTP APIs, EventBridge | `execution`, `net`, `aws` |
//! | [`execution`] | the code of a version, the processes that run it, the Runtime API, the logs | `net`, `aws` |
//! | [`net`] | what every port has: no delay, no web pages | `aws` |
//! | [`aws`] | what all services have in common: account, region, ARNs, errors, pages | nothing |
//!
//! # How an invocation flows
//! `POST /2015-03-31/functions/{name}/invocations` → [`services::lambda`] finds the alias and draws a version →
//! [`execution`] takes an idle process of that version or starts one → the process gets the event from
//! `GET …/invocation/next` and posts its answer → the log gets its `REPORT` line, an [`execution::record`] goes to
//! [`services::cloudwatch`], the caller gets the answer with `X-Amz-Executed-Version`.

pub mod aws;
pub mod cli;
pub mod client;
pub mod execution;
pub mod net;
pub mod rehearsal;
pub mod server;
pub mod services;
pub mod testing;

/// The alias that callers use: HTTP APIs, event source mappings and alarms invoke it.
pub const LIVE: &str = "live";
