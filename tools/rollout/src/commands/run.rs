//! `rollout run`: moves `live` to the goal in steps, and back to the baseline when the candidate is worse.
//!
//! ```text
//! run.rs           where to, which moves, one after the other
//! run/policy_args  the flags over the function's policy
//! run/preview      --dry-run
//! ```

mod policy_args;
mod preview;

use anyhow::Context as _;
use clap::Args;
use package::{
    Architecture,
    manifest::{GuardPolicy, alarm_name},
};

pub(super) use self::policy_args::milliseconds;
use self::{policy_args::PolicyArgs, preview::Preview};
use super::publish::half_aliases;
use crate::{
    LIVE,
    alias::{self, Alias, Routing, Version},
    context::Context,
    controller::{
        Policy, Situation, Start, Wishes, Witness,
        event::{Ending, Event, Leg},
        path::{self, Move},
    },
    function::{self, Function, Half},
    guard::{self, Guard},
    journal::Journal,
    outcome::Outcome,
    percent::Percent,
    provisioned,
    record::Record,
    versions::{self, PublishedVersion},
    view::View,
};

/// Arguments of `rollout run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
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
    let manifest = context.manifest(&args.function)?;
    let asked = args.policy.over(manifest.rollout);
    let mut policy = Policy::try_from(&asked).context("the rollout's policy")?;
    if let Some(step) = args.until {
        policy = policy.until(step)?;
    }
    let mut live = alias::read(&context.clients.lambda, &args.function, LIVE).await?;
    let goal = args.goal(context, asked.architecture).await?;
    let journey = Journey::prepare(&args, context, policy, goal).await?;
    let journey = journey.guarded(asked.guard);
    if args.dry_run {
        return journey.preview(&live);
    }
    if args.rehearse && live.routing == Routing::alone(goal) {
        live = back_to_other_half(context, live).await?;
    }
    let mut wishes = Wishes::listen(&context.output)?;
    Ok(outcome(journey.make(live, &mut wishes).await?))
}

impl RunArgs {
    async fn goal(&self, context: &Context, architecture: Architecture) -> anyhow::Result<Version> {
        let half = match self.to {
            Some(Goal::Version(version)) => return Ok(version),
            Some(Goal::Half(half)) => half,
            None => architecture,
        };
        let newest = alias::read(&context.clients.lambda, &self.function, half.as_str()).await?;
        Ok(newest.routing.primary)
    }
}

/// All moves from what serves to the goal.
struct Journey<'a> {
    context: &'a Context,
    function: Function,
    published: Vec<PublishedVersion>,
    policy: Policy,
    /// When the alarm on each candidate goes off, if it is armed.
    guard: Option<GuardPolicy>,
    goal: Version,
    direct: bool,
}

impl<'a> Journey<'a> {
    /// Looks up everything that can be wrong before anything moves.
    async fn prepare(
        args: &RunArgs,
        context: &'a Context,
        policy: Policy,
        goal: Version,
    ) -> anyhow::Result<Self> {
        let (lambda, name) = (&context.clients.lambda, &args.function);
        provisioned::check(&provisioned::list(lambda, name).await?, name, LIVE)?;
        let journey = Self {
            context,
            function: function::read(lambda, name).await?,
            published: versions::list(lambda, name).await?.published,
            policy,
            guard: None,
            goal,
            direct: args.direct,
        };
        journey.half(goal)?;
        Ok(journey)
    }

    fn guarded(self, policy: GuardPolicy) -> Self {
        let guard = Some(policy).filter(|policy| policy.armed);
        Self { guard, ..self }
    }

    /// Makes one move after the other. What is left of the path is read from the alias before each.
    async fn make(&self, mut live: Alias, wishes: &mut Wishes) -> anyhow::Result<Ending> {
        let mut witness = self.witness()?;
        self.announce(&live, &mut witness)?;
        loop {
            let path = self.path(&live);
            let Some(start) = self.start(live, path.first())? else {
                // A run that was killed after its last step has left its alarm.
                self.disarm().await;
                return Ok(self.nothing_to_move(&mut witness));
            };
            self.arm(&start).await?;
            let candidate = start.candidate.version;
            let pilot = match start.take_off(self.context.clients.clone(), witness).await {
                Ok(pilot) => pilot,
                Err(error) => {
                    self.stand_down(candidate).await;
                    return Err(error);
                }
            };
            let ending = pilot.fly(wishes).await;
            self.disarm_after(ending).await;
            if ending != Ending::Promoted || path.len() <= 1 {
                return Ok(ending);
            }
            witness = self.witness()?;
            live = alias::read(&self.context.clients.lambda, &self.function.name, LIVE).await?;
        }
    }

    /// Arms the alarm on the candidate, before it has a weight that nobody else would take back.
    async fn arm(&self, start: &Start) -> anyhow::Result<()> {
        let output = &self.context.output;
        if start.alias.is_by_guard() {
            let before = &start.alias.description;
            output.line(format!("guard has taken the last rollout back: {before}"))?;
        }
        if let Some(policy) = &self.guard {
            let function = &self.function.name;
            self.alarm().arm(start.candidate.version, policy).await?;
            let (alarm, at) = (alarm_name(function), guard::describe(policy));
            output.line(format!("alarm {alarm} is armed: {at}"))?;
        }
        Ok(())
    }

