//! What a build hands to a deploy: `dist/<function>/`.
//!
//! ```text
//! dist/hasher/
//!   function.json   what the function is: settings, tables, queues, rollout policy, artifacts (manifest/)
//!   arm64.zip       the artifact of each half, packed reproducibly (archive.rs)
//!   x86_64.zip
//!   events/         the function's sample events, for replay
//!   traffic/        scenarios for the sandbox's traffic; without them it invokes with the events
//! ```
//!
//! `settings/` reads a function's own `Cargo.toml` through `cargo metadata`, the only place
//! where a person writes these facts. Everything downstream (Terraform, the sandbox, `rollout`,
//! the CI matrix) reads `function.json` and repeats nothing.

pub mod archive;
pub mod manifest;
pub mod settings;

pub use manifest::{Architecture, Artifact, FunctionManifest, ManifestError, RolloutPolicy};
