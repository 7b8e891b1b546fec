//! A sandbox for the end-to-end tests of functions: in the test's own process, in a temporary folder, on a free port.
//!
//! - `sandbox.rs`: [`Sandbox`], started and stopped, and the AWS clients for it.
//! - `deployment.rs`: a function from `dist/`, with both builds published.
//! - `invocation.rs`: what an invocation came to.
//!
//! ```no_run
//! # async fn test() -> anyhow::Result<()> {
//! let sandbox = sandbox::testing::Sandbox::start().await?;
//! sandbox.apply("hasher").await?;
//! for build in ["arm64", "x86_64"] {
//!     let answer = sandbox.invoke("hasher", build, &serde_json::json!({"data_base64": ""})).await?;
//!     assert!(answer.is_success(), "{answer:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The errors are for people: a test unwraps them.
//!
//! May use [`crate::client`], [`crate::server`] and what stands below them.

mod deployment;
mod invocation;
mod sandbox;

pub use self::{deployment::Pair, invocation::Invocation, sandbox::Sandbox};
