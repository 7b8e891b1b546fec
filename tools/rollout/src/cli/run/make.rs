//! All moves of one function, one after the other.

use chrono::{TimeDelta, Utc};
use futures::FutureExt as _;
use package::manifest::{GuardPolicy, alarm_name};

use super::{
    RunArgs,
    forecast::{self, Forecast},
    preview::Preview,
};
use crate::{
    aws::{
        LIVE,
        alarm::{self, AlarmState, CandidateAlarm},
        alias::{self, Alias},
        function::{self, Build, Function},
        metrics::{self, Source},
        provisioned,
        routing::{Percent, Version},
        versions::{self, PublishedVersion},
    },
    cli::{
        args::Goal,
        context::Context,
        journal::{Entry, Journal},
        signals::Interrupts,
        view::View,
    },
    delivery::{
        decision::Cause,
        driver::{self, Commands as _, Events},
        event::{Command, Ending, Event, PlannedMove},
        path::{self, Move},
        policy::Policy,
        record::{self, Record},
        rollout::Start,
        situation::Situation,
    },
};

/// Shows what happens to one function, and writes it to the journal.
#[derive(Debug)]
struct Recorder {
    function: String,
    view: View,
    journal: Option<Journal>,
}

impl Recorder {
    fn new(function: &str, view: View, journal: Option<Journal>) -> Self {
        Self {
            function: function.to_owned(),
            view,
            journal,
        }
    }
}

impl Events for Recorder {
    fn emit(&mut self, event: &Event) {
        let entry = Entry {
            time: Utc::now(),
            function: &self.function,
            event,
        };
        self.view.show(&entry);
        if let Some(journal) = &mut self.journal
            && let Err(error) = journal.append(&entry)
        {
            // A full disk must not end the rollout.
            tracing::warn!("{error}");
        }
    }
}

/// Why a rollout is not to start.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// An alarm of the policy has gone off.
    #[error(
        "the alarm {} is in ALARM: {}. Nothing was changed; to start all the same: --force", .0.name, .0.reason
    )]
    Alarm(AlarmState),
    /// The same artifacts were tried before.
    #[error(
        "version {version} of {function} was rolled back{}: what has not changed is not tried again. To do so \
         all the same: rollout retry {function}. Each try has an alpha of its own",
        .since.map_or_else(String::new, |since| format!(" on {since}"))
    )]
    RolledBack {
        /// The function.
        function: String,
        /// The candidate.
        version: Version,
        /// When its last rollout began, if a rollout has rolled it back.
        since: Option<chrono::DateTime<Utc>>,
    },
}

/// All moves from the version that serves to the goal.
pub(super) struct Moves {
    context: Context,
    function: Function,
    /// `live` as it was read.
    live: Alias,
    published: Vec<PublishedVersion>,
    policy: Policy,
    /// When the alarm on each candidate goes off, if it is armed.
    guard: Option<GuardPolicy>,
    goal: Version,
    /// Who else counts the calls of `live`.
    sources: Vec<Source>,
    /// Whether a candidate that was rolled back may be tried again.
    retry: bool,
    /// Whether alarms that have gone off are no obstacle.
    force: bool,
}

impl Moves {
    /// Checks everything that can be wrong before anything moves.
    pub(super) async fn prepare(
        args: &RunArgs,
        retry: bool,
        context: Context,
    ) -> anyhow::Result<Self> {
        let name = &args.function;
        let policy = match context.policy(name).await? {
            Some(policy) => policy,
            None => context.manifest(name)?.rollout,
        };
        let (asked, policy) = args.checked(policy)?;
        let lambda = &context.clients.lambda;
        let live = alias::read(lambda, name, LIVE).await?;
        let goal = args.to.unwrap_or(Goal::Newest(asked.architecture));
        let goal = goal.version(&context, name).await?;
        provisioned::check(&provisioned::list(lambda, name).await?, name, LIVE)?;
        let published = versions::list(lambda, name).await?.published;
        let moves = Self {
            function: function::read(lambda, name).await?,
            sources: sources(&context, name).await,
            policy: for_versions(policy, goal, &published),
            retry,
            force: args.force,
            published,
            context,
            live,
            guard: Some(asked.guard).filter(|guard| guard.armed),
            goal,
        };
        moves.build(goal)?;
        Ok(moves)
    }

