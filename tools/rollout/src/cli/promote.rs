//! `rollout promote`: the next weight for the candidate of the rollout that is under way, or all of it, at once.

use chrono::Utc;
use clap::Args;
use serde_json::json;

use super::{
    context::{Context, Outcome},
    pause::{self, UnderWay, candidate},
};
use crate::{
    aws::{
        LIVE, alias, function,
        routing::{Percent, Routing},
    },
    delivery::{frozen::Frozen, policy::Policy, record, tags::RUN},
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
    let awaiting = pause::awaiting(&live);
    let (candidate, percent) = awaiting.map_or_else(|| candidate(&live), Ok)?;
    let next = if args.full {
        Percent::HUNDRED
    } else {
        policy(context, &args.function).await?.step_after(percent)
    };
    if next == Percent::HUNDRED {
        // Also a weight that no rollout has set.
        let description = record::description_after(&live.description, next, None, Utc::now());
        alias::compare_and_swap(lambda, &live, Routing::alone(candidate), &description).await?;
        context
            .candidate_alarm(&args.function)
            .disarm_or_warn()
            .await;
    } else {
        let under_way = UnderWay::of(live)?;
        let record = under_way.record.clone().promoted(next, Utc::now());
        under_way.set(context, &record).await?;
    }
    context.output.json(&json!({
        "function": args.function,
        "candidate": candidate,
        "promoted_at": percent,
        "percent": next,
    }))?;
    let done = match percent {
        Percent::ZERO => "approved".to_owned(),
        percent => format!("promoted at {percent}"),
    };
    context.output.line(match next {
        Percent::HUNDRED => format!("{done}: {LIVE} serves version {candidate} alone"),
        _ => format!(
            "{done}: version {candidate} has {next} of {LIVE}. Where neither a run nor a controller is, go \
             on with rollout run {}",
            args.function
        ),
    })?;
    Ok(Outcome::Done)
}

/// How the rollout goes: as it was started, or else as the function's policy says.
async fn policy(context: &Context, name: &str) -> anyhow::Result<Policy> {
    let function = function::read(&context.clients.lambda, name).await?;
    match RUN.read::<Frozen>(&function.tags)? {
        Some(frozen) => Ok(frozen.policy(0)?),
        None => {
            let policy = context.policy(name).await?.unwrap_or_default();
            Ok(Policy::try_from(&policy)?)
        }
    }
}
