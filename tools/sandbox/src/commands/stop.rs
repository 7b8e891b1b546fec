//! `sandbox stop`

use std::process::ExitCode;

use clap::Args;

/// Arguments of `sandbox stop`.
#[derive(Debug, Clone, Args)]
pub struct StopArgs {}

/// Runs the subcommand.
///
/// # Errors
/// When the sandbox cannot be reached.
pub async fn run(_args: StopArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not there yet")
}
