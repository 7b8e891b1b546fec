//! SHA-256 Merkle root over many MiB: what CPU-heavy work does on both architectures.
//!
//! ```text
//! event (JSON) --event.rs--> Input --input.rs--> leaf hashes --shared::merkle--> root --answer.rs--> JSON
//! ```
//!
//! [`event`] checks the event and names the field that is wrong, [`input`] gives the bytes of a leaf
//! without ever having the whole input in memory, [`answer`] says what was done and how fast.
//! `main.rs` makes the thread pool during init and connects these.

pub mod answer;
pub mod event;
pub mod input;

pub use answer::{Answer, hash};
pub use event::{EventError, Limits, Request};
