//! All moves of one function, one after the other.

use futures::FutureExt as _;
use package::manifest::{GuardPolicy, alarm_name};

use super::{Goal, RunArgs, preview::Preview};
use crate::{
    LIVE,
    alias::{self, Alias, Version},
    context::Context,
    controller::{
        Policy, Situation, Start, Wish, Wishes, Witness,
        event::{Cause, Ending, Event, Leg},
        path::{self, Move},
    },
    function::{self, Function, Half},
    guard::{self, Guard},
    journal::Journal,
    percent::Percent,
    provisioned,
    record::Record,
    versions::{self, PublishedVersion},
    view::View,
};

/// All moves from what serves to the goal.
pub(super) struct Journey {
    context: Context,
    function: Function,
    /// `live` as it was read.
    live: Alias,
    published: Vec<PublishedVersion>,
    policy: Policy,
    /// When the alarm on each candidate goes off, if it is armed.
    guard: Option<GuardPolicy>,
    goal: Version,
}

impl Journey {
    /// Looks up everything that can be wrong before anything moves.
    pub(super) async fn prepare(args: &RunArgs, context: Context) -> anyhow::Result<Self> {
        let name = &args.function;
        let (asked, policy) = args.checked(context.manifest(name)?.rollout)?;
        let lambda = &context.clients.lambda;
        let live = alias::read(lambda, name, LIVE).await?;
        let goal = args.to.unwrap_or(Goal::Half(asked.architecture));
        let goal = goal.version(&context, name).await?;
        provisioned::check(&provisioned::list(lambda, name).await?, name, LIVE)?;
        let journey = Self {
            function: function::read(lambda, name).await?,
            published: versions::list(lambda, name).await?.published,
            context,
            live,
            policy,
            guard: Some(asked.guard).filter(|guard| guard.armed),
            goal,
        };
        journey.half(goal)?;
        Ok(journey)
    }

    /// Makes one move after the other. What is left of the path is read from the alias before each.
    pub(super) async fn make(self, wishes: &mut Wishes) -> anyhow::Result<Ending> {
        let mut live = self.live.clone();
        let mut witness = self.witness()?;
        self.announce(&live, &mut witness)?;
        loop {
            let path = self.path(&live);
            let Some(start) = self.start(live, path.first())? else {
                let ending = self.nothing_to_move(&mut witness);
                // A run that was killed after its last step has left its alarm.
                self.disarm().await;
                return Ok(ending);
            };
            if !start.has_weight() && is_called_off(wishes, &mut witness) {
                return Ok(self.called_off(&start, &mut witness));
            }
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
            live = self.read_live().await?;
        }
    }

    async fn read_live(&self) -> anyhow::Result<Alias> {
        let clients = &self.context.clients;
        Ok(alias::read(&clients.lambda, &self.function.name, LIVE).await?)
    }

    /// Ends before the candidate has had a weight.
    fn called_off(&self, start: &Start, witness: &mut Witness) -> Ending {
        let ending = Ending::TakenBack(Cause::Interrupted);
        let sentence = format!(
            "interrupted before the first weight; live of {} serves {} alone",
            self.function.name, start.baseline
        );
        witness.tell(&Event::Ended { ending, sentence });
        ending
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
        let live = self.read_live().await;
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
        path::find(&self.published, &live.routing, self.goal)
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

    /// Prints the whole path.
    pub(super) fn preview(&self) -> anyhow::Result<()> {
        let moves = self.legs(&self.live)?;
        // What a run would refuse, its preview refuses too.
        self.begin(
            &self.live,
            moves.first().map_or(self.goal, |leg| leg.candidate.version),
        )?;
        let preview = Preview {
            function: &self.function.name,
            routing: &self.live.routing,
            moves,
            policy: &self.policy,
        };
        Ok(preview.print(&self.context.output)?)
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
        let view = View::new(self.context.output.clone());
        Ok(Witness::new(&self.function.name, view, journal))
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

/// Whether somebody has asked meanwhile for the run to end.
fn is_called_off(wishes: &mut Wishes, witness: &mut Witness) -> bool {
    while let Some(wish) = wishes.next().now_or_never() {
        match wish {
            Wish::TakeBack | Wish::Leave => return true,
            Wish::Ask | Wish::GoOn => witness.tell(&Event::Wish { wish }),
        }
    }
    false
}
