//! `sandbox status`

use std::process::ExitCode;

use clap::Args;

/// Arguments of `sandbox status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {}

/// Runs the subcommand.
///
/// # Errors
/// When the sandbox cannot be reached.
pub async fn run(_args: StatusArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not there yet")
}
