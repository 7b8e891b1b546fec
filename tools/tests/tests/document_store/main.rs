//! The document store against DynamoDB's wire protocol, as the sandbox speaks it: conditions,
//! paging, writers that meet, throttling, lost answers.

#![allow(clippy::unwrap_used)] // a test fails by panicking
#![allow(unreachable_pub)] // its modules share helpers

mod common;
mod create;
mod delete;
mod failures;
mod list;
mod lossy;
mod settle;
