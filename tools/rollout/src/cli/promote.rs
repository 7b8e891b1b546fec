//! `rollout promote`: the next weight for the candidate of the rollout that is under way, or all of it, at once.

use chrono::Utc;
use clap::Args;
use serde_json::json;

use super::{
    context::{Context, Outcome},
    pause::{UnderWay, candidate},
};
use crate::{
    aws::{
        LIVE, alias,
        routing::{Percent, Routing},
    },
    delivery::{policy::Policy, record},
};

/// Arguments of `rollout promote`.
#[derive(Debug, Args)]
pub(super) struct PromoteArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
    /// Skip all steps that are left: the candidate serves alone
    #[arg(long)]
    full: bool,
}

/// Runs it. What the step still needs is skipped, and a pause has ended.
///
/// # Errors
/// When no rollout is under way, or `live` was changed by somebody else at the same moment.
pub(super) async fn promote(args: PromoteArgs, context: &Context) -> anyhow::Result<Outcome> {
    let lambda = &context.clients.lambda;
    let live = alias::read(lambda, &args.function, LIVE).await?;
    let (candidate, percent) = candidate(&live)?;
    let next = if args.full {
        Percent::HUNDRED
    } else {
        let policy = context.policy(&args.function).await?.unwrap_or_default();
        Policy::try_from(&policy)?.step_after(percent)
    };
    if next == Percent::HUNDRED {
        // Also a weight that no rollout has set.
        let description = record::description_after(&live.description, next, Utc::now());
        alias::compare_and_swap(lambda, &live, Routing::alone(candidate), &description).await?;
        context
            .candidate_alarm(&args.function)
            .disarm_or_warn()
            .await;
    } else {
        let under_way = UnderWay::read(context, &args.function).await?;
        let record = under_way.record.clone().changed(next, Utc::now());
        under_way.set(context, &record).await?;
    }
    context.output.json(&json!({
        "function": args.function,
        "candidate": candidate,
        "promoted_at": percent,
        "percent": next,
    }))?;
    context.output.line(match next {
        Percent::HUNDRED => {
            format!("promoted at {percent}: {LIVE} serves version {candidate} alone")
        }
        _ => format!(
            "promoted at {percent}: version {candidate} has {next} of {LIVE}. Where no run is under way, go on with \
             rollout run {}",
            args.function
        ),
    })?;
    Ok(Outcome::Done)
}
