//! Rollouts of the functions from `dist/`: what users feel of a bad release is seen, and silence is no failure.

#![cfg(any(event_processor, hasher, http_api))]
#![allow(clippy::unwrap_used)] // a test fails by panicking
#![allow(unreachable_pub)] // its modules share helpers
#![allow(dead_code)] // without one of the examples

mod common;
#[cfg(hasher)]
mod controller;
#[cfg(event_processor)]
mod event_processor;
#[cfg(hasher)]
mod hasher;
#[cfg(http_api)]
mod http_api;
#[cfg(hasher)]
mod kills;
