//! One rollout as a state machine: [`Rollout::tick`] takes what was observed and the time, and gives the
//! actions to take. No I/O, no clock of its own.
//!
//! ```text
//!            +--------------------- tick(observation, now) ---------------------+
//! observe -> | is live as this rollout left it? -> which periods count? -> analyse -> decide | -> actions
//!            +------------------------------------------------------------------+
//! action Set -> compare-and-swap of live -> applied(answer, now) -> more actions
//! a signal   -> handle(command, now)                             -> more actions
//! ```
//!
//! The state that must survive a kill stands in the alias ([`Record`]); all else follows from it and the metrics. Only
//! that Lambda itself does not answer cannot be written there: that time begins anew with each process.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    decision::{self, Cause, Decision, Position, Waiting},
    event::{Analysed, Command, Ending, Event, Latency},
    evidence::Evidence,
    periods::{Samples, next_tick},
    policy::Policy,
    record::{ByHand, Needed, Record},
    scope::Scope,
    summary::Summary,
    wording::Wording,
};
use crate::aws::{
    alarm::AlarmState,
    alias::Alias,
    function::Build,
    routing::{Percent, Routing},
};
use package::manifest::alarm_name;

/// How long alarms and limits stay armed after a promotion at most, however few calls there are.
pub(super) const LONGEST_AFTER: TimeDelta = TimeDelta::days(7);

/// How long a rollback that fails is tried again, in units of `no_data_timeout_s`: 45 minutes by
/// default. As long as it fails the candidate may have traffic, and a network that is down may come back.
const ROLLBACK_PATIENCE: i32 = 3;

/// What part of `no_data_timeout_s` the metrics cannot be read before the alias says so: most outages are shorter, and
/// need no change of it. A process that has not read any yet cannot know for how long, and says so at once.
const UNANSWERED_PART: i32 = 3;

/// The pause between two attempts of a rollback; each attempt has the client's own retries.
const ROLLBACK_PAUSE: TimeDelta = TimeDelta::seconds(1);

/// What a tick gets to see.
#[derive(Debug)]
pub struct Observation {
    /// `live` as it was read.
    pub alias: Result<Alias, AliasProblem>,
    /// What the metrics show of both versions, or why they cannot be read; not looked at during a rollback.
    pub samples: Result<Samples, String>,
    /// The states of [`Rollout::alarms`], likewise.
    pub alarms: Result<Vec<AlarmState>, String>,
}

/// Why `live` could not be read or changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AliasProblem {
    /// Somebody else has changed it; nothing was overwritten.
    #[error("live of {} was changed by somebody else and now routes to {}", .found.function, .found.routing)]
    Changed {
        /// `live` as it is now.
        found: Box<Alias>,
    },
    /// It is gone, or cannot be used any more.
    #[error("{0}")]
    Unusable(String),
    /// No answer, or one that says to try later.
    #[error("{0}")]
    NoAnswer(String),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Show and record this.
    Emit(Box<Event>),
    /// Change `live` by compare-and-swap, then call [`Rollout::applied`] with the answer.
    Set(Change),
    /// Nothing more: this run has ended.
    End(Ending),
}

/// A change of `live`.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What `live` routes to afterwards.
    pub routing: Routing,
    /// What its description says afterwards.
    pub record: Record,
}

/// What the next tick needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// `live`.
    Alias,
    /// `live`, the metrics and the alarms.
    Everything,
}

/// What a run begins with.
#[derive(Debug, Clone)]
pub struct Start {
    /// The version that serves before.
    pub baseline: Build,
    /// The version that traffic moves to.
    pub candidate: Build,
    /// `live` as it was read.
    pub alias: Alias,
    /// The rollout that is under way; without it a new one begins.
    pub under_way: Option<Record>,
    /// How the rollout goes.
    pub policy: Policy,
    /// Whether the candidate's own alarm is armed.
    pub guarded: bool,
    /// Alarms of the policy that had gone off before and are not looked at until they are OK again.
    pub ignored_alarms: Vec<String>,
}

