//! What the examples are about: a notary that keeps documents and verifies them. A library beside the functions that
//! use it, so that whoever deletes the examples deletes it with them.
//!
//! | module | what it has |
//! | --- | --- |
//! | [`merkle`] | the RFC 6962 root over leaves |
//! | `document` | a document, its message, and the root of its content (feature `document`) |
//! | `store` | documents in a DynamoDB table (feature `store`) |
//!
//! `Cargo.toml` says what the table and the queue are.

#[cfg(feature = "document")]
pub mod document;
pub mod merkle;
#[cfg(feature = "store")]
pub mod store;
