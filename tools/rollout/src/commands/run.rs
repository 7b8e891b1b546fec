//! `rollout run`: moves `live` to the goal in steps, and back to the baseline when the candidate is worse.
//!
//! ```text
//! run.rs           what is asked for, of one function or of all
//! run/journey      where to, which moves, one after the other
//! run/fleet        --all
//! run/policy_args  the flags over the function's policy
//! run/preview      --dry-run
//! ```

mod fleet;
mod journey;
mod policy_args;
mod preview;

use anyhow::Context as _;
use clap::Args;
use package::{Architecture, RolloutPolicy};

pub(super) use self::policy_args::milliseconds;
use self::{journey::Journey, policy_args::PolicyArgs};
use crate::{
    alias::{self, Version},
    context::Context,
    controller::{Policy, Wishes, event::Ending},
    outcome::Outcome,
    percent::Percent,
};

/// Arguments of `rollout run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Name of the function
    #[arg(
        value_name = "FUNCTION",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    function: Option<String>,
    /// Every function that is built, each in a rollout of its own, side by side; the exit code is the
    /// worst of them all: 2 before 1 before 0
    #[arg(long)]
    all: bool,
    /// Where `live` shall end: arm64 or x86_64 of the newest pair, or the number of a version
    /// [default: the half that the function's policy names]
    #[arg(long, value_name = "HALF|VERSION")]
    to: Option<Goal>,
    /// Where both the pair and the architecture change, change both in one rollout: faster, but its
    /// verdict cannot say which of the two is to blame
    #[arg(long)]
    direct: bool,
    /// Go no further than this step: the weight stays there, watched by its alarm alone. Of a path of
    /// two moves, the first that gets there
    #[arg(long, value_name = "PERCENT")]
    until: Option<Percent>,
    /// Where `live` already serves the candidate alone, first point it back at the other half of
    /// the newest pair: the same move once more
    #[arg(long, conflicts_with = "dry_run")]
    rehearse: bool,
    /// Print the whole path and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    policy: PolicyArgs,
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
    let function = match &args.function {
        Some(function) if !args.all => function,
        _ => return fleet::run(args, context).await,
    };
    let journey = Journey::prepare(&args, function, context.clone()).await?;
    if args.dry_run {
        journey.preview()?;
        return Ok(Outcome::Done);
    }
    let mut wishes = Wishes::listen(&context.output)?;
    Ok(outcome(journey.make(&mut wishes).await?))
}

impl RunArgs {
    /// The function's policy with the flags over it, and how a rollout goes by it.
    fn checked(&self, policy: RolloutPolicy) -> anyhow::Result<(RolloutPolicy, Policy)> {
        let asked = self.policy.over(policy);
        let policy = Policy::try_from(&asked).context("the rollout's policy")?;
        let policy = match self.until {
            Some(step) => policy.until(step)?,
            None => policy,
        };
        Ok((asked, policy))
    }

    async fn goal(
        &self,
        context: &Context,
        function: &str,
        architecture: Architecture,
    ) -> anyhow::Result<Version> {
        let half = match self.to {
            Some(Goal::Version(version)) => return Ok(version),
            Some(Goal::Half(half)) => half,
            None => architecture,
        };
        let newest = alias::read(&context.clients.lambda, function, half.as_str()).await?;
        Ok(newest.routing.primary)
    }
}

fn outcome(ending: Ending) -> Outcome {
    match ending {
        Ending::NothingToMove | Ending::Promoted | Ending::Reached => Outcome::Done,
        Ending::TakenBack(_) | Ending::Held(_) | Ending::Left => Outcome::Held,
        Ending::Stopped | Ending::OutOfReach(_) => Outcome::CouldNotRun,
    }
}
