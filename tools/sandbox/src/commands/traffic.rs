//! `sandbox traffic`

use std::process::ExitCode;

use clap::Args;

/// Arguments of `sandbox traffic`.
#[derive(Debug, Clone, Args)]
pub struct TrafficArgs {}

/// Runs the subcommand.
///
/// # Errors
/// When the sandbox cannot be reached.
pub async fn run(_args: TrafficArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not there yet")
}
