//! `rollout run`, `retry` and `start`: move `live` to the goal in steps, and back to the baseline when the candidate is worse.
//!
//! ```text
//! make.rs         all moves in this process
//! policy_args.rs  the flags over the function's policy
//! preview.rs      --dry-run
//! forecast.rs     what the traffic of the last day makes one expect of a step
//! ```

mod forecast;
mod make;
mod policy_args;
mod preview;

use anyhow::Context as _;
use chrono::Utc;
use clap::Args;
use package::RolloutPolicy;

use self::{forecast::Forecast, make::Starting, policy_args::PolicyArgs, preview::Preview};
use super::{
    args::Goal,
    context::{Context, Outcome},
    output,
    recorder::Recorder,
    signals::Interrupts,
    watch::{self, WatchArgs},
};
use crate::{
    aws::{function, metrics, routing::Percent},
    delivery::{
        driver::Events as _,
        event::{Ending, Event, PlannedMove},
        frozen::{Frozen, Next},
        moves::{self, MoveError, Moves},
        plan::{self, Asked, First, Plan, PlanError},
        policy::Policy,
        tags::NEXT,
    },
};

/// Arguments of `rollout run`, `retry` and `start`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub(super) function: String,
    /// The version that `live` shall serve in the end: arm64 or x86_64 of the newest pair, or the number of a version
    /// [default: the architecture that the function's policy names]
    #[arg(long, value_name = "ARCHITECTURE|VERSION")]
    to: Option<Goal>,
    /// Go no further than this step: the weight stays there, and is watched by the controller: without one nobody
    /// acts on its alarm. On a path of two moves this is a step of the first
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

/// Arguments of `rollout start`.
#[derive(Debug, Args)]
pub(super) struct StartArgs {
    #[command(flatten)]
    pub(super) run: RunArgs,
    /// Also a candidate that was rolled back
    #[arg(long)]
    pub(super) retry: bool,
}

/// What comes after the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// The controller does the rest.
    Leave,
    /// The controller does the rest, and this process watches; where there is none, this process does the rest.
    Stay,
}

/// Runs it.
///
/// # Errors
/// When it could not run.
pub(super) async fn run(
    args: RunArgs,
    retry: bool,
    after: After,
    context: &Context,
) -> anyhow::Result<Outcome> {
    match try_run(args, retry, after, context).await {
        Err(refused) if is_refusal(&refused) => {
            output::error(&refused);
            Ok(Outcome::NotReleased)
        }
        outcome => outcome,
    }
}

fn is_refusal(error: &anyhow::Error) -> bool {
    let plan = error.downcast_ref::<PlanError>();
    plan.is_some_and(|error| matches!(error, PlanError::RolledBack { .. } | PlanError::Refused(_)))
        || matches!(error.downcast_ref::<MoveError>(), Some(MoveError::Off(_)))
}

