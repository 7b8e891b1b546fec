//! `rollout run`: moves `live` to the goal in steps, and back to the baseline when the candidate is worse.
//!
//! ```text
//! run.rs           what is asked for
//! run/journey      where to, which moves, one after the other
//! run/policy_args  the flags over the function's policy
//! run/preview      --dry-run
//! ```

mod journey;
mod policy_args;
mod preview;

use anyhow::Context as _;
use clap::Args;
use package::{Architecture, RolloutPolicy};

pub(super) use self::policy_args::milliseconds;
use self::{journey::Journey, policy_args::PolicyArgs};
use crate::{
    alias::{self, AliasError, Version},
    context::Context,
    controller::{Policy, Wishes, event::Ending},
    outcome::Outcome,
    percent::Percent,
};

/// Arguments of `rollout run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    function: String,
    /// Where `live` shall end: arm64 or x86_64 of the newest pair, or the number of a version
    /// [default: the half that the function's policy names]
    #[arg(long, value_name = "HALF|VERSION")]
    to: Option<Goal>,
    /// Go no further than this step: the weight stays there, watched by its alarm alone. Of a path of
    /// two moves, the first that gets there
    #[arg(long, value_name = "PERCENT")]
    until: Option<Percent>,
    /// Print the whole path and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    policy: PolicyArgs,
}

/// A version by its number, or as the one of an architecture in the newest pair.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
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
    let journey = Journey::prepare(&args, context.clone()).await?;
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
}

impl Goal {
    /// Which version that is.
    pub(super) async fn version(
        self,
        context: &Context,
        function: &str,
    ) -> Result<Version, AliasError> {
        match self {
            Self::Version(version) => Ok(version),
            Self::Half(half) => {
                let newest = alias::read(&context.clients.lambda, function, half.as_str()).await?;
                Ok(newest.routing.primary)
            }
        }
    }
}

fn outcome(ending: Ending) -> Outcome {
    match ending {
        Ending::NothingToMove | Ending::Promoted | Ending::Reached => Outcome::Done,
        Ending::TakenBack(_) | Ending::Held(_) | Ending::Left => Outcome::Held,
        Ending::Stopped | Ending::OutOfReach(_) => Outcome::CouldNotRun,
    }
}
