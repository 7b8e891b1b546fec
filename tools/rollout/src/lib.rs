//! Moves the traffic of one Lambda function from one version to another, and watches.
//!
//! | layer | what | I/O |
//! | --- | --- | --- |
//! | [`cli`] | arguments, one file per command, terminal output, exit codes | yes |
//! | [`report`] | both versions side by side: table, Markdown, JSON, HTML; prices | no |
//! | [`release`] | checks of artifacts, publish a pair, replay events, prune, benchmarks | yes |
//! | [`delivery`] | policy, path, state in the alias, and `tick`: observe, analyse, decide, apply | thin |
//! | [`aws`] | clients; versions, aliases, `$LATEST`, metrics, the alarm | yes |
//! | the crate `analysis` | counts, e-processes, intervals, the verdict | no |
//!
//! Each layer uses only those below it, and no module imports another in a circle: `tools/tests` checks that.
//! A Lambda function that ticks needs the lower ones alone: without the feature `cli`, which is on by default,
//! there is nothing of the others, nor of their dependencies.
//!
//! A release goes `publish` (checks, two versions, three aliases) -> `replay` (same events, same answers, and
//! the expected ones: `package::replay`) -> `run` (weights, analyses) -> `report` (which build is faster and
//! cheaper). The alias `live` is the only state: every command reads it and may be killed and started again.

pub mod aws;
#[cfg(feature = "cli")]
pub mod cli;
pub mod delivery;
#[cfg(feature = "cli")]
pub mod release;
#[cfg(feature = "cli")]
pub mod report;