/// A run that has begun.
#[derive(Debug)]
pub struct Started {
    /// The rollout.
    pub rollout: Rollout,
    /// The event that says what will happen, to be emitted.
    pub event: Event,
    /// The first weight, to be set before the first tick, unless the rollout is under way.
    pub first: Option<Change>,
}

/// A rollback that is under way.
#[derive(Debug, Clone, Copy)]
struct Rollback {
    cause: Cause,
    /// The candidate's weight before.
    from: Percent,
    /// When to give up.
    until: DateTime<Utc>,
}

/// One run of one rollout.
#[derive(Debug)]
pub struct Rollout {
    baseline: Build,
    candidate: Build,
    policy: Policy,
    scope: Scope,
    /// `live` as this rollout left it.
    alias: Alias,
    record: Record,
    /// A change whose answer was lost: it may have happened or not.
    unanswered: Option<Change>,
    evidence: Evidence,
    guarded: bool,
    ignored_alarms: Vec<String>,
    /// The alarm that went off.
    alarm: Option<AlarmState>,
    /// Weights of steps that were over with too few invocations of the candidate.
    few_at: Vec<Percent>,
    /// Since when no call was answered.
    no_answer_since: Option<DateTime<Utc>>,
    /// Whether this process has read the metrics.
    has_read: bool,
    rollback: Option<Rollback>,
}

impl Start {
    /// Whether the candidate has a weight already.
    #[must_use]
    pub fn has_weight(&self) -> bool {
        self.found_at() > Percent::ZERO
    }

    fn found_at(&self) -> Percent {
        self.alias.routing.share(self.candidate.version)
    }

    /// Begins: a new rollout, or the one that is under way.
    #[must_use]
    pub fn begin(self, now: DateTime<Utc>) -> Started {
        let resumed_at = self.has_weight().then(|| self.found_at());
        let percent = resumed_at.unwrap_or(self.policy.step_after(Percent::ZERO));
        let (baseline, candidate) = (self.baseline, self.candidate);
        let is_new = self.under_way.is_none();
        let record = self
            .under_way
            .unwrap_or_else(|| Record::start(baseline.version, candidate.version, percent, now));
        let steps = self.policy.steps.clone();
        let scope = Scope::new(&self.policy, [&baseline, &candidate]);
        // Once it serves alone, only what comes after that counts.
        let from = match percent {
            Percent::HUNDRED => record.last_change(),
            _ => record.since,
        };
        let rollout = Rollout {
            evidence: Evidence::new(&self.policy, &scope, from, record.timers_since()),
            baseline,
            candidate,
            policy: self.policy,
            scope: scope.clone(),
            alias: self.alias,
            record: record.clone(),
            unanswered: None,
            guarded: self.guarded,
            ignored_alarms: self.ignored_alarms,
            alarm: None,
            few_at: Vec::new(),
            no_answer_since: record.unanswered_since(),
            has_read: false,
            rollback: None,
        };
        let event = Event::Started {
            baseline,
            candidate,
            steps,
            since: record.since,
            resumed_at,
            scope,
        };
        Started {
            first: is_new.then(|| change_to(record)),
            rollout,
            event,
        }
    }
}

impl Rollout {
    /// `live` as this rollout left it.
    #[must_use]
    pub fn alias(&self) -> &Alias {
        &self.alias
    }

    /// The weights so far, and when they were set.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The candidate's weight.
    #[must_use]
    pub fn percent(&self) -> Percent {
        self.alias.routing.share(self.candidate.version)
    }

    /// Which metrics are analysed.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// From when on the next tick needs the metrics.
    #[must_use]
    pub fn samples_since(&self) -> DateTime<Utc> {
        self.evidence.samples_since(&self.policy)
    }

    /// The alarms of the policy, whose states the next tick needs.
    #[must_use]
    pub fn alarms(&self) -> &[String] {
        &self.policy.alarms
    }

