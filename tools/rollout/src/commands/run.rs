//! `rollout run`: moves `live` to the candidate in steps, and back to the baseline when it is worse.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use package::{Architecture, RolloutPolicy};
use tokio::signal::unix::{SignalKind, signal};

use super::publish::half_aliases;
use crate::{
    LIVE,
    alias::{self, Alias, Routing, Version},
    context::Context,
    controller::{
        Policy, Situation, Start, Witness,
        event::{Ending, Event},
    },
    function::{self, Half},
    journal::Journal,
    outcome::Outcome,
    percent::Percent,
    scope::Scope,
    versions,
    view::View,
};

/// Arguments of `rollout run`. What is not given is as the function's own
/// `[package.metadata.rollout]` says.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
    /// Where `live` shall end: arm64 or x86_64 of the newest pair, or the number of a version
    #[arg(long, value_name = "HALF|VERSION")]
    to: Option<Goal>,
    /// Weights to go through in percent, rising, the last one 100
    #[arg(long, value_name = "PERCENT,…", value_delimiter = ',')]
    steps: Option<Vec<f64>>,
    /// How long each step is watched at least
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    bake: Option<u64>,
    /// How many invocations of the candidate a step needs before it may end
    #[arg(long, value_name = "N")]
    least_invocations: Option<u64>,
    /// Length of one metric period; Lambda sends its metrics every 60s
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    period: Option<u64>,
    /// How old a period must be before its counts are taken as final
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    metric_delay: Option<u64>,
    /// How long to go on without seeing both versions before the weight is taken back
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    max_blindness: Option<u64>,
    /// How many of equally good candidates may be taken back, as a fraction
    #[arg(long, value_name = "FRACTION")]
    alpha: Option<f64>,
    /// The difference of two proportions that does not matter, in percentage points
    #[arg(long, value_name = "POINTS")]
    margin: Option<f64>,
    /// Invocations that take longer are slow, and a candidate with more of them is worse
    #[arg(long, value_name = "DURATION", value_parser = milliseconds)]
    slow: Option<f64>,
    /// Where `live` already serves the candidate alone, first point it back at the other half of
    /// the newest pair: the same move once more
    #[arg(long, conflicts_with = "dry_run")]
    rehearse: bool,
    /// Print the path and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Where `live` shall end.
#[derive(Debug, Clone, Copy)]
enum Goal {
    Half(Architecture),
    Version(Version),
}

impl std::str::FromStr for Goal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let half = text.parse().map(Self::Half);
        half.or_else(|_| text.parse().map(Self::Version))
            .map_err(|_| {
                format!("{text:?} is neither arm64 nor x86_64 nor the number of a version")
            })
    }
}

/// Runs it.
///
/// # Errors
/// When it could not run.
pub async fn run(args: RunArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    let asked = args.over(manifest.rollout);
    let policy = Policy::try_from(&asked).context("the rollout's policy")?;
    let mut live = alias::read(&context.clients.lambda, &args.function, LIVE).await?;
    let candidate = args.candidate(context, asked.architecture).await?;
    if args.rehearse && live.routing == Routing::alone(candidate) {
        live = back_to_other_half(context, live).await?;
    }
    let situation = Situation::read(&live.function, &live.routing, &live.description, candidate)?;

    let path = match situation {
        Situation::Arrived => None,
        Situation::New { baseline } | Situation::Adopted { baseline, .. } => Some((baseline, None)),
        Situation::UnderWay(record) => Some((record.baseline, Some(record))),
    };
    let journal = Journal::open(&context.dist, &args.function)?;
    let mut witness = Witness::new(&args.function, View::new(context.output), journal);
    let Some((baseline, under_way)) = path else {
        let sentence = format!("live of {} serves version {candidate} alone", args.function);
        let ending = Ending::NothingToMove;
        witness.tell(&Event::Ended { ending, sentence });
        return Ok(outcome(ending));
    };
    let [baseline, candidate] = halves(context, &args.function, [baseline, candidate]).await?;
    let start = Start {
        baseline,
        candidate,
        alias: live,
        under_way,
        policy,
    };
    if args.dry_run {
        return dry_run(&start, context);
    }
    let interrupted = interrupted()?;
    let pilot = start.take_off(context.clients.clone(), witness).await?;
    Ok(outcome(pilot.fly(interrupted).await?))
}

