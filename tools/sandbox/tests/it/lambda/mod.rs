//! The Lambda API, seen through its own SDK: one file per group of claims.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::common;
mod aliases;
mod answers;
mod builders;
mod environments;
mod failures;
mod faults;
mod functions;
mod initialisation;
mod permissions;
mod provisioned;
mod versions;
