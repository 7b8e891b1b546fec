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
//! The state that must survive a kill stands in the alias ([`Record`]). What is only here begins anew with
//! each process: since when there has been no data, and since when no call was answered.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    decision::{self, Decision, Position},
    event::{Analysed, Command, Ending, Event},
    periods::{Evidence, Samples, next_tick},
    policy::Policy,
    record::{self, Record},
    scope::Scope,
    summary::Summary,
};
use crate::aws::{
    alias::Alias,
    function::Build,
    routing::{Percent, Routing},
};
use analysis::{Analysis, analyse};

/// How long a rollback that fails is tried again, in units of `no_data_timeout_s`: 45 minutes by
/// default. As long as it fails the candidate may have traffic, and a network that is down may come back.
const ROLLBACK_PATIENCE: i32 = 3;

/// The pause between two attempts of a rollback; each attempt has the client's own retries.
const ROLLBACK_PAUSE: TimeDelta = TimeDelta::seconds(1);

/// What a tick gets to see.
#[derive(Debug)]
pub struct Observation {
    /// `live` as it was read.
    pub alias: Result<Alias, AliasProblem>,
    /// What the metrics show of both versions, or why they cannot be read; not looked at during a rollback.
    pub samples: Result<Samples, String>,
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
    /// `live` and the metrics.
    AliasAndSamples,
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
    cause: decision::Cause,
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
    analysis: Analysis,
    began: DateTime<Utc>,
    /// The end of the last period that has shown both versions.
    last_data: DateTime<Utc>,
    /// Since when no call was answered.
    no_answer_since: Option<DateTime<Utc>>,
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
        let builds = [baseline, candidate];
        let rollout = Rollout::new(builds, self.alias, record.clone(), self.policy, now);
        let event = Event::Started {
            baseline,
            candidate,
            steps,
            since: record.since,
            resumed_at,
            scope: rollout.scope,
        };
        Started {
            first: is_new.then(|| rollout.change_to(percent, record)),
            rollout,
            event,
        }
    }
}

impl Rollout {
    fn new(
        [baseline, candidate]: [Build; 2],
        alias: Alias,
        record: Record,
        policy: Policy,
        now: DateTime<Utc>,
    ) -> Self {
        let scope = Scope::new(policy.slow_ms, [&baseline, &candidate]);
        Self {
            analysis: analyse([], &policy.terms(&scope)),
            baseline,
            candidate,
            policy,
            scope,
            alias,
            record,
            unanswered: None,
            began: now,
            last_data: now,
            no_answer_since: None,
            rollback: None,
        }
    }

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
    pub fn scope(&self) -> Scope {
        self.scope
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
            (None, _) => Needs::AliasAndSamples,
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
        if self.rollback.is_some() {
            return self.continue_rollback(observation.alias, now);
        }
        let mut actions = Vec::new();
        match observation.alias {
            Ok(found) => match self.recognise(found) {
                Ok(landed) => actions.extend(landed),
                Err(problem) => return self.fail(problem, now),
            },
            Err(problem) => return self.fail(problem, now),
        }
        if self.percent() == Percent::HUNDRED {
            actions.extend(self.promote(now));
            return actions;
        }
        match observation.samples {
            Ok(samples) => {
                self.no_answer_since = None;
                let decision = self.analyse(samples, now, &mut actions);
                actions.extend(self.act(decision, now));
            }
            Err(cause) => actions.extend(self.fail(AliasProblem::NoAnswer(cause), now)),
        }
        actions
    }