impl RunArgs {
    /// What the manifest asks for, with the flags laid over it.
    fn over(&self, policy: RolloutPolicy) -> RolloutPolicy {
        RolloutPolicy {
            architecture: policy.architecture,
            steps_percent: self.steps.clone().unwrap_or(policy.steps_percent),
            bake_s: self.bake.unwrap_or(policy.bake_s),
            least_invocations: self.least_invocations.unwrap_or(policy.least_invocations),
            alpha: self.alpha.unwrap_or(policy.alpha),
            margin_percent: self.margin.unwrap_or(policy.margin_percent),
            slow_ms: self.slow.or(policy.slow_ms),
            period_s: self.period.unwrap_or(policy.period_s),
            metric_delay_s: self.metric_delay.unwrap_or(policy.metric_delay_s),
            max_blindness_s: self.max_blindness.unwrap_or(policy.max_blindness_s),
        }
    }

    async fn candidate(
        &self,
        context: &Context,
        architecture: Architecture,
    ) -> anyhow::Result<Version> {
        let half = match self.to {
            Some(Goal::Version(version)) => return Ok(version),
            Some(Goal::Half(half)) => half,
            None => architecture,
        };
        let newest = alias::read(&context.clients.lambda, &self.function, half.as_str()).await?;
        Ok(newest.routing.primary)
    }
}

/// Points `live` at the half of the newest pair that it does not serve; leaves it where it is when
/// it serves neither or the pair is not complete.
async fn back_to_other_half(context: &Context, live: Alias) -> anyhow::Result<Alias> {
    let pair = half_aliases(context, &live.function).await?;
    let serves = live.routing.primary;
    let (half, version) = match (pair.x86_64, pair.arm64) {
        (Some(x86_64), Some(arm64)) if serves == arm64 => (Architecture::X86_64, x86_64),
        (Some(x86_64), Some(arm64)) if serves == x86_64 => (Architecture::Arm64, arm64),
        _ => return Ok(live),
    };
    context.output.line(format!(
        "rehearsal: live goes back to {half} (version {version}) first"
    ))?;
    let description = format!("version {version} set for a rehearsal");
    let routing = Routing::alone(version);
    let lambda = &context.clients.lambda;
    Ok(alias::compare_and_swap(lambda, &live, routing, &description).await?)
}

fn seconds(text: &str) -> Result<u64, String> {
    let duration: Duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.subsec_nanos() != 0 {
        return Err("whole seconds, such as 90s or 10m".to_owned());
    }
    Ok(duration.as_secs())
}

/// Reads a duration such as `250ms`.
pub(super) fn milliseconds(text: &str) -> Result<f64, String> {
    let duration: Duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    Ok(duration.as_secs_f64() * 1e3)
}

/// Prints the path that the run would take.
fn dry_run(start: &Start, context: &Context) -> anyhow::Result<Outcome> {
    let Start {
        baseline,
        candidate,
        alias,
        policy,
        ..
    } = start;
    let found_at = alias.routing.share(candidate.version);
    let path: Vec<Percent> = policy
        .steps
        .iter()
        .copied()
        .filter(|step| *step > found_at)
        .collect();
    let judged = Scope::of(policy.slow_ms, [baseline, candidate]);
    let output = &context.output;
    output.json(&serde_json::json!({
        "function": alias.function,
        "baseline": baseline,
        "candidate": candidate,
        "found_at": found_at,
        "steps": path,
        "bake_s": policy.bake.num_seconds(),
        "least_invocations": policy.least_invocations,
        "judged": judged,
    }))?;
    output.line(format!(
        "live of {} serves {}",
        alias.function, alias.routing
    ))?;
    output.line(format!("judged: {judged}"))?;
    for step in path {
        output.line(match step {
            Percent::HUNDRED => format!("{step} to {candidate}: {baseline} gets nothing any more"),
            _ => format!(
                "{step} to {candidate}, the rest to {baseline}, for at least {} s and {} invocations",
                policy.bake.num_seconds(),
                policy.least_invocations
            ),
        })?;
    }
    Ok(Outcome::Done)
}

/// Looks up what both versions were built for, and which of them is emulated.
async fn halves(context: &Context, function: &str, of: [Version; 2]) -> anyhow::Result<[Half; 2]> {
    let lambda = &context.clients.lambda;
    let settings = function::read(lambda, function).await?;
    let published = versions::list(lambda, function).await?.published;
    let halves = of.map(|version| settings.half(version, &published));
    match halves.iter().find(|half| half.architecture.is_none()) {
        None => Ok(halves),
        Some(half) => anyhow::bail!(
            "version {} of {function} does not exist: see rollout status {function}",
            half.version
        ),
    }
}

fn outcome(ending: Ending) -> Outcome {
    match ending {
        Ending::NothingToMove | Ending::Promoted => Outcome::Done,
        Ending::TakenBack(_) | Ending::Held => Outcome::Held,
        Ending::Stopped | Ending::OutOfReach(_) => Outcome::CouldNotRun,
    }
}

/// Ends when the process is asked to: SIGINT or SIGTERM.
fn interrupted() -> anyhow::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
