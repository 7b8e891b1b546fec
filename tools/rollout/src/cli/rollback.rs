//! `rollout rollback`: points `live` at one version alone.

use clap::Args;
use serde_json::json;

use super::{
    args::Goal,
    context::{Context, Outcome},
};
use crate::{
    aws::{LIVE, alias, routing::Routing},
    delivery::record::ByHand,
};

/// Arguments of `rollout rollback`.
#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
    /// The version that `live` shall serve alone: its number, or arm64 or x86_64 of the newest pair
    #[arg(long, value_name = "VERSION|ARCHITECTURE")]
    to: Goal,
}

/// Runs it. A rollout that is under way has ended then.
///
/// # Errors
/// When there is no such version, or `live` was changed by somebody else at the same moment.
pub(super) async fn rollback(args: RollbackArgs, context: &Context) -> anyhow::Result<Outcome> {
    let lambda = &context.clients.lambda;
    let live = alias::read(lambda, &args.function, LIVE).await?;
    let version = args.to.version(context, &args.function).await?;
    let routing = Routing::alone(version);
    let changed = live.routing != routing;
    if changed {
        // So that neither `rollout run` nor a deploy starts the version again that was rolled back.
        let description = ByHand::of(&live.routing, version).to_string();
        alias::compare_and_swap(lambda, &live, routing, &description).await?;
    }
    // An alarm that a run has left would watch a candidate that is none any more.
    let alarm = context.candidate_alarm(&args.function);
    alarm.disarm_or_warn().await;
    context.forget_next(&args.function).await?;
    context.output.json(&json!({
        "function": args.function,
        "serves": version,
        "changed": changed,
    }))?;
    let now = if changed {
        "now serves"
    } else {
        "already serves"
    };
    context.output.line(format!("{LIVE} {now} {routing}"))?;
    Ok(Outcome::Done)
}
