//! `sandbox start`

use std::process::ExitCode;

use crate::cli::ServeArgs;

/// Runs the subcommand.
///
/// # Errors
/// When the port cannot be bound.
pub async fn run(_args: ServeArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not there yet")
}
