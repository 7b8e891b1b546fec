//! What a build hands to a deploy: `dist/<function>/`.
//!
//! ```text
//! dist/hasher/
//!   function.json   what the function is: settings, rollout policy, both artifacts (manifest.rs)
//!   arm64.zip       the artifact of each half, packed reproducibly (archive.rs)
//!   x86_64.zip
//!   events/         the function's sample events, for replay and for the sandbox's traffic
//! ```
//!
//! `settings.rs` reads a function's own `Cargo.toml` through `cargo metadata`, the only place
//! where a person writes these facts. Everything downstream (Terraform, the sandbox, `rollout`,
//! the CI matrix) reads `function.json` and repeats nothing.

pub mod archive;
pub mod manifest;
pub mod settings;

pub use manifest::{Architecture, Artifact, FunctionManifest, ManifestError, RolloutPolicy};
