//! `sandbox apply`: stands where Terraform stands on AWS.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use package::FunctionManifest;

use super::terminal;
use crate::client::{
    apply,
    endpoint::{Clients, EndpointArgs},
    lambda,
    settings::Variables,
};

/// Arguments of `sandbox apply`.
#[derive(Debug, Clone, Args)]
pub struct ApplyArgs {
    /// Name of the function
    function: String,
    /// Folder that the build has written to
    #[arg(long, default_value = "dist")]
    dist: PathBuf,
    #[command(flatten)]
    variables: Variables,
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Runs the subcommand.
///
/// # Errors
/// When the function was not built, or the sandbox cannot be reached or refuses.
pub async fn run(args: ApplyArgs) -> Result<ExitCode> {
    let manifest = FunctionManifest::read(&args.dist, &args.function)?;
    let clients = Clients::new(&args.endpoint.sdk_config()?)?;
    // Of `sandbox watch`, which then goes on without it.
    lambda::delete_live_that_follows_latest(&clients.lambda, &args.function).await?;
    for line in apply::apply(&clients, &args.dist, &manifest, &args.variables).await? {
        terminal::line(line);
    }
    Ok(ExitCode::SUCCESS)
}
