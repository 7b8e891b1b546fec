//! `rollout set`: the candidate's weight by hand, or one version alone.

use anyhow::bail;
use chrono::{DateTime, Utc};
use clap::Args;
use package::Architecture;
use serde_json::json;

use crate::{
    LIVE,
    alias::{self, Alias, Routing, Version},
    context::Context,
    guard::Guard,
    outcome::Outcome,
    percent::Percent,
    provisioned,
    record::{Record, TooManyChanges},
};

/// Arguments of `rollout set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
    /// The candidate's weight in percent; 100 makes it the version that serves alone
    #[arg(value_name = "PERCENT", required_unless_present_any = ["version", "half"], conflicts_with_all = ["version", "half"])]
    percent: Option<Percent>,
    /// Point `live` at this version alone
    #[arg(long, value_name = "N", conflicts_with = "half")]
    version: Option<Version>,
    /// Point `live` at the newest version of this half alone: arm64 or x86_64
    #[arg(long, value_name = "HALF")]
    half: Option<Architecture>,
}

/// Runs it.
///
/// # Errors
/// When there is no candidate, or `live` was changed by somebody else at the same moment.
pub async fn set(args: SetArgs, context: &Context) -> anyhow::Result<Outcome> {
    let lambda = &context.clients.lambda;
    let live = alias::read(lambda, &args.function, LIVE).await?;
    let (routing, description) = match args.percent {
        Some(percent) => weight(context, &live, percent).await?,
        None => alone(context, &live, &args).await?,
    };
    let unchanged = live.routing == routing;
    if routing.additional.is_some() {
        let provisioned = provisioned::list(lambda, &args.function).await?;
        provisioned::check(&provisioned, &args.function, LIVE)?;
    }
    if !unchanged {
        alias::compare_and_swap(lambda, &live, routing, &description).await?;
    }
    if routing.additional.is_none() {
        // An alarm that a run has left would guard a candidate that is none any more.
        let guard = Guard::new(context.clients.cloudwatch.clone(), &args.function);
        guard.disarm_or_warn().await;
    }
    context.output.json(&json!({
        "function": args.function,
        "serves": routing.primary,
        "candidate": routing.additional.map(|(version, percent)| json!({"version": version, "percent": percent})),
        "changed": !unchanged,
    }))?;
    let now = if unchanged {
        "already routes"
    } else {
        "now routes"
    };
    context.output.line(format!("{LIVE} {now} to {routing}"))?;
    Ok(Outcome::Done)
}

/// The candidate at a weight: the one that already has some traffic, or the half that the
/// function's policy names.
async fn weight(
    context: &Context,
    live: &Alias,
    percent: Percent,
) -> anyhow::Result<(Routing, String)> {
    let baseline = live.routing.primary;
    let candidate = match live.routing.additional {
        Some((candidate, _)) => candidate,
        None => newest_candidate(context, &live.function).await?,
    };
    if candidate == baseline {
        bail!(
            "{LIVE} already serves version {baseline}, the candidate, alone: publish another pair \
             (rollout publish {function}) or choose a version (rollout set {function} --version N)",
            function = live.function
        );
    }
    let routing = match percent {
        Percent::ZERO => Routing::alone(baseline),
        Percent::HUNDRED => Routing::alone(candidate),
        _ => Routing::weighted(baseline, candidate, percent),
    };
    let record = recorded(live, candidate, percent, context.clients.clock.now())?;
    Ok((routing, record))
}

async fn newest_candidate(context: &Context, function: &str) -> anyhow::Result<Version> {
    let half = context.manifest(function)?.rollout.architecture;
    let alias = alias::read(&context.clients.lambda, function, half.as_str()).await?;
    Ok(alias.routing.primary)
}

/// A rollout that is under way goes on with one more change of its weight; otherwise one begins.
fn recorded(
    live: &Alias,
    candidate: Version,
    percent: Percent,
    now: DateTime<Utc>,
) -> Result<String, TooManyChanges> {
    let baseline = live.routing.primary;
    let under_way = live.routing.additional.is_some();
    match live.description.parse::<Record>() {
        Ok(record) if under_way && (record.baseline, record.candidate) == (baseline, candidate) => {
            record.changed(percent, now)
        }
        _ => Record::start(baseline, candidate, percent, now),
    }
    .to_description()
}

/// One version alone: what was under way has ended.
async fn alone(
    context: &Context,
    live: &Alias,
    args: &SetArgs,
) -> anyhow::Result<(Routing, String)> {
    let version = match (args.version, args.half) {
        (Some(version), _) => version,
        (None, Some(half)) => {
            let lambda = &context.clients.lambda;
            let alias = alias::read(lambda, &live.function, half.as_str()).await?;
            alias.routing.primary
        }
        (None, None) => bail!("a percentage, --version or --half says what to set"),
    };
    let description = format!("version {version} set by hand");
    Ok((Routing::alone(version), description))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: u64) -> Version {
        number.to_string().parse().expect("a version")
    }

    fn live(additional: Option<(Version, Percent)>, description: &str) -> Alias {
        Alias {
            function: "probe".to_owned(),
            name: LIVE.to_owned(),
            routing: Routing {
                primary: version(1),
                additional,
            },
            description: description.to_owned(),
            revision_id: String::new(),
        }
    }

    fn percent(text: &str) -> Percent {
        text.parse().expect("a percentage")
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_change_by_hand_goes_on_with_the_record_of_the_rollout() {
        let live = live(
            Some((version(2), percent("5"))),
            "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s",
        );
        let text = recorded(&live, version(2), percent("50"), at("2026-11-23T14:30:40Z"));
        let expected = "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 50%@40s";
        assert_eq!(text.as_deref(), Ok(expected));
    }

    #[test]
    fn a_rollout_that_has_ended_is_not_gone_on_with() {
        let live = live(None, "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 0%@9s");
        let text = recorded(&live, version(2), percent("5"), at("2026-11-24T00:00:00Z"));
        let expected = "rollout 1->2 since 2026-11-24T00:00:00Z 5%@0s";
        assert_eq!(text.as_deref(), Ok(expected));
    }
}
