//! The moves of a rollout, one after the other: arms the candidate's alarm, starts the move, and disarms it at its end.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    driver::{self, Driver, Events, StartError},
    event::{Ending, Event, PlannedMove},
    frozen::Frozen,
    policy::PolicyError,
    record::{Record, TooManyChanges},
    rollout::Start,
    tags::{RUN, Tags, TagsError},
};
use crate::aws::{
    LIVE,
    alarm::{self, AlarmError, AlarmState, Arming, CandidateAlarm},
    alias::{self, Alias, AliasError},
    client::Clients,
    function::{self, Function, FunctionError},
    routing::{Percent, Routing},
    tags,
};
use aws_sdk_cloudwatch::Client as CloudWatch;
use aws_sdk_lambda::Client;
use package::manifest::alarm_name;
use serde::Serialize;

/// Why a move does not begin.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// An alarm of the policy has gone off.
    #[error(
        "the alarm {} is in ALARM: {}. Nothing was changed; to start all the same: --force", .0.name, .0.reason
    )]
    Off(AlarmState),
    /// The policy cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// An alarm cannot be read or armed.
    #[error(transparent)]
    Alarm(#[from] AlarmError),
    /// The first weight was not set.
    #[error(transparent)]
    Start(#[from] StartError),
    /// `live` cannot be read or changed.
    #[error(transparent)]
    Alias(#[from] AliasError),
    /// `live` cannot say what is to come.
    #[error(transparent)]
    Record(#[from] TooManyChanges),
    /// The function's tags cannot be changed.
    #[error(transparent)]
    Function(#[from] FunctionError),
    /// It does not go into the function's tags.
    #[error(transparent)]
    Tags(#[from] TagsError),
}

/// Writes something into a function's tags, in place of what these have held.
///
/// # Errors
/// [`MoveError`].
pub async fn keep(
    lambda: &Client,
    function: &Function,
    tags: Tags,
    it: &impl Serialize,
) -> Result<(), MoveError> {
    let set = tags.write(it)?;
    let left = tags.left_over(&function.tags, &set);
    Ok(tags::change(lambda, function, set, left).await?)
}

/// The alarms of a policy that have gone off, where that is no obstacle to a start.
///
/// # Errors
/// [`MoveError::Off`], unless it is forced; [`MoveError::Alarm`].
pub async fn gates(
    client: &CloudWatch,
    alarms: &[String],
    force: bool,
) -> Result<Vec<String>, MoveError> {
    let mut off = alarm::off(client, alarms).await?.into_iter().peekable();
    match off.next_if(|_| !force) {
        Some(first) => Err(MoveError::Off(first)),
        None => Ok(off.map(|state| state.name).collect()),
    }
}

/// A rollout of one function.
#[derive(Debug, Clone)]
pub struct Moves {
    clients: Clients,
    function: Function,
    frozen: Frozen,
}

impl Moves {
    /// Nothing is sent yet.
    #[must_use]
    pub fn new(clients: Clients, function: Function, frozen: Frozen) -> Self {
        Self {
            clients,
            function,
            frozen,
        }
    }

    /// What it was started with.
    #[must_use]
    pub const fn frozen(&self) -> &Frozen {
        &self.frozen
    }

    /// Writes into the function's tags what was started.
    ///
    /// # Errors
    /// [`MoveError`].
    pub async fn freeze(&self) -> Result<(), MoveError> {
        keep(&self.clients.lambda, &self.function, RUN, &self.frozen).await
    }

    /// Writes it once more where it is gone: the controller may just have ended the rollout before, and removed these tags
    /// for its.
    ///
    /// # Errors
    /// [`MoveError`].
    pub async fn freeze_again_if_gone(&self) -> Result<(), MoveError> {
        let function = function::read(&self.clients.lambda, &self.function.name).await?;
        if function.tags.contains_key(&RUN.key(1)) {
            return Ok(());
        }
        keep(&self.clients.lambda, &function, RUN, &self.frozen).await
    }

    /// Removes it from the function's tags: the rollout is over.
    ///
    /// # Errors
    /// [`MoveError`].
    pub async fn thaw(&self) -> Result<(), MoveError> {
        let own = RUN.write(&self.frozen)?;
        let keys = own.into_keys().collect();
        Ok(tags::change(&self.clients.lambda, &self.function, BTreeMap::new(), keys).await?)
    }

    /// Reads `live`.
    ///
    /// # Errors
    /// [`AliasError`].
    pub async fn live(&self) -> Result<Alias, AliasError> {
        alias::read(&self.clients.lambda, &self.function.name, LIVE).await
    }

    /// The alarms of the policy that have gone off, but for those that somebody has started it against.
    ///
    /// # Errors
    /// [`AlarmError::Read`].
    pub async fn off(&self) -> Result<Vec<AlarmState>, AlarmError> {
        let mut off = alarm::off(&self.clients.cloudwatch, &self.frozen.policy.alarms).await?;
        off.retain(|alarm| !self.frozen.ignored_alarms.contains(&alarm.name));
        Ok(off)
    }

    /// Writes that the rollout awaits approval into `live`. Its alarm is armed then: who approves needs no right for it.
    ///
    /// # Errors
    /// [`MoveError`].
    pub async fn await_approval(
        &self,
        live: &Alias,
        events: &mut impl Events,
    ) -> Result<(), MoveError> {
        let Some(first) = self.frozen.moves.first() else {
            return Ok(());
        };
        self.arm(first, Utc::now(), events).await?;
        let (baseline, candidate) = (first.baseline.version, first.candidate.version);
        let record = Record::awaiting_approval(baseline, candidate, Utc::now());
        let (lambda, description) = (&self.clients.lambda, record.to_description()?);
        alias::compare_and_swap(lambda, live, Routing::alone(baseline), &description).await?;
        Ok(())
    }

    /// Begins a move, or goes on with it.
    ///
    /// # Errors
    /// [`MoveError`].
    pub async fn begin<E: Events>(
        &self,
        live: Alias,
        index: usize,
        under_way: Option<Record>,
        mut events: E,
    ) -> Result<Driver<E>, MoveError> {
        let start = self.start(live, index, under_way)?;
        let candidate = start.candidate.version;
        // Also where somebody has given the candidate a weight by hand.
        if start.under_way.is_none() {
            let now = Utc::now();
            self.arm(&self.frozen.moves[index], now, &mut events)
                .await?;
        }
        let driver = driver::start(start, &self.clients, self.frozen.sources.clone(), events).await;
        if driver.is_err() {
            // An alarm without a weight that it could guard.
            let live = self.live().await;
            if live.is_ok_and(|live| live.routing.share(candidate) == Percent::ZERO) {
                self.disarm().await;
            }
        }
        Ok(driver?)
    }

    /// Watches a move that somebody else makes.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn watch<E: Events>(
        &self,
        live: Alias,
        index: usize,
        record: Record,
        events: E,
    ) -> Result<Driver<E>, PolicyError> {
        let start = self.start(live, index, Some(record))?;
        Ok(driver::watch(
            start,
            &self.clients,
            self.frozen.sources.clone(),
            events,
        ))
    }

    fn start(
        &self,
        live: Alias,
        index: usize,
        under_way: Option<Record>,
    ) -> Result<Start, PolicyError> {
        let planned = &self.frozen.moves[index];
        Ok(Start {
            baseline: planned.baseline,
            candidate: planned.candidate,
            alias: live,
            under_way,
            policy: self.frozen.policy(index)?,
            guarded: self.frozen.policy.guard.armed,
            ignored_alarms: self.frozen.ignored_alarms.clone(),
        })
    }

    /// Arms the alarm on the candidate of a move that began then, or begins now.
    ///
    /// # Errors
    /// [`MoveError`].
    pub async fn arm(
        &self,
        planned: &PlannedMove,
        since: DateTime<Utc>,
        events: &mut impl Events,
    ) -> Result<(), MoveError> {
        let policy = &self.frozen.policy.guard;
        if !policy.armed {
            return Ok(());
        }
        let counted: Vec<_> = self.frozen.policy.metrics.values().cloned().collect();
        let alarm = self.alarm();
        let armed = alarm
            .arm(&Arming {
                candidate: planned.candidate.version,
                policy,
                namespace: &self.frozen.namespace,
                counted: &counted,
                slowest: self.frozen.slowest(),
                since,
            })
            .await?;
        events.emit(&Event::Armed {
            alarm: alarm_name(&self.function.name),
            at: alarm::describe(&armed),
        });
        Ok(())
    }

    /// Disarms the alarm once the candidate has no weight, or serves alone. Where a partial weight stays, the alarm stays.
    pub async fn ended(&self, ending: Ending) {
        if matches!(
            ending,
            Ending::Promoted | Ending::RolledBack(_) | Ending::NothingToMove
        ) {
            self.disarm().await;
        }
    }

    /// Disarms the alarm.
    pub async fn disarm(&self) {
        if self.frozen.policy.guard.armed {
            self.alarm().disarm_or_warn().await;
        }
    }

    fn alarm(&self) -> CandidateAlarm {
        CandidateAlarm::new(self.clients.cloudwatch.clone(), &self.function.name)
    }
}
