//! `sandbox service-fault`: sets, lists or clears the faults of DynamoDB and SQS.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::terminal;
use crate::{
    client::{admin::AdminClient, endpoint::EndpointArgs},
    rehearsal::service_faults::ServiceFault,
};

/// Arguments of `sandbox service-fault`.
#[derive(Debug, Clone, Args)]
pub struct ServiceFaultArgs {
    /// Faults to set, like dynamodb:TransactWriteItems:throttle=5% sqs:SendMessage:errors=1% dynamodb:*:latency=20ms; 0 takes one away, none lists them
    #[arg(value_name = "SERVICE:OPERATION:KIND=SIZE")]
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
/// When the sandbox cannot be reached.
pub async fn run(args: ServiceFaultArgs) -> Result<ExitCode> {
    let admin = AdminClient::new(&args.endpoint.url()?)?;
    if args.clear {
        admin.clear_service_faults().await?;
    }
    let faults = match args.faults.as_slice() {
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