    /// The candidate's own alarm, likewise. It may be gone: whoever has promoted or aborted the rollout disarms it.
    #[must_use]
    pub fn own_alarm(&self) -> Option<String> {
        self.guarded.then(|| alarm_name(&self.alias.function))
    }

    /// How the rollout goes.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Baseline and candidate.
    #[must_use]
    pub fn builds(&self) -> [Build; 2] {
        [self.baseline, self.candidate]
    }

    /// What the next tick needs to know.
    #[must_use]
    pub fn needs(&self) -> Needs {
        match (&self.rollback, &self.unanswered) {
            (None, _) => Needs::Everything,
            (Some(_), Some(_)) => Needs::Alias,
            (Some(_), None) => Needs::Nothing,
        }
    }

    /// How long until the next tick.
    #[must_use]
    pub fn pause(&self, now: DateTime<Utc>) -> TimeDelta {
        match (&self.rollback, &self.unanswered) {
            // Whether an earlier change has happened must be known first.
            (Some(_), Some(_)) if self.no_answer_since.is_none() => TimeDelta::zero(),
            (Some(_), _) => ROLLBACK_PAUSE,
            (None, _) => next_tick(&self.policy, now) - now,
        }
    }

    /// Takes in what was observed, and says what to do.
    pub fn tick(&mut self, observation: Observation, now: DateTime<Utc>) -> Vec<Action> {
        if let Some(Rollback { cause, .. }) = self.rollback {
            return self.continue_rollback(observation.alias, cause, now);
        }
        let mut actions = Vec::new();
        match observation.alias {
            Ok(found) => match self.recognise(found) {
                Ok(landed) => actions.extend(landed),
                Err(problem) => return self.fail(problem, now),
            },
            Err(problem) => return self.fail(problem, now),
        }
        if self.percent() == Percent::HUNDRED && !self.serves_alone() {
            actions.extend(self.set_weight(Percent::HUNDRED, now));
            return actions;
        }
        let (alarms, samples) = (observation.alarms, observation.samples);
        match alarms.map(|states| self.take_in_alarms(states, now)) {
            Ok(()) if self.alarm.is_some() => {
                actions.extend(self.roll_back(Cause::Alarm, now));
                return actions;
            }
            Ok(()) => {}
            Err(cause) => return self.no_answer(actions, cause, now),
        }
        match samples {
            Ok(samples) => {
                self.no_answer_since = None;
                self.has_read = true;
                let latencies = [samples.baseline, samples.candidate];
                self.evidence
                    .observe(samples.periods, &self.record, &self.policy, now);
                actions.extend(if self.serves_alone() {
                    self.serve(now)
                } else {
                    self.step(latencies, now)
                });
                let is_quiet = actions.iter().all(|it| matches!(it, Action::Emit(_)));
                if self.record.unanswered.is_some() && is_quiet {
                    actions.extend(self.set(self.record.clone().unanswered(None)));
                }
                actions
            }
            Err(cause) => self.no_answer(actions, cause, now),
        }
    }

    /// The metrics or alarms cannot be read, and `live` can: it is where the next process finds since when.
    fn no_answer(
        &mut self,
        mut actions: Vec<Action>,
        cause: String,
        now: DateTime<Utc>,
    ) -> Vec<Action> {
        actions.extend(self.fail(AliasProblem::NoAnswer(cause), now));
        let since = self.no_answer_since.unwrap_or(now);
        let is_long =
            !self.has_read || now - since >= self.policy.no_data_timeout / UNANSWERED_PART;
        let is_quiet = actions.iter().all(|it| matches!(it, Action::Emit(_)));
        if is_quiet && is_long && self.record.unanswered.is_none() && self.unanswered.is_none() {
            actions.extend(self.set(self.record.clone().unanswered(Some(since))));
        }
        actions
    }

    fn serves_alone(&self) -> bool {
        self.alias.routing == Routing::alone(self.candidate.version)
    }

