//! Queues and their messages: AWS's rules of delivery, no I/O, and the time is passed in.
//!
//! - [`queue`]: one queue as a state machine; [`queues`]: all of them, and the way to the dead-letter queue.
//! - [`settings`]: attributes and their limits.
//! - [`message`]: what queues hold.

pub mod message;
pub mod queue;
pub mod queues;
pub mod settings;
