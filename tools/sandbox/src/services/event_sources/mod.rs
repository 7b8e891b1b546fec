//! Event source mappings: what reads a queue and invokes a function with what it finds.
//!
//! - Model: [`mapping`], one mapping and its state; [`settings`], what callers may set, and its limits.
//! - [`operations`]: the API.
//! - Wire: [`event`], what the function gets; [`response`], which messages a function says it has failed on.
//! - [`registry`]: all mappings, and the pollers that run for them. [`poller`]: fills batches, never more of them at once
//!   than allowed. [`delivery`]: delivers one batch, and deletes what has succeeded.
//!
//! # How a message flows
//! [`poller`] waits for a free slot, then for messages, and fills a batch until it is full or its window is over →
//! [`delivery`] invokes the function like any other caller, through the alias and its weights, and tries again while it is
//! throttled → on success the batch is deleted, without the messages that the function lists as failed; after a function
//! error nothing is. What is not deleted becomes visible after the queue's visibility timeout, and the queue counts how often.
//!
//! # Where it differs from AWS
//! - Queues are the only sources, and there are neither filters nor provisioned pollers: a request that asks for one is refused.
//! - The pollers go from nothing to the greatest concurrency at once when there is a backlog: AWS starts with five and
//!   adds as it goes.
//! - Without `MaximumConcurrency`, the number of environments is the limit.

pub mod delivery;
pub mod event;
pub mod mapping;
pub mod operations;
pub mod poller;
pub mod registry;
pub mod response;
pub mod settings;

pub use self::registry::EventSources;