    /// Remembers the first alarm that has gone off; one that was off from the beginning counts once it has been OK.
    fn take_in_alarms(&mut self, states: Vec<AlarmState>, now: DateTime<Utc>) {
        let is_off = |name: &String| states.iter().any(|it| it.name == *name && it.is_off());
        self.ignored_alarms.retain(is_off);
        let ignored = &self.ignored_alarms;
        let mut off = states.into_iter().filter(|it| it.is_off_at(now));
        self.alarm = off.find(|state| !ignored.contains(&state.name));
    }

    /// Somebody else makes the changes: what was decided is not under way here.
    pub(super) fn leave_to_others(&mut self) {
        self.rollback = None;
    }

    /// Takes in a command, and says what to do.
    pub fn handle(&mut self, command: Command, now: DateTime<Utc>) -> Vec<Action> {
        let mut actions = vec![emit(Event::Command { command })];
        actions.extend(match (command, self.rollback) {
            (Command::Ask | Command::Resume, _) => Vec::new(),
            // Whoever does not want to wait for a rollback that fails can say so.
            (Command::Abort | Command::Detach, Some(rollback)) => self.give_up(rollback),
            // To go back from here is a rollback to a version, which nobody has asked for by a signal.
            (Command::Abort | Command::Detach, None) if self.serves_alone() => {
                self.end(Ending::Promoted, Percent::HUNDRED)
            }
            (Command::Abort, None) => self.roll_back(Cause::Aborted, now),
            (Command::Detach, None) => self.end(Ending::Detached, self.percent()),
        });
        actions
    }

    /// Takes in what came of [`Action::Set`].
    pub fn applied(
        &mut self,
        change: Change,
        answer: Result<Alias, AliasProblem>,
        now: DateTime<Utc>,
    ) -> Vec<Action> {
        match answer {
            Ok(alias) => {
                let before = self.alias.description.parse::<Record>();
                let is_mark = before.is_ok_and(|before| before.changes == change.record.changes);
                self.alias = alias;
                self.record = change.record;
                self.unanswered = None;
                self.no_answer_since = self.record.unanswered_since();
                if is_mark {
                    return self.paused_itself().unwrap_or_default();
                }
                self.weight_has_changed()
            }
            Err(problem) => {
                if matches!(problem, AliasProblem::NoAnswer(_)) {
                    self.unanswered = Some(change);
                }
                self.fail(problem, now)
            }
        }
    }

    /// Checks that `live` is as this rollout left it. A change whose answer was lost is found here if it
    /// has happened after all.
    ///
    /// # Errors
    /// [`AliasProblem::Changed`].
    pub fn recognise(&mut self, found: Alias) -> Result<Vec<Action>, AliasProblem> {
        let landed = |change: &mut Change| {
            change.routing == found.routing && change.record.to_string() == found.description
        };
        let landed = self.unanswered.take_if(landed);
        if landed.is_none() && !found.is_as(&self.alias) {
            let found = Box::new(found);
            return Err(AliasProblem::Changed { found });
        }
        self.alias = found;
        Ok(match landed {
            Some(change) => {
                self.record = change.record;
                let percent = self.percent();
                vec![emit(Event::Weight { percent })]
            }
            None => Vec::new(),
        })
    }

    /// The end of a run of a rollout that has paused itself.
    fn paused_itself(&self) -> Option<Vec<Action>> {
        let ending = match self.record.paused?.needs? {
            Needed::Samples => Ending::Paused(Waiting::Samples),
            Needed::Share => Ending::Paused(Waiting::Share),
            Needed::Until => Ending::Reached,
        };
        Some(self.end(ending, self.percent()))
    }

    fn weight_has_changed(&mut self) -> Vec<Action> {
        let percent = self.percent();
        let mut actions = vec![emit(Event::Weight { percent })];
        match self.rollback.take() {
            Some(Rollback { cause, from, .. }) => {
                actions.extend(self.end(Ending::RolledBack(cause), from));
            }
            None if percent == Percent::HUNDRED => {
                actions.extend(self.served_for(TimeDelta::zero(), 0.0));
            }
            None => {}
        }
        actions
    }

