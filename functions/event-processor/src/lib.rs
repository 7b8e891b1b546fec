//! Verifies documents from a queue.
pub mod batch;
pub mod event;
pub mod failure;