async fn try_run(
    args: RunArgs,
    retry: bool,
    after: After,
    context: &Context,
) -> anyhow::Result<Outcome> {
    let name = args.function.clone();
    let controlled = context.has_controller().await?;
    if after == After::Leave && !controlled && !args.dry_run {
        anyhow::bail!(
            "there is no controller in this account: rollout run {name} starts the rollout and moves it on by itself, or \
             make one with scripts/platform.sh (controller = true)"
        );
    }
    let policy = match context.policy(&name).await? {
        Some(policy) => policy,
        None => context.manifest(&name)?.rollout,
    };
    let policy = args.policy.over(policy);
    check(&policy, args.until)?;
    let goal = args.to.unwrap_or(Goal::Newest(policy.architecture));
    let asked = Asked {
        goal: goal.version(context, &name).await?,
        policy: policy.clone(),
        until: args.until,
        retry,
    };
    let goal = asked.goal;
    let next = Next {
        goal,
        policy: policy.clone(),
        until: args.until,
        retry,
        force: args.force,
    };
    let plan = match plan::plan(&context.clients, &name, asked).await {
        Err(error) if !args.dry_run && matches!(error, PlanError::Waits { .. }) => {
            return plan_waits(&name, &error, controlled.then_some(&next), context).await;
        }
        plan => plan?,
    };
    if args.dry_run {
        preview(&plan, &name, &policy, args.until, context).await?;
        return Ok(Outcome::Done);
    }
    let Plan {
        function,
        live,
        frozen,
        first,
    } = plan;
    // A change of the policy alone publishes nothing.
    context.keep_policy(&function).await;
    let Some(frozen) = frozen else {
        let ending = Ending::NothingToMove;
        let sentence = format!("live of {name} serves version {goal} alone");
        Recorder::open(context, &name)?.emit(&Event::Ended { ending, sentence });
        // A run that was killed after its last step has left its alarm.
        context.candidate_alarm(&name).disarm_or_warn().await;
        return Ok(Outcome::Done);
    };
    // Before anything is said or done: from here on an interruption has to be answered.
    let mut interrupts = Interrupts::listen(&context.output)?;
    let goes_on = matches!(first, First::Move(Some(_)));
    let ignored_alarms = match goes_on && !args.force {
        true => frozen.ignored_alarms.clone(),
        false => {
            let cloudwatch = &context.clients.cloudwatch;
            moves::gates(cloudwatch, &frozen.policy.alarms, args.force).await?
        }
    };
    let frozen = Frozen {
        ignored_alarms,
        ..frozen
    };
    let mut starting = Starting {
        moves: Moves::new(context.clients.clone(), function, frozen),
        context: context.clone(),
        live,
        first,
    };
    if !controlled {
        return Ok(starting.make(&mut interrupts).await?.into());
    }
    drop(interrupts);
    starting.begin().await?;
    match after {
        After::Leave => {
            context.output.line(format!(
                "started; the controller does the rest: rollout watch {name}, rollout status {name}"
            ))?;
            Ok(Outcome::Done)
        }
        After::Stay => watch::watch(WatchArgs::until_its_end(&name), context).await,
    }
}

/// Too many rollouts before were superseded: this one comes after the one under way.
async fn plan_waits(
    name: &str,
    waits: &PlanError,
    next: Option<&Next>,
    context: &Context,
) -> anyhow::Result<Outcome> {
    if let Some(next) = next {
        let function = function::read(&context.clients.lambda, name).await?;
        moves::keep(&context.clients.lambda, &function, NEXT, next).await?;
        context
            .output
            .prose(&format!("{waits}: the controller starts it then"))?;
    } else {
        context.output.prose(&format!(
            "{waits}: run this again when rollout status {name} says that it is over"
        ))?;
    }
    Ok(Outcome::Paused)
}

/// Checks a policy together with the step that a run is to end on.
fn check(policy: &RolloutPolicy, until: Option<Percent>) -> anyhow::Result<Policy> {
    let policy = Policy::try_from(policy).context("the rollout's policy")?;
    Ok(match until {
        Some(step) => policy.until(step)?,
        None => policy,
    })
}

/// Prints the whole path.
async fn preview(
    plan: &Plan,
    name: &str,
    asked: &RolloutPolicy,
    until: Option<Percent>,
    context: &Context,
) -> anyhow::Result<()> {
    let moves = plan.frozen.as_ref().map(|frozen| frozen.moves.clone());
    let moves = moves.unwrap_or_default();
    let forecast = match moves.first() {
        Some(first) => Some(forecast(name, first, context).await?),
        None => None,
    };
    if let Some(frozen) = &plan.frozen {
        moves::gates(&context.clients.cloudwatch, &frozen.policy.alarms, false).await?;
    }
    let policy = match &plan.frozen {
        Some(frozen) => frozen.policy(0)?,
        None => check(asked, until)?,
    };
    let preview = Preview {
        forecast,
        function: name,
        routing: &plan.live.routing,
        moves,
        policy: &policy,
    };
    Ok(preview.print(&context.output)?)
}

async fn forecast(name: &str, next: &PlannedMove, context: &Context) -> anyhow::Result<Forecast> {
    let versions = [next.baseline.version, next.candidate.version];
    let query = forecast::last_day(name, versions, Utc::now());
    let day = metrics::periods(&context.clients.cloudwatch, &query).await?;
    Ok(Forecast::new(&day))
}
