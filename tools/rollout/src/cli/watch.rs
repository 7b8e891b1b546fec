//! `rollout watch`: looks on while the controller, or another process, moves a rollout on. Leaving it changes nothing.

use std::time::Duration;

use chrono::Utc;
use clap::Args;

use super::{
    context::{Context, Outcome},
    recorder::Recorder,
    signals,
};
use crate::{
    aws::{LIVE, alias, function},
    delivery::{
        event::Ending,
        frozen::{Frozen, Over, Stage},
        moves::Moves,
        record::{self, Record},
        tags::RUN,
    },
};

/// How often it is looked whether the rollout goes on that waits, or is between two moves.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Arguments of `rollout watch`.
#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub(super) function: String,
    /// How long at most; it ends with exit code 3 when the rollout is not over by then [default: until it is over]
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    most: Option<Duration>,
}

impl WatchArgs {
    /// As long as it takes.
    pub(super) fn until_its_end(function: &str) -> Self {
        Self {
            function: function.to_owned(),
            most: None,
        }
    }
}

/// Runs it.
///
/// # Errors
/// When the function cannot be read.
pub(super) async fn watch(args: WatchArgs, context: &Context) -> anyhow::Result<Outcome> {
    let name = &args.function;
    let most = args.most.unwrap_or(Duration::MAX);
    let watched = tokio::select! {
        watched = until_its_end(name, context) => watched,
        left = signals::left() => {
            left?;
            context.output.line(not_over(name))?;
            Ok(Outcome::Paused)
        }
        () = tokio::time::sleep(most) => {
            context.output.line(not_over(name))?;
            Ok(Outcome::Paused)
        }
    };
    watched
}

fn not_over(name: &str) -> String {
    format!(
        "the rollout of {name} is not over; nothing was changed here: rollout status {name}, rollout watch {name}, rollout abort {name}"
    )
}

async fn until_its_end(name: &str, context: &Context) -> anyhow::Result<Outcome> {
    let function = function::read(&context.clients.lambda, name).await?;
    let Some(frozen) = RUN.read::<Frozen>(&function.tags)? else {
        return over_already(name, context).await;
    };
    let moves = Moves::new(context.clients.clone(), function, frozen);
    let mut said = None;
    loop {
        let live = moves.live().await?;
        let stage = moves.frozen().stage(&live, Utc::now());
        match stage {
            Stage::Move {
                index,
                under_way: Some(record),
            } => {
                let recorder = Recorder::open(context, name)?;
                let ending = moves.watch(live, index, record, recorder)?.watch().await;
                if ending != Ending::Promoted || index + 1 == moves.frozen().moves.len() {
                    return Ok(ending.into());
                }
            }
            Stage::AwaitsApproval if said != Some(Stage::AwaitsApproval) => {
                context.output.line(format!(
                    "waits for approval: rollout promote {name}, or rollout abort {name}"
                ))?;
                said = Some(Stage::AwaitsApproval);
            }
            Stage::AwaitsApproval | Stage::AboutToBegin | Stage::Move { .. } => {}
            Stage::Over(over) => return said_over(name, &over, context),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn said_over(name: &str, over: &Over, context: &Context) -> anyhow::Result<Outcome> {
    let (outcome, what) = match over {
        Over::Promoted => (Outcome::Done, "promoted".to_owned()),
        Over::RolledBack(cause) => (Outcome::NotReleased, format!("rolled back: {cause}")),
        Over::ChangedByHand => (
            Outcome::CouldNotRun,
            format!("over: somebody else has changed {LIVE}, see rollout status {name}"),
        ),
        Over::NotBegun => (
            Outcome::CouldNotRun,
            format!("over before its first weight: start it again (rollout start {name})"),
        ),
    };
    context
        .output
        .line(format!("the rollout of {name} is {what}"))?;
    Ok(outcome)
}

/// No rollout is under way: what the last one has left says how it ended.
async fn over_already(name: &str, context: &Context) -> anyhow::Result<Outcome> {
    let live = alias::read(&context.clients.lambda, name, LIVE).await?;
    let record = live.description.parse::<Record>().ok();
    let cause = record.and_then(|record| record.cause);
    if record::rolled_back(&live.description).is_some() || cause.is_some() {
        let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
        context
            .output
            .line(format!("the last rollout of {name} was rolled back{cause}"))?;
        return Ok(Outcome::NotReleased);
    }
    context.output.line(format!(
        "no rollout of {name} is under way: {LIVE} serves {}",
        live.routing
    ))?;
    Ok(Outcome::Done)
}
