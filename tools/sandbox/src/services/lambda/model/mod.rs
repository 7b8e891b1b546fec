//! Lambda's rules about functions, versions and aliases: no I/O, no HTTP.
//!
//! - [`functions`]: all functions; [`function`]: one, with all that belongs to it.
//! - [`alias`], [`provisioned`]: what an alias routes to, and what provisioned concurrency forbids.
//! - [`running`]: the invocations that run now; [`concurrency`]: what functions reserve of the account's concurrency.
//! - [`event_invoke`]: what asynchronous invocations go by; [`destinations`]: what callers may set of it.
//! - [`state`]: what is under way while a function is created or updated.
//! - [`url`]: the URL of a function.
//! - [`settings`]: what callers may set, and its limits; [`names`]: functions and qualifiers as callers write them.

pub mod alias;
pub mod concurrency;
pub mod destinations;
pub mod event_invoke;
pub mod function;
pub mod functions;
pub mod names;
pub mod provisioned;
pub mod running;
pub mod settings;
pub mod state;
pub mod url;
