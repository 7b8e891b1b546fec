//! The program through the AWS wire protocol, as one test program: it is linked once, and its tests wait side by side.
#![expect(clippy::expect_used, reason = "a test that cannot go on says where")]

mod alias_swap;
mod bench;
mod check;
mod common;
mod deployed;
mod faults;
mod release;
mod report;
mod run_gates;
mod run_guard;
mod run_path;
mod run_policy;
mod run_rollout;