    /// Disarms the alarm after a start that has failed, if the candidate has no weight for it to guard.
    async fn stand_down(&self, candidate: Version) {
        let lambda = &self.context.clients.lambda;
        let live = alias::read(lambda, &self.function.name, LIVE).await;
        if live.is_ok_and(|live| live.routing.share(candidate) == Percent::ZERO) {
            self.disarm().await;
        }
    }

    /// Disarms the alarm once the candidate has no weight, or no baseline to give it back to. Where the
    /// weight stays, the alarm stays.
    async fn disarm_after(&self, ending: Ending) {
        if matches!(ending, Ending::Promoted | Ending::TakenBack(_)) {
            self.disarm().await;
        }
    }

    async fn disarm(&self) {
        if self.guard.is_some() {
            self.alarm().disarm_or_warn().await;
        }
    }

    fn alarm(&self) -> Guard {
        Guard::new(self.context.clients.cloudwatch.clone(), &self.function.name)
    }

    fn path(&self, live: &Alias) -> Vec<Move> {
        path::find(&self.published, &live.routing, self.goal, self.direct)
    }

    /// How the next move begins; nothing when `live` has arrived.
    fn start(&self, live: Alias, next: Option<&Move>) -> anyhow::Result<Option<Start>> {
        let candidate = next.map_or(self.goal, |next| next.to);
        let Some((baseline, under_way)) = self.begin(&live, candidate)? else {
            return Ok(None);
        };
        Ok(Some(Start {
            baseline: self.half(baseline)?,
            candidate: self.half(candidate)?,
            alias: live,
            under_way,
            policy: self.policy.clone(),
        }))
    }

    fn begin(
        &self,
        live: &Alias,
        candidate: Version,
    ) -> anyhow::Result<Option<(Version, Option<Record>)>> {
        let (routing, description) = (&live.routing, &live.description);
        let situation = Situation::read(&self.function.name, routing, description, candidate)?;
        Ok(match situation {
            Situation::Arrived => None,
            Situation::New { baseline } | Situation::Adopted { baseline, .. } => {
                Some((baseline, None))
            }
            Situation::UnderWay(record) => Some((record.baseline, Some(record))),
        })
    }

    /// Tells the whole path before the first weight moves.
    fn announce(&self, live: &Alias, witness: &mut Witness) -> anyhow::Result<()> {
        let moves = self.legs(live)?;
        if moves.len() > 1 {
            witness.tell(&Event::Path { moves });
        }
        Ok(())
    }

    fn legs(&self, live: &Alias) -> anyhow::Result<Vec<Leg>> {
        let leg = |next: &Move| {
            if let (Some(from), Some(to)) = (self.version(next.from), self.version(next.to)) {
                from.can_share_alias_with(to)?;
            }
            Ok(Leg {
                baseline: self.half(next.from)?,
                candidate: self.half(next.to)?,
                change: next.change,
            })
        };
        self.path(live).iter().map(leg).collect()
    }

    fn preview(&self, live: &Alias) -> anyhow::Result<Outcome> {
        let moves = self.legs(live)?;
        // What a run would refuse, its preview refuses too.
        self.begin(
            live,
            moves.first().map_or(self.goal, |leg| leg.candidate.version),
        )?;
        let preview = Preview {
            function: &self.function.name,
            routing: &live.routing,
            moves,
            policy: &self.policy,
        };
        preview.print(&self.context.output)?;
        Ok(Outcome::Done)
    }

    fn nothing_to_move(&self, witness: &mut Witness) -> Ending {
        let ending = Ending::NothingToMove;
        let sentence = format!(
            "live of {} serves version {} alone",
            self.function.name, self.goal
        );
        witness.tell(&Event::Ended { ending, sentence });
        ending
    }

    fn witness(&self) -> anyhow::Result<Witness> {
        let journal = Journal::open(&self.context.dist, &self.function.name)?;
        let view = View::new(self.context.output);
        let clock = self.context.clients.clock.clone();
        Ok(Witness::new(&self.function.name, clock, view, journal))
    }

    fn version(&self, number: Version) -> Option<&PublishedVersion> {
        let mut published = self.published.iter();
        published.find(|published| published.version == number)
    }

    /// What a version was built for, and whether it is emulated.
    fn half(&self, version: Version) -> anyhow::Result<Half> {
        let half = self.function.half(version, &self.published);
        anyhow::ensure!(
            half.architecture.is_some(),
            "version {version} of {0} does not exist: see rollout status {0}",
            self.function.name
        );
        Ok(half)
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

fn outcome(ending: Ending) -> Outcome {
    match ending {
        Ending::NothingToMove | Ending::Promoted | Ending::Reached => Outcome::Done,
        Ending::TakenBack(_) | Ending::Held(_) | Ending::Left => Outcome::Held,
        Ending::Stopped | Ending::OutOfReach(_) => Outcome::CouldNotRun,
    }
}