    /// Makes one move after the other. What is left of the path is read from the alias before each.
    pub(super) async fn make(self, interrupts: &mut Interrupts) -> anyhow::Result<Ending> {
        // A change of the policy alone publishes nothing.
        self.context.keep_policy(&self.function).await;
        let mut live = self.live.clone();
        let mut recorder = self.recorder()?;
        self.announce(&live, &mut recorder)?;
        loop {
            let path = self.path(&live);
            let Some(mut start) = self.start(live, path.first())? else {
                let ending = self.nothing_to_move(&mut recorder);
                // A run that was killed after its last step has left its alarm.
                self.disarm().await;
                return Ok(ending);
            };
            if !start.has_weight() && is_called_off(interrupts, &mut recorder) {
                return Ok(self.called_off(&start, &mut recorder));
            }
            if path.len() > 1 {
                // The next move watches this one's version as its baseline.
                start.policy.bake_after = TimeDelta::zero();
            }
            if !start.has_weight() {
                start.ignored_alarms = self.gates().await?;
            }
            self.arm(&start).await?;
            let candidate = start.candidate.version;
            let clients = &self.context.clients;
            let driver = driver::start(start, clients, self.sources.clone(), recorder);
            let driver = match driver.await {
                Ok(driver) => driver,
                Err(error) => {
                    self.disarm_unless_weighted(candidate).await;
                    return Err(error.into());
                }
            };
            let ending = driver.run(interrupts).await;
            self.disarm_after(ending).await;
            if ending != Ending::Promoted || path.len() <= 1 {
                return Ok(ending);
            }
            recorder = self.recorder()?;
            live = self.read_live().await?;
        }
    }

    /// The alarms of the policy that have gone off, if that is no obstacle.
    async fn gates(&self) -> anyhow::Result<Vec<String>> {
        let states = alarm::states(&self.context.clients.cloudwatch, &self.policy.alarms).await?;
        let mut off = states.into_iter().filter(AlarmState::is_off);
        match off.next() {
            Some(first) if !self.force => Err(Refused::Alarm(first).into()),
            first => Ok(first
                .into_iter()
                .chain(off)
                .map(|state| state.name)
                .collect()),
        }
    }

    async fn read_live(&self) -> anyhow::Result<Alias> {
        let clients = &self.context.clients;
        Ok(alias::read(&clients.lambda, &self.function.name, LIVE).await?)
    }

    /// Ends before the candidate has had a weight.
    fn called_off(&self, start: &Start, recorder: &mut Recorder) -> Ending {
        let ending = Ending::RolledBack(Cause::Aborted);
        let sentence = format!(
            "aborted before the first weight; live of {} serves {} alone",
            self.function.name, start.baseline
        );
        recorder.emit(&Event::Ended { ending, sentence });
        ending
    }

    /// Arms the alarm on the candidate, before the candidate has any weight.
    async fn arm(&self, start: &Start) -> anyhow::Result<()> {
        let output = &self.context.output;
        if record::is_by_guard(&start.alias) {
            let before = &start.alias.description;
            output.prose(&format!("guard has rolled back the last rollout: {before}"))?;
        }
        if let Some(policy) = &self.guard {
            let function = &self.function.name;
            let counted: Vec<_> = self
                .policy
                .counted
                .iter()
                .map(|(_, it)| it.clone())
                .collect();
            let (candidate, namespace) = (start.candidate.version, &self.policy.namespace);
            let alarm = self.alarm();
            alarm.arm(candidate, policy, namespace, &counted).await?;
            let (alarm, at) = (alarm_name(function), alarm::describe(policy));
            output.prose(&format!("alarm {alarm} is armed: {at}"))?;
        }
        Ok(())
    }

    /// Disarms the alarm after a start that has failed, if the candidate has no weight for it to guard.
    async fn disarm_unless_weighted(&self, candidate: Version) {
        let live = self.read_live().await;
        if live.is_ok_and(|live| live.routing.share(candidate) == Percent::ZERO) {
            self.disarm().await;
        }
    }

    /// Disarms the alarm once the candidate has no weight, or serves alone. Where a partial weight stays, the
    /// alarm stays.
    async fn disarm_after(&self, ending: Ending) {
        if matches!(ending, Ending::Promoted | Ending::RolledBack(_)) {
            self.disarm().await;
        }
    }

    async fn disarm(&self) {
        if self.guard.is_some() {
            self.alarm().disarm_or_warn().await;
        }
    }

    fn alarm(&self) -> CandidateAlarm {
        self.context.candidate_alarm(&self.function.name)
    }

    fn path(&self, live: &Alias) -> Vec<Move> {
        path::find(&self.published, &live.routing, self.goal)
    }

