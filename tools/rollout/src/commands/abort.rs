//! `rollout abort`: takes the candidate's weight back to 0.

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::json;

use crate::{
    LIVE,
    alias::{self, Routing},
    context::Context,
    guard::Guard,
    outcome::Outcome,
    percent::Percent,
    record::Record,
};

/// Arguments of `rollout abort`.
#[derive(Debug, Args)]
pub struct AbortArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
}

/// Runs it. Aborting twice does nothing the second time.
///
/// # Errors
/// When `live` does not exist, or was changed by somebody else at the same moment.
pub async fn abort(args: AbortArgs, context: &Context) -> anyhow::Result<Outcome> {
    let lambda = &context.clients.lambda;
    let live = alias::read(lambda, &args.function, LIVE).await?;
    let baseline = live.routing.primary;
    let taken_back = live.routing.additional;
    if taken_back.is_some() {
        let description = description(&live.description, Percent::ZERO, Utc::now());
        let alone = Routing::alone(baseline);
        alias::compare_and_swap(lambda, &live, alone, &description).await?;
    }
    let guard = Guard::new(context.clients.cloudwatch.clone(), &args.function);
    guard.disarm_or_warn().await;
    context.output.json(&json!({
        "function": args.function,
        "serves": baseline,
        "taken_back": taken_back.map(|(version, percent)| json!({"version": version, "percent": percent})),
    }))?;
    context.output.line(match taken_back {
        Some((version, percent)) => format!(
            "took {percent} back from version {version}; {LIVE} serves version {baseline} alone"
        ),
        None => format!("nothing to take back: {LIVE} serves version {baseline} alone"),
    })?;
    Ok(Outcome::Done)
}

/// The record with one more change, or with that one alone when there is no room for all: the change of
/// the weight must not fail for the sake of its record. What is no record stays.
pub(super) fn description(before: &str, percent: Percent, now: DateTime<Utc>) -> String {
    let Ok(record) = before.parse::<Record>() else {
        return before.to_owned();
    };
    let record = record.changed(percent, now);
    record
        .to_description()
        .unwrap_or_else(|_| record.last_change_only().to_string())
}
