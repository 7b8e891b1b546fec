//! Event source mappings: what reads a queue and invokes a function with what it finds.
//!
//! # Map
//! - [`operations`]: the API; [`settings`]: what callers may set, and its limits; [`mapping`]: one mapping and its state.
//! - [`registry`]: all mappings, and the pollers that run for them.
//! - [`poller`]: from the queue to batches, never more of them at once than allowed; [`delivery`]: one batch to the
//!   function, and what is deleted afterwards; [`response`]: which messages a function says it has failed on.
//! - [`event`]: the event that the function gets.
//!
//! # How a message flows
//! [`poller`] waits for a free place, then for messages, and fills a batch until it is full or its window is over →
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