    /// Takes in a command, and says what to do.
    pub fn handle(&mut self, command: Command, now: DateTime<Utc>) -> Vec<Action> {
        let mut actions = vec![emit(Event::Command { command })];
        actions.extend(match (command, self.rollback) {
            (Command::Ask | Command::Resume, _) => Vec::new(),
            // Whoever does not want to wait for a rollback that fails can say so.
            (Command::Abort | Command::Detach, Some(rollback)) => self.give_up(rollback),
            (Command::Abort, None) => self.roll_back(decision::Cause::Aborted, now),
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
                self.alias = alias;
                self.record = change.record;
                self.unanswered = None;
                self.no_answer_since = None;
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

    fn change_to(&self, percent: Percent, record: Record) -> Change {
        let (baseline, candidate) = (self.baseline.version, self.candidate.version);
        let routing = match percent {
            Percent::ZERO => Routing::alone(baseline),
            Percent::HUNDRED => Routing::alone(candidate),
            _ => Routing::weighted(baseline, candidate, percent),
        };
        Change { routing, record }
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

    fn weight_has_changed(&mut self) -> Vec<Action> {
        let percent = self.percent();
        let mut actions = vec![emit(Event::Weight { percent })];
        match self.rollback.take() {
            Some(Rollback { cause, from, .. }) => {
                actions.extend(self.end(Ending::RolledBack(cause), from));
            }
            None if percent == Percent::HUNDRED => {
                actions.extend(self.end(Ending::Promoted, percent));
            }
            None => {}
        }
        actions
    }

    /// Analyses all periods that count, and decides what comes next.
    fn analyse(
        &mut self,
        samples: Samples,
        now: DateTime<Utc>,
        actions: &mut Vec<Action>,
    ) -> Decision {
        let evidence = Evidence::new(samples.periods, &self.record, &self.policy, now);
        let terms = self.policy.terms(&self.scope);
        self.analysis = analyse(evidence.blocks.iter().copied(), &terms)
            .with_pace(evidence.candidate_per_minute);
        self.last_data = evidence.last_data.unwrap_or(self.began).max(self.last_data);
        let position = Position {
            percent: self.percent(),
            verdict: self.analysis.verdict,
            baked: evidence.baked,
            step_samples: evidence.step_samples,
            seen: (self.last_data - self.on_step_since()).max(TimeDelta::zero()),
            no_data: self.no_data(now),
        };
        let decision = decision::decide(&position, &self.policy);
        actions.push(emit(Event::Analysed(Analysed {
            percent: position.percent,
            waiting: decision.waiting(),
            baked_s: evidence.baked.num_seconds(),
            bake_s: self.policy.bake.num_seconds(),
            step_timeout_s: self.policy.step_timeout.num_seconds(),
            step_samples: evidence.step_samples,
            min_samples: self.policy.min_samples,
            analysis: self.analysis.clone(),
            sentence: self
                .analysis
                .sentence(&self.candidate.to_string(), &self.baseline.to_string()),
            baseline_latency: samples.baseline,
            candidate_latency: samples.candidate,
        })));
        decision
    }

    fn act(&mut self, decision: Decision, now: DateTime<Utc>) -> Vec<Action> {
        match decision {
            Decision::Wait(_) => Vec::new(),
            Decision::Advance(percent) => self.set(percent, now),
            Decision::Promote => self.promote(now),
            Decision::RollBack(cause) => self.roll_back(cause, now),
            Decision::Reached => self.end(Ending::Reached, self.percent()),
            Decision::Pause(missing) => self.end(Ending::Paused(missing), self.percent()),
        }
    }

    fn set(&mut self, percent: Percent, now: DateTime<Utc>) -> Vec<Action> {
        let record = self.record.clone().changed(percent, now);
        match record.to_description() {
            Ok(_) => vec![Action::Set(self.change_to(percent, record))],
            Err(error) => self.stop(&error.to_string()),
        }
    }

    /// Also where somebody has given the candidate 100% by hand, beside a version that gets nothing.
    fn promote(&mut self, now: DateTime<Utc>) -> Vec<Action> {
        if self.alias.routing == Routing::alone(self.candidate.version) {
            return self.end(Ending::Promoted, Percent::HUNDRED);
        }
        self.set(Percent::HUNDRED, now)
    }

    fn roll_back(&mut self, cause: decision::Cause, now: DateTime<Utc>) -> Vec<Action> {
        self.rollback = Some(Rollback {
            cause,
            from: self.percent(),
            until: now + self.policy.no_data_timeout * ROLLBACK_PATIENCE,
        });
        self.no_answer_since = None;
        match self.unanswered {
            Some(_) => Vec::new(),
            None => vec![Action::Set(self.rollback_change(now))],
        }
    }

    fn continue_rollback(
        &mut self,
        alias: Result<Alias, AliasProblem>,
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
        vec![Action::Set(self.rollback_change(now))]
    }

    fn rollback_change(&self, now: DateTime<Utc>) -> Change {
        let record = self.record.clone().changed(Percent::ZERO, now);
        // No lack of room may keep the weight up.
        let record = match record.to_description() {
            Ok(_) => record,
            Err(_) => record.last_change_only(),
        };
        self.change_to(Percent::ZERO, record)
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
            no_data_s: self.no_data(now).num_seconds(),
            no_data_timeout_s: self.policy.no_data_timeout.num_seconds(),
        })];
        let lasting = (now - since).max(self.no_data(now));
        match self.rollback {
            Some(rollback) if now >= rollback.until => actions.extend(self.give_up(rollback)),
            None if lasting > self.policy.no_data_timeout => {
                actions.extend(self.roll_back(decision::Cause::NoAnswer, now));
            }
            _ => {}
        }
        actions
    }

    /// Ends without touching what somebody else has changed.
    fn changed_by_others(&mut self, found: Alias) -> Vec<Action> {
        let is_baseline = found.routing.primary == self.alias.routing.primary;
        if is_baseline && record::is_by_guard(&found) {
            let percent = self.percent();
            return self.end(Ending::RolledBack(decision::Cause::Guard), percent);
        }
        let found = Box::new(found);
        self.stop(&AliasProblem::Changed { found }.to_string())
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
        let summary = Summary {
            function: &self.alias.function,
            baseline: &self.baseline,
            candidate: &self.candidate,
            percent,
            analysis: &self.analysis,
            policy: &self.policy,
        };
        summary.sentence(ending)
    }

    /// When this process has begun this step.
    fn on_step_since(&self) -> DateTime<Utc> {
        self.record.last_change().max(self.began)
    }

    /// How long ago both versions were last seen, as far as they could have been.
    fn no_data(&self, now: DateTime<Utc>) -> TimeDelta {
        now - self.last_data.max(self.on_step_since())
    }
}

fn emit(event: Event) -> Action {
    Action::Emit(Box::new(event))
}

#[cfg(test)]
mod tests;
