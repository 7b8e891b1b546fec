//! What the subcommands that talk to a running sandbox have in common.
//!
//! - [`endpoint`]: which sandbox is meant, and AWS clients for it.
//! - [`admin`]: the routes under `/_sandbox/` that are no part of AWS.
//! - [`apply`]: a function from its build, made or brought up to date.
//! - [`http`]: a client for the HTTP fronts.
//! - [`settings`]: a function's settings, as its manifest wants them and as Lambda has them.
//! - [`traffic`]: invocations at a steady rate.

pub mod admin;
pub mod apply;
pub mod endpoint;
pub mod http;
pub mod settings;
pub mod traffic;