    /// What the candidate alone has shown since its promotion: the end, unless something is armed for longer.
    fn serve(&mut self, now: DateTime<Utc>) -> Vec<Action> {
        if let Some(cause) = decision::wrong(&self.position()) {
            return self.roll_back(cause, now);
        }
        let step = self.evidence.step;
        let baked = match now - step.since {
            longest if longest >= LONGEST_AFTER => longest,
            _ => self.evidence.baked(),
        };
        // With one version behind it, the alias's own count says as much.
        self.served_for(baked, step.calls[1] + step.unseen)
    }

    fn served_for(&self, baked: TimeDelta, calls: f64) -> Vec<Action> {
        let is_enough =
            baked >= self.policy.bake_after && calls >= self.policy.samples_after as f64;
        if self.policy.bake_after.is_zero() || is_enough || baked >= LONGEST_AFTER {
            return self.end(Ending::Promoted, Percent::HUNDRED);
        }
        vec![emit(Event::Serving {
            baked_s: baked.num_seconds(),
            bake_after_s: self.policy.bake_after.num_seconds(),
            samples: whole(calls),
            min_samples: self.policy.samples_after,
        })]
    }

    fn position(&self) -> Position {
        let evidence = &self.evidence;
        Position {
            percent: self.percent(),
            worse: evidence.is_worse(),
            gross: evidence.gross().is_some(),
            alarm: self.alarm.is_some(),
            over_limit: evidence.over_limit.is_some(),
            mismatch: evidence.mismatch().is_some(),
            baked: evidence.baked(),
            calls: evidence.step.calls,
            seen: evidence.baked_since_resumed(),
            paused: self.record.paused.is_some(),
            no_data: evidence.no_data(),
        }
    }

    /// Decides what comes next, and says what was found.
    fn step(&mut self, latencies: [Option<Latency>; 2], now: DateTime<Utc>) -> Vec<Action> {
        let position = self.position();
        let decision = decision::decide(&position, &self.policy);
        let mut actions = vec![emit(self.analysed(&position, decision, latencies))];
        if let Some(no_data) = position.no_data {
            actions.push(emit(Event::NoData {
                what: self.summary(position.percent).no_data(),
                no_data_s: no_data.num_seconds(),
                no_data_timeout_s: self.policy.no_data_timeout.num_seconds(),
            }));
        }
        if decision.is_over() {
            if position.calls[1] < self.policy.min_samples as f64 {
                self.few_at.push(position.percent);
            }
            actions.push(emit(self.step_over(&position)));
        }
        actions.extend(self.act(decision, now));
        actions
    }

    fn analysed(
        &self,
        position: &Position,
        decision: Decision,
        [baseline_latency, candidate_latency]: [Option<Latency>; 2],
    ) -> Event {
        let analysis = self.evidence.analysis();
        let wording = Wording {
            analysis: &analysis,
            scope: &self.scope,
        };
        let sentence = wording.sentence(&self.candidate.to_string(), &self.baseline.to_string());
        let brief = wording.brief();
        Event::Analysed(Analysed {
            percent: position.percent,
            waiting: decision.waiting(),
            baked_s: position.baked.num_seconds(),
            bake_s: self.policy.bake.num_seconds(),
            step_timeout_s: self.policy.step_timeout.num_seconds(),
            step_samples: whole(position.calls[1]),
            min_samples: self.policy.min_samples,
            analysis,
            sentence,
            brief,
            late: whole(self.evidence.late),
            baseline_latency,
            candidate_latency,
        })
    }

    fn step_over(&self, position: &Position) -> Event {
        let summary = self.summary(position.percent);
        Event::StepOver {
            percent: position.percent,
            step_samples: whole(position.calls[1]),
            min_samples: self.policy.min_samples,
            least_found: self.evidence.would_be_found(),
            sentence: summary.step_over(),
        }
    }

