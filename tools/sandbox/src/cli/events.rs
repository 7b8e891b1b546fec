//! `sandbox events`: the events that were put to EventBridge, which a rule would take to its target on AWS.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::Value;

use super::terminal;
use crate::client::endpoint::{Clients, EndpointArgs};

/// Arguments of `sandbox events`.
#[derive(Debug, Clone, Args)]
pub struct EventsArgs {
    /// Print each event as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Runs the subcommand.
///
/// # Errors
/// When the sandbox cannot be reached.
pub async fn run(args: EventsArgs) -> Result<ExitCode> {
    let Clients { admin, .. } = Clients::new(&args.endpoint.sdk_config()?)?;
    for event in admin.events().await? {
        terminal::line(match args.json {
            true => event.to_string(),
            false => describe(&event),
        });
    }
    Ok(ExitCode::SUCCESS)
}

/// `2026-11-27T18:00:00Z rollout "Rollout started" {…}`
fn describe(event: &Value) -> String {
    let text = |key: &str| event[key].as_str().unwrap_or_default();
    let (time, source, kind) = (text("time"), text("source"), text("detail-type"));
    format!("{time} {source} {kind:?} {}", event["detail"])
}
