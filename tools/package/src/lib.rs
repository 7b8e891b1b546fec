//! What a build hands to a deploy: `dist/<function>/`.
//!
//! ```text
//! dist/hasher/
//!   function.json   what the function is: settings, tables, queues, rollout policy, artifacts (manifest/)
//!   arm64.zip       the artifact of each build, packed reproducibly (archive.rs)
//!   x86_64.zip
//!   events/         the function's sample events and their expected answers, for replay
//!   traffic/        scenarios for the sandbox's traffic; without them it invokes with the events
//! ```
//!
//! What functions share exists before any of them: `resources.rs` gives tables and queues of all
//! functions together, built or not.
//!
//! `settings/` reads a function's own `Cargo.toml` through `cargo metadata`, the only place
//! where a person writes these facts. Everything downstream (Terraform, the sandbox, `rollout`,
//! the CI matrix) reads `function.json` and repeats nothing. `project.rs` says whose project this is. `replay/`
//! compares what both builds answer to the sample events, for every tool that sends these.

pub mod archive;
pub mod manifest;
pub mod project;
pub mod replay;
pub mod resources;
pub mod settings;

pub use manifest::{
    Architecture, Artifact, FunctionManifest, ManifestError, OnInconclusive, RolloutPolicy,
};
