//! `sandbox service-fault`: sets, lists or clears the faults of services.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use aws_sdk_lambda::Client;
use clap::Args;

use super::terminal;
use crate::{
    client::{
        endpoint::{Clients, EndpointArgs},
        lambda,
    },
    rehearsal::service_faults::{CallFault, ServiceFault},
};

/// Arguments of `sandbox service-fault`.
#[derive(Debug, Clone, Args)]
pub struct ServiceFaultArgs {
    /// Faults to set, like dynamodb:TransactWriteItems:throttle=5% sqs:SendMessage:errors=1% dynamodb:*:latency=20ms; with @FUNCTION or @FUNCTION:VERSION only its calls are hit, as in dynamodb:*:denied=5%@http-api:arm64; cloudwatch:AWS/Lambda:latency=10m lets metrics come late; 0 takes one away, none lists them
    #[arg(value_name = "SERVICE:OPERATION:KIND=SIZE[@FUNCTION[:VERSION]]")]
    faults: Vec<ServiceFault>,
    /// Take all faults of services away first
    #[arg(long)]
    clear: bool,
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Runs the subcommand, and says which faults hold afterwards.
///
/// # Errors
/// When the sandbox cannot be reached, or has no such function or version.
pub async fn run(args: ServiceFaultArgs) -> Result<ExitCode> {
    let Clients { lambda, admin, .. } = Clients::new(&args.endpoint.sdk_config()?)?;
    if args.clear {
        admin.clear_service_faults().await?;
    }
    let mut faults = Vec::new();
    for fault in args.faults {
        faults.push(with_version(&lambda, fault).await?);
    }
    let faults = match faults.as_slice() {
        [] => admin.service_faults().await?,
        faults => admin.set_service_faults(faults).await?,
    };
    if faults.is_empty() {
        terminal::line("no faults of services");
    } else {
        terminal::line(faults.join(" "));
    }
    Ok(ExitCode::SUCCESS)
}

/// The fault with the number of the version in place of an alias at it. One for what does not exist would never be noticed.
async fn with_version(client: &Client, mut fault: ServiceFault) -> Result<ServiceFault> {
    let ServiceFault::Calls(CallFault {
        caller: Some(caller),
        ..
    }) = &mut fault
    else {
        return Ok(fault);
    };
    let found = lambda::configuration(client, &caller.function, caller.version.as_deref()).await?;
    let found = found.with_context(|| {
        format!("there is no {caller}: `sandbox apply` creates functions, `rollout publish` versions and aliases")
    })?;
    if caller.version.is_some() {
        caller.version = found.version;
    }
    Ok(fault)
}
