//! Lambda's rules about functions, versions and aliases: no I/O, no HTTP.
//!
//! - [`functions`]: all functions; [`function`]: one, with all that belongs to it.
//! - [`alias`], [`provisioned`]: what an alias routes to, and what provisioned concurrency forbids.
//! - [`event_invoke`]: what asynchronous invocations go by.
//! - [`settings`]: what callers may set, and its limits; [`names`]: functions and qualifiers as callers write them.

pub mod alias;
pub mod event_invoke;
pub mod function;
pub mod functions;
pub mod names;
pub mod provisioned;
pub mod settings;
