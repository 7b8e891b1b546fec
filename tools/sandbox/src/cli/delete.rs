//! `sandbox delete`: a function with its versions and aliases, and what invokes it by alarms and the time.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::terminal;
use crate::client::{
    endpoint::{Clients, EndpointArgs},
    lambda,
};

/// Arguments of `sandbox delete`.
#[derive(Debug, Clone, Args)]
pub struct DeleteArgs {
    /// Name of the function
    function: String,
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Runs the subcommand: a function that is not there is no failure.
///
/// # Errors
/// When the sandbox cannot be reached or refuses.
pub async fn run(args: DeleteArgs) -> Result<ExitCode> {
    let clients = Clients::new(&args.endpoint.sdk_config()?)?;
    let function = &args.function;
    // First, so that nothing asks for a function that has gone.
    clients.admin.set_rules(function, &[]).await?;
    let deleted = lambda::delete(&clients.lambda, function).await?;
    let said = if deleted { "deleted" } else { "was not there" };
    terminal::line(format!("{function}: {said}"));
    Ok(ExitCode::SUCCESS)
}
