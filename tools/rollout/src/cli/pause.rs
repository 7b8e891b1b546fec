//! `rollout pause` and `rollout resume`: the rollout that is under way keeps its weight until somebody says so.

use anyhow::Context as _;
use chrono::Utc;
use clap::Args;
use serde_json::json;

use super::context::{Context, Outcome};
use crate::{
    aws::{
        LIVE,
        alias::{self, Alias},
        routing::{Percent, Version},
    },
    delivery::record::Record,
};

/// Arguments of both.
#[derive(Debug, Args)]
pub(super) struct PauseArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
}

/// A rollout that is under way.
pub(super) struct UnderWay {
    pub(super) live: Alias,
    pub(super) record: Record,
}

impl UnderWay {
    /// Reads it from `live`.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn read(context: &Context, function: &str) -> anyhow::Result<Self> {
        let live = alias::read(&context.clients.lambda, function, LIVE).await?;
        candidate(&live)?;
        Self::of(live)
    }

    /// What `live` says of it, also while it awaits approval.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn of(live: Alias) -> anyhow::Result<Self> {
        let (candidate, percent) = awaiting(&live).map_or_else(|| candidate(&live), Ok)?;
        let function = &live.function;
        let record = live.description.parse::<Record>().ok();
        let record = record.filter(|record| record.routing() == live.routing);
        let record = record.with_context(|| {
            format!(
                "version {candidate} has {percent} of {LIVE}, which no rollout has set: go on from there with \
                 rollout run {function} --to {candidate}, or go back with rollout abort {function}"
            )
        })?;
        Ok(Self { live, record })
    }

    /// Writes what has become of it, unless somebody else has changed `live` meanwhile.
    ///
    /// # Errors
    /// When somebody has, or AWS does not answer.
    pub(super) async fn set(&self, context: &Context, record: &Record) -> anyhow::Result<()> {
        let (lambda, description) = (&context.clients.lambda, record.to_description()?);
        alias::compare_and_swap(lambda, &self.live, record.routing(), &description).await?;
        Ok(())
    }
}

/// The version that gets its first weight when somebody approves the rollout.
pub(super) fn awaiting(live: &Alias) -> Option<(Version, Percent)> {
    let record = live.description.parse::<Record>().ok();
    let record = record.filter(Record::awaits_approval)?;
    Some((record.candidate, Percent::ZERO))
}

/// The version with a weight, and the weight.
///
/// # Errors
/// When there is none.
pub(super) fn candidate(live: &Alias) -> anyhow::Result<(Version, Percent)> {
    live.routing.candidate().with_context(|| {
        format!(
            "no rollout of {0} is under way: {LIVE} serves {1}. Start one with rollout run {0}",
            live.function, live.routing
        )
    })
}

/// Runs `rollout pause`, or `rollout resume`. Doing so twice changes nothing the second time.
///
/// # Errors
/// When no rollout is under way, or `live` was changed by somebody else at the same moment.
pub(super) async fn pause(
    args: PauseArgs,
    pauses: bool,
    context: &Context,
) -> anyhow::Result<Outcome> {
    let under_way = UnderWay::read(context, &args.function).await?;
    let (candidate, percent) = candidate(&under_way.live)?;
    if under_way.record.paused.is_some() != pauses {
        let record = under_way.record.clone();
        let record = if pauses {
            record.paused(None, Utc::now())
        } else {
            record.resumed(Utc::now())
        };
        under_way.set(context, &record).await?;
    }
    context.output.json(&json!({
        "function": args.function,
        "candidate": candidate,
        "percent": percent,
        "paused": pauses,
    }))?;
    let function = &args.function;
    context.output.line(if pauses {
        format!(
            "paused at {percent} of version {candidate}: the controller, or a run, goes on watching it, and goes back \
             when it is worse. Go on with rollout resume {function}"
        )
    } else {
        format!("version {candidate} has {percent} of {LIVE}, and is not paused")
    })?;
    Ok(Outcome::Done)
}
