//! `rollout replay`: the sample events on both halves, before any traffic.

use std::path::PathBuf;

use clap::Args;
use package::Architecture;
use serde::Serialize;
use serde_json::Value;

use crate::{
    context::Context,
    outcome::Outcome,
    output::Output,
    replay::{Answer, Difference, SampleEvent, differences, invoke, read_events},
};

/// How much of a value is shown on a line.
const SHOWN_CHARACTERS: usize = 80;

/// Arguments of `rollout replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
    /// Folder with the events to send [default: the function's own, in the dist folder]
    #[arg(long, value_name = "FOLDER")]
    events: Option<PathBuf>,
}

/// What came of one event.
#[derive(Debug, Serialize)]
struct EventReport {
    event: String,
    /// How both halves failed, when they failed alike.
    failure: Option<Value>,
    differences: Vec<Difference>,
}

/// Runs it.
///
/// # Errors
/// When there are no events, or a half cannot be invoked.
pub async fn replay(args: ReplayArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    let own = context.dist.join(&args.function).join("events");
    let events = read_events(args.events.as_deref().unwrap_or(&own))?;

    let mut reports = Vec::new();
    for event in &events {
        let report = replay_one(context, &args.function, event, &manifest.replay.ignore).await?;
        context.output.json(&report)?;
        report.show(&context.output)?;
        reports.push(report);
    }
    let (outcome, sentence) = conclude(&reports);
    context.output.line(sentence)?;
    Ok(outcome)
}

/// Answers that are all failures prove nothing, however alike they are.
fn conclude(reports: &[EventReport]) -> (Outcome, String) {
    let all = reports.len();
    let count = |is: fn(&EventReport) -> bool| reports.iter().filter(|r| is(r)).count();
    let differing = count(|report| !report.differences.is_empty());
    let failing = count(|report| report.failure.is_some());
    if differing > 0 {
        let sentence = format!(
            "x86_64 and arm64 answer differently to {differing} of {all} sample events: no traffic may move. \
             What may differ belongs into replay.ignore of the function's Cargo.toml"
        );
        return (Outcome::Held, sentence);
    }
    if failing == all {
        let sentence = format!(
            "x86_64 and arm64 both fail on all {all} sample events, which proves nothing: no traffic may move"
        );
        return (Outcome::Held, sentence);
    }
    let sentence = format!("x86_64 and arm64 answer alike to all {all} sample events");
    (Outcome::Done, sentence)
}

/// Both halves get the event at the same time.
async fn replay_one(
    context: &Context,
    function: &str,
    event: &SampleEvent,
    ignored: &[String],
) -> anyhow::Result<EventReport> {
    let on = |architecture: Architecture| {
        let lambda = &context.clients.lambda;
        invoke(lambda, function, architecture.as_str(), &event.payload)
    };
    let (x86_64, arm64) = tokio::try_join!(on(Architecture::X86_64), on(Architecture::Arm64))?;
    let differences = differences(&x86_64, &arm64, ignored);
    Ok(EventReport {
        event: event.name.clone(),
        failure: match x86_64 {
            Answer::Failure(failure) if differences.is_empty() => Some(failure),
            _ => None,
        },
        differences,
    })
}

impl EventReport {
    fn show(&self, output: &Output) -> std::io::Result<()> {
        if let Some(failure) = &self.failure {
            let failure = shown(Some(failure));
            return output.line(format!(
                "{}: fails alike on both halves: {failure}",
                self.event
            ));
        }
        if self.differences.is_empty() {
            return output.line(format!("{}: same answer", self.event));
        }
        for difference in &self.differences {
            output.line(format!(
                "{}: differs at {:?}\n  x86_64  {}\n  arm64   {}",
                self.event,
                difference.pointer,
                shown(difference.x86_64.as_ref()),
                shown(difference.arm64.as_ref())
            ))?;
        }
        Ok(())
    }
}

fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else {
        return "nothing".to_owned();
    };
    let text = value.to_string();
    if text.chars().count() <= SHOWN_CHARACTERS {
        return text;
    }
    let start: String = text.chars().take(SHOWN_CHARACTERS).collect();
    format!("{start}…")
}