    fn act(&mut self, decision: Decision, now: DateTime<Utc>) -> Vec<Action> {
        match decision {
            Decision::Wait(_) => Vec::new(),
            Decision::Advance(percent) => self.set_weight(percent, now),
            Decision::Promote => self.set_weight(Percent::HUNDRED, now),
            Decision::RollBack(cause) => self.roll_back(cause, now),
            Decision::Reached => self.pause_for(Needed::Until, now),
            Decision::Pause(Waiting::Share) => self.pause_for(Needed::Share, now),
            Decision::Pause(_) => self.pause_for(Needed::Samples, now),
        }
    }

    fn pause_for(&mut self, needed: Needed, now: DateTime<Utc>) -> Vec<Action> {
        self.set(self.record.clone().paused(Some(needed), now))
    }

    fn set_weight(&mut self, percent: Percent, now: DateTime<Utc>) -> Vec<Action> {
        self.set(self.record.clone().changed(percent, now))
    }

    fn set(&mut self, record: Record) -> Vec<Action> {
        match record.to_description() {
            Ok(_) => vec![Action::Set(change_to(record))],
            Err(error) => self.stop(&error.to_string()),
        }
    }

    fn roll_back(&mut self, cause: Cause, now: DateTime<Utc>) -> Vec<Action> {
        self.rollback = Some(Rollback {
            cause,
            from: self.percent(),
            until: now + self.policy.no_data_timeout * ROLLBACK_PATIENCE,
        });
        self.no_answer_since = None;
        match self.unanswered {
            Some(_) => Vec::new(),
            None => vec![Action::Set(self.rollback_change(cause, now))],
        }
    }

    fn continue_rollback(
        &mut self,
        alias: Result<Alias, AliasProblem>,
        cause: Cause,
        now: DateTime<Utc>,
    ) -> Vec<Action> {
        if self.unanswered.is_some() {
            let recognised = alias.and_then(|found| self.recognise(found));
            if let Err(problem) = recognised {
                return self.fail(problem, now);
            }
            // One that has not happened by now was refused or is lost for good: compare-and-swap.
            self.unanswered = None;
        }
        if self.alias.routing == Routing::alone(self.baseline.version) {
            return self.weight_has_changed();
        }
        vec![Action::Set(self.rollback_change(cause, now))]
    }

    fn rollback_change(&self, cause: Cause, now: DateTime<Utc>) -> Change {
        let record = self.record.clone().rolled_back(cause, now);
        // No lack of room may keep the weight up.
        let record = match record.to_description() {
            Ok(_) => record,
            Err(_) => record.last_change_only(),
        };
        change_to(record)
    }

    /// Sorts out what a problem means: try again, roll back, or stop.
    fn fail(&mut self, problem: AliasProblem, now: DateTime<Utc>) -> Vec<Action> {
        let cause = match problem {
            AliasProblem::NoAnswer(cause) => cause,
            AliasProblem::Changed { found } => return self.changed_by_others(*found),
            AliasProblem::Unusable(problem) => return self.stop(&problem),
        };
        let since = *self.no_answer_since.get_or_insert(now);
        let mut actions = vec![emit(Event::NoAnswer {
            cause,
            no_answer_s: (now - since).num_seconds(),
            no_data_timeout_s: self.policy.no_data_timeout.num_seconds(),
        })];
        match self.rollback {
            Some(rollback) if now >= rollback.until => actions.extend(self.give_up(rollback)),
            // What serves alone was found good: that nobody can see it now is nothing against it.
            None if self.serves_alone() && now - self.record.last_change() >= LONGEST_AFTER => {
                actions.extend(self.end(Ending::Promoted, Percent::HUNDRED));
            }
            None if !self.serves_alone() && now - since > self.policy.no_data_timeout => {
                actions.extend(self.roll_back(Cause::NoAnswer, now));
            }
            _ => {}
        }
        actions
    }

