//! `sandbox apply`

use std::process::ExitCode;

use clap::Args;

/// Arguments of `sandbox apply`.
#[derive(Debug, Clone, Args)]
pub struct ApplyArgs {}

/// Runs the subcommand.
///
/// # Errors
/// When the sandbox cannot be reached.
pub async fn run(_args: ApplyArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not there yet")
}
