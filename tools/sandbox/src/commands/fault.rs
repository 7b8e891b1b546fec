//! `sandbox fault`

use std::process::ExitCode;

use clap::Args;

/// Arguments of `sandbox fault`.
#[derive(Debug, Clone, Args)]
pub struct FaultArgs {}

/// Runs the subcommand.
///
/// # Errors
/// When the sandbox cannot be reached.
pub async fn run(_args: FaultArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not there yet")
}
