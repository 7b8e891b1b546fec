//! `rollout run`: moves `live` to the goal in steps, and back to the baseline when the candidate is worse.
//!
//! ```text
//! moves.rs        where to, which moves, one after the other
//! policy_args.rs  the flags over the function's policy
//! preview.rs      --dry-run
//! forecast.rs     what the traffic of the last day makes one expect of a step
//! ```

mod forecast;
mod moves;
mod policy_args;
mod preview;

use anyhow::Context as _;
use clap::Args;
use package::RolloutPolicy;

use self::{
    moves::{Moves, Refused},
    policy_args::PolicyArgs,
};
use super::{
    args::Goal,
    context::{Context, Outcome},
    output,
    signals::Interrupts,
};
use crate::{
    aws::routing::Percent,
    delivery::{event::Ending, policy::Policy, situation::Refusal},
};

/// Arguments of `rollout run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub(super) function: String,
    /// The version that `live` shall serve in the end: arm64 or x86_64 of the newest pair, or the number of a version
    /// [default: the architecture that the function's policy names]
    #[arg(long, value_name = "ARCHITECTURE|VERSION")]
    to: Option<Goal>,
    /// Go no further than this step: the weight stays there, watched by its alarm alone. On a path of
    /// two moves this is a step of the first
    #[arg(long, value_name = "PERCENT")]
    until: Option<Percent>,
    /// Print the whole path with what the traffic of the last day makes one expect, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Start although an alarm of the policy is in ALARM; it counts again once it has been OK
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    policy: PolicyArgs,
}

/// Runs it.
///
/// # Errors
/// When it could not run.
pub(super) async fn run(args: RunArgs, retry: bool, context: &Context) -> anyhow::Result<Outcome> {
    match try_run(args, retry, context).await {
        Err(refused) if refused.is::<Refused>() || refused.is::<Refusal>() => {
            output::error(&refused);
            Ok(Outcome::NotReleased)
        }
        outcome => outcome,
    }
}

async fn try_run(args: RunArgs, retry: bool, context: &Context) -> anyhow::Result<Outcome> {
    let moves = Moves::prepare(&args, retry, context.clone()).await?;
    if args.dry_run {
        moves.preview().await?;
        return Ok(Outcome::Done);
    }
    let mut interrupts = Interrupts::listen(&context.output)?;
    Ok(outcome(moves.make(&mut interrupts).await?))
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

fn outcome(ending: Ending) -> Outcome {
    match ending {
        Ending::NothingToMove | Ending::Promoted | Ending::Reached => Outcome::Done,
        Ending::RolledBack(_) => Outcome::NotReleased,
        Ending::Paused(_) | Ending::Detached => Outcome::Paused,
        Ending::Stopped | Ending::RollbackFailed(_) => Outcome::CouldNotRun,
    }
}