    /// How the next move begins; `None` when `live` serves the goal alone.
    fn start(&self, live: Alias, next: Option<&Move>) -> anyhow::Result<Option<Start>> {
        let candidate = next.map_or(self.goal, |next| next.to);
        let Some((baseline, under_way)) = self.begin(&live, candidate)? else {
            return Ok(None);
        };
        Ok(Some(Start {
            baseline: self.build(baseline)?,
            candidate: self.build(candidate)?,
            alias: live,
            under_way,
            policy: self.policy.clone(),
            guarded: self.guard.is_some(),
            ignored_alarms: Vec::new(),
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
            // Alarms and limits stay armed after a promotion, also when another process has made it.
            Situation::Promoted(record) => {
                let is_armed = Utc::now() - record.last_change() < self.policy.bake_after;
                is_armed.then_some((record.baseline, Some(record)))
            }
            Situation::RolledBack { baseline, .. } if self.retry => Some((baseline, None)),
            Situation::RolledBack { since, .. } => {
                return Err(self.rolled_back(candidate, since).into());
            }
            Situation::New { baseline } => match record::rolled_back(description) {
                // From further back than its own move: the move that comes first would lead to it again.
                Some(it) if it.version == self.goal && !self.retry => {
                    return Err(self.rolled_back(it.version, it.since).into());
                }
                _ => Some((baseline, None)),
            },
            Situation::Adopted { baseline, .. } => Some((baseline, None)),
            Situation::UnderWay(record) => Some((record.baseline, Some(record))),
        })
    }

    fn rolled_back(&self, version: Version, since: Option<chrono::DateTime<Utc>>) -> Refused {
        Refused::RolledBack {
            function: self.function.name.clone(),
            version,
            since,
        }
    }

    /// Shows the whole path before the first weight is set.
    fn announce(&self, live: &Alias, recorder: &mut Recorder) -> anyhow::Result<()> {
        let moves = self.planned(live)?;
        if moves.len() > 1 {
            recorder.emit(&Event::Path { moves });
        }
        Ok(())
    }

    fn planned(&self, live: &Alias) -> anyhow::Result<Vec<PlannedMove>> {
        let planned = |next: &Move| {
            let version = |number| versions::find(&self.published, number);
            if let (Some(from), Some(to)) = (version(next.from), version(next.to)) {
                from.can_share_alias_with(to)?;
            }
            Ok(PlannedMove {
                baseline: self.build(next.from)?,
                candidate: self.build(next.to)?,
                change: next.change,
            })
        };
        self.path(live).iter().map(planned).collect()
    }

    /// Prints the whole path.
    pub(super) async fn preview(&self) -> anyhow::Result<()> {
        let moves = self.planned(&self.live)?;
        // What a run would refuse, its preview refuses too.
        self.begin(
            &self.live,
            moves
                .first()
                .map_or(self.goal, |first| first.candidate.version),
        )?;
        let forecast = match moves.first() {
            Some(first) => Some(self.forecast(first).await?),
            None => None,
        };
        self.gates().await?;
        let preview = Preview {
            forecast,
            function: &self.function.name,
            routing: &self.live.routing,
            moves,
            policy: &self.policy,
        };
        Ok(preview.print(&self.context.output)?)
    }

    async fn forecast(&self, next: &PlannedMove) -> anyhow::Result<Forecast> {
        let versions = [next.baseline.version, next.candidate.version];
        let query = forecast::last_day(&self.function.name, versions, Utc::now());
        let day = metrics::periods(&self.context.clients.cloudwatch, &query).await?;
        Ok(Forecast::new(&day))
    }

    fn nothing_to_move(&self, recorder: &mut Recorder) -> Ending {
        let ending = Ending::NothingToMove;
        let sentence = format!(
            "live of {} serves version {} alone",
            self.function.name, self.goal
        );
        recorder.emit(&Event::Ended { ending, sentence });
        ending
    }

    fn recorder(&self) -> anyhow::Result<Recorder> {
        let journal = Journal::open(&self.context.dist, self.context.local(&self.function.name))?;
        let view = View::new(self.context.output.clone());
        Ok(Recorder::new(&self.function.name, view, journal))
    }

    /// What a version was built for, and whether it is emulated.
    fn build(&self, version: Version) -> anyhow::Result<Build> {
        let build = versions::build(&self.function, version, &self.published);
        anyhow::ensure!(
            build.architecture.is_some(),
            "version {version} of {0} does not exist: see rollout status {0}",
            self.function.name
        );
        Ok(build)
    }
}

/// Who else counts the calls. Without the permission to find out, the metrics of `live` itself have to do.
async fn sources(context: &Context, function: &str) -> Vec<Source> {
    let found = metrics::sources(&context.clients.lambda, function, LIVE).await;
    found.unwrap_or_else(|error| {
        tracing::warn!(
            "{error}; the calls of the API and of queues are not compared with the metrics"
        );
        Vec::new()
    })
}

/// The policy with what it takes from the versions: how long an invocation may take, and where the goal's own metrics
/// are.
fn for_versions(policy: Policy, goal: Version, published: &[PublishedVersion]) -> Policy {
    let timeouts = published.iter().map(|it| it.settings.timeout_s);
    let longest = TimeDelta::seconds(timeouts.max().unwrap_or_default().into());
    let namespace = versions::find(published, goal).map(|found| found.settings.namespace());
    Policy {
        namespace: namespace.unwrap_or_default(),
        ..policy.with_timeout(longest)
    }
}

/// Whether somebody has asked meanwhile for the run to end.
fn is_called_off(interrupts: &mut Interrupts, recorder: &mut Recorder) -> bool {
    while let Some(command) = interrupts.next().now_or_never() {
        recorder.emit(&Event::Command { command });
        if matches!(command, Command::Abort | Command::Detach) {
            return true;
        }
    }
    false
}