    /// Goes on from what another shell, or another run of the same rollout, has made of it; gives the alias back
    /// when it is something else.
    fn follow(&mut self, found: Alias) -> Result<Vec<Action>, Alias> {
        let record = match found.description.parse::<Record>() {
            Ok(record) if record.continues(&self.record) && record.routing() == found.routing => {
                record
            }
            _ => return Err(found),
        };
        let (before, was_paused) = (self.percent(), self.record.paused.is_some());
        if record.timers_since() > self.record.timers_since() {
            self.evidence.restart_timers(record.timers_since());
        }
        self.alias = found;
        self.record = record;
        self.unanswered = None;
        self.no_answer_since = self.record.unanswered_since();
        let (percent, is_paused) = (self.percent(), self.record.paused.is_some());
        let mut actions = Vec::new();
        if is_paused != was_paused {
            // One that has paused itself says what it needs.
            let somebody = vec![emit(Event::Paused { paused: is_paused })];
            actions.extend(self.paused_itself().unwrap_or(somebody));
        }
        if percent == before {
            return Ok(actions);
        }
        if percent == Percent::ZERO && self.rollback.is_none() {
            let cause = self.record.cause.unwrap_or(Cause::Aborted);
            actions.push(emit(Event::Weight { percent }));
            actions.extend(self.end(Ending::RolledBack(cause), before));
        } else {
            // Whoever has promoted it in full has disarmed the candidate's own alarm.
            self.guarded &= percent < Percent::HUNDRED;
            actions.extend(self.weight_has_changed());
        }
        Ok(actions)
    }

    /// Ends without touching what somebody else has changed.
    fn changed_by_others(&mut self, found: Alias) -> Vec<Action> {
        let found = match self.follow(found) {
            Ok(actions) => return actions,
            Err(found) => found,
        };
        let by_hand = found.description.parse::<ByHand>();
        if by_hand.is_ok_and(|it| it.rolled_back == self.candidate.version)
            && found.routing.candidate().is_none()
        {
            return self.end(Ending::RolledBack(Cause::Aborted), self.percent());
        }
        // It still serves, perhaps beside what was released since.
        if self.serves_alone()
            && self.rollback.is_none()
            && found.routing.primary == self.candidate.version
        {
            return self.end(Ending::Promoted, Percent::HUNDRED);
        }
        if self.is_superseded(&found) {
            return self.end(Ending::RolledBack(Cause::Superseded), self.percent());
        }
        let found = Box::new(found);
        self.stop(&AliasProblem::Changed { found }.to_string())
    }

    /// Whether a later rollout has begun from the same baseline.
    fn is_superseded(&self, found: &Alias) -> bool {
        let later = found.description.parse::<Record>();
        later.is_ok_and(|later| {
            later.baseline == self.baseline.version
                && later.candidate != self.candidate.version
                && later.since >= self.record.last_change()
                && later.routing() == found.routing
        })
    }

    fn stop(&mut self, why: &str) -> Vec<Action> {
        let ending = Ending::Stopped;
        let sentence = format!("{why}; {}", self.sentence(&ending, self.percent()));
        vec![emit(Event::Ended { ending, sentence }), Action::End(ending)]
    }

    fn give_up(&mut self, rollback: Rollback) -> Vec<Action> {
        self.end(Ending::RollbackFailed(rollback.cause), rollback.from)
    }

    fn end(&self, ending: Ending, percent: Percent) -> Vec<Action> {
        let sentence = self.sentence(&ending, percent);
        vec![emit(Event::Ended { ending, sentence }), Action::End(ending)]
    }

    fn sentence(&self, ending: &Ending, percent: Percent) -> String {
        self.summary(percent).sentence(ending)
    }

    fn summary(&self, percent: Percent) -> Summary<'_> {
        Summary {
            function: &self.alias.function,
            baseline: &self.baseline,
            candidate: &self.candidate,
            percent,
            evidence: &self.evidence,
            scope: &self.scope,
            policy: &self.policy,
            alarm: self.alarm.as_ref(),
            unseen: &self.few_at,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are not negative, and far below 2^53"
)]
fn whole(count: f64) -> u64 {
    count as u64
}

/// What `live` becomes by a record.
fn change_to(record: Record) -> Change {
    let routing = record.routing();
    Change { routing, record }
}

fn emit(event: Event) -> Action {
    Action::Emit(Box::new(event))
}

#[cfg(test)]
mod tests;
