//! `rollout promote`: lets the candidate of the rollout that is under way serve alone, at once.

use anyhow::Context as _;
use chrono::Utc;
use clap::Args;
use serde_json::json;

use super::context::{Context, Outcome};
use crate::{
    aws::{
        LIVE, alias,
        routing::{Percent, Routing},
    },
    delivery::record,
};

/// Arguments of `rollout promote`.
#[derive(Debug, Args)]
pub(super) struct PromoteArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
}

/// Runs it: the steps that are left are skipped.
///
/// # Errors
/// When no rollout is under way, or `live` was changed by somebody else at the same moment.
pub(super) async fn promote(args: PromoteArgs, context: &Context) -> anyhow::Result<Outcome> {
    let lambda = &context.clients.lambda;
    let live = alias::read(lambda, &args.function, LIVE).await?;
    let (candidate, percent) = live.routing.additional.with_context(|| {
        format!(
            "no rollout of {0} is under way: {LIVE} serves {1}. Start one with rollout run {0}",
            args.function, live.routing
        )
    })?;
    let routing = Routing::alone(candidate);
    let description = record::description_after(&live.description, Percent::HUNDRED, Utc::now());
    alias::compare_and_swap(lambda, &live, routing, &description).await?;
    let alarm = context.candidate_alarm(&args.function);
    alarm.disarm_or_warn().await;
    context.output.json(&json!({
        "function": args.function,
        "serves": candidate,
        "promoted_at": percent,
    }))?;
    context.output.line(format!(
        "promoted at {percent}: {LIVE} serves version {candidate} alone"
    ))?;
    Ok(Outcome::Done)
}
