//! `rollout abort`: ends the rollout that is under way; the candidate's weight goes back to 0.

use chrono::Utc;
use clap::Args;
use serde_json::json;

use super::{
    context::{Context, Outcome},
    pause::awaiting,
};
use crate::{
    aws::{
        LIVE, alias,
        routing::{Percent, Routing},
    },
    delivery::{
        decision::Cause,
        record::{self, ByHand, Record},
    },
};

/// Arguments of `rollout abort`.
#[derive(Debug, Args)]
pub(super) struct AbortArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
}

/// Runs it. Aborting twice does nothing the second time.
///
/// # Errors
/// When `live` does not exist, or was changed by somebody else at the same moment.
pub(super) async fn abort(args: AbortArgs, context: &Context) -> anyhow::Result<Outcome> {
    let lambda = &context.clients.lambda;
    let live = alias::read(lambda, &args.function, LIVE).await?;
    let baseline = live.routing.primary;
    let aborted = live.routing.candidate().or_else(|| awaiting(&live));
    if aborted.is_some() {
        let description = match live.description.parse::<Record>() {
            Ok(_) => record::description_after(
                &live.description,
                Percent::ZERO,
                Some(Cause::Aborted),
                Utc::now(),
            ),
            Err(_) => ByHand::of(&live.routing, baseline).to_string(),
        };
        let alone = Routing::alone(baseline);
        alias::compare_and_swap(lambda, &live, alone, &description).await?;
    }
    let alarm = context.candidate_alarm(&args.function);
    alarm.disarm_or_warn().await;
    context.forget_next(&args.function).await?;
    context.output.json(&json!({
        "function": args.function,
        "serves": baseline,
        "aborted": aborted.map(|(version, percent)| json!({"version": version, "percent": percent})),
    }))?;
    context.output.line(match aborted {
        Some((version, percent)) => format!(
            "aborted at {percent} of version {version}; {LIVE} serves version {baseline} alone"
        ),
        None => format!("nothing to abort: {LIVE} serves version {baseline} alone"),
    })?;
    Ok(Outcome::Done)
}
