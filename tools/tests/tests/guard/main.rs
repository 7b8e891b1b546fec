//! Both builds of the guard, from `dist/guard`: the same events, the same answers; and through the Runtime API with
//! Lambda's aliases behind it.

#![cfg(guard)]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test fails by panicking
#![allow(unreachable_pub)] // its modules share helpers

mod common;
mod end_to_end;
mod guarding;
