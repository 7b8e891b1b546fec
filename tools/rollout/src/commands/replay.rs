//! `rollout replay`: the sample events on both builds, before any traffic.

use std::path::PathBuf;

use aws_sdk_lambda::{Client, primitives::Blob};
use clap::Args;
use package::{
    Architecture,
    replay::{Answer, EventReport, HELP, Verdict, read_events},
};

use crate::{
    aws::explain,
    context::Context,
    function::{FunctionError, failed},
    outcome::Outcome,
};

/// Arguments of `rollout replay`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct ReplayArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
    /// Folder with the events to send [default: the function's own, in the dist folder]
    #[arg(long, value_name = "FOLDER")]
    events: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// When there are no events, or a build cannot be invoked.
pub async fn replay(args: ReplayArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    let own = context.dist.join(&args.function).join("events");
    let events = read_events(args.events.as_deref().unwrap_or(&own))?;

    let mut reports = Vec::new();
    for event in &events {
        let invoke = |architecture: Architecture| {
            let lambda = &context.clients.lambda;
            invoke(
                lambda,
                &args.function,
                architecture.as_str(),
                &event.payload,
            )
        };
        // Both builds get the event at the same time.
        let [x86_64, arm64] = Architecture::ALL.map(invoke);
        let (x86_64, arm64) = tokio::try_join!(x86_64, arm64)?;
        let report = EventReport::new(event, &x86_64, &arm64, &manifest.replay.ignore);
        context.output.json(&report)?;
        context.output.line(&report)?;
        reports.push(report);
    }
    let verdict = Verdict::new(&reports);
    context.output.line(verdict)?;
    if verdict.passed() {
        return Ok(Outcome::Done);
    }
    context.output.line("no traffic may move")?;
    Ok(Outcome::Held)
}

/// Invokes a function through one of its aliases and waits for the answer. Throttled requests are tried
/// again, as every call is.
async fn invoke(
    client: &Client,
    function: &str,
    alias: &str,
    payload: &[u8],
) -> Result<Answer, FunctionError> {
    let output = client
        .invoke()
        .function_name(function)
        .qualifier(alias)
        .payload(Blob::new(payload))
        .send()
        .await
        .map_err(|error| failed("Invoke", &format!("{function}:{alias}"), explain(&error)))?;
    let payload = output.payload().map_or(&[][..], AsRef::as_ref);
    Ok(Answer::new(payload, output.function_error().is_some()))
}
