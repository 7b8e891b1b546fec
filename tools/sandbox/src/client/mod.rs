//! What the commands, and tests, ask of a running sandbox. May use the types of [`crate::rehearsal`], what stands below
//! it, and not the server.
//!
//! - [`endpoint_file`]: how a sandbox that runs from a folder is found; [`endpoint`]: which one is meant, and clients for
//!   it.
//! - [`http`]: the HTTP client, and calls of DynamoDB and SQS; [`admin`]: the routes under `/_sandbox/`; [`lambda`]:
//!   questions to Lambda.
//! - [`apply`]: a function from its build, made or brought up to date; [`settings`]: its settings, as its manifest wants
//!   them and as Lambda has them.
//! - [`logs`]: the log lines of a function, from the folder of its sandbox.
//! - [`replay`]: the sample events of a function, sent to a build of it.
//! - [`traffic`]: scenarios and invocations at a steady rate.
//! - [`watch`]: a function in the making: its files, and its build for this machine.

pub mod admin;
pub mod apply;
pub mod endpoint;
pub mod endpoint_file;
pub mod http;
pub mod lambda;
pub mod logs;
pub mod replay;
pub mod settings;
pub mod traffic;
pub mod watch;
