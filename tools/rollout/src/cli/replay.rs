//! `rollout replay`: the sample events on both builds, before any traffic.

use std::path::PathBuf;

use clap::Args;
use package::replay::{EventReport, HELP, Verdict, read_events};

use super::context::{Context, Outcome};
use crate::release::{newest, replay};

/// Arguments of `rollout replay`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct ReplayArgs {
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
pub(super) async fn replay(args: ReplayArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    let own = context
        .dist
        .join(context.local(&args.function))
        .join("events");
    let events = read_events(args.events.as_deref().unwrap_or(&own))?;

    let mut reports = Vec::new();
    for event in &events {
        let lambda = &context.clients.lambda;
        let [x86_64, arm64] = replay::replay(lambda, &args.function, &event.payload).await?;
        let report = EventReport::new(event, &x86_64, &arm64, &manifest.replay.ignore);
        context.output.json(&report)?;
        context.output.line(&report)?;
        reports.push(report);
    }
    let verdict = Verdict::new(&reports);
    context.output.line(verdict)?;
    // Other events than the pair's own say nothing of its release.
    if args.events.is_none() {
        let lambda = &context.clients.lambda;
        let written = newest::replayed(lambda, &args.function, !verdict.passed()).await;
        if let Err(error) = written {
            tracing::warn!(
                "the result is not written down, so that the next deploy replays again: {error}"
            );
        }
    }
    if verdict.passed() {
        return Ok(Outcome::Done);
    }
    context.output.line("no traffic may move")?;
    Ok(Outcome::NotReleased)
}
