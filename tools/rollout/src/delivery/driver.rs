//! Runs one rollout: observes, lets [`Rollout::tick`] decide, and does what it says, until the rollout has
//! ended or somebody asks it to.

use std::{collections::VecDeque, future::Future, mem, time::Duration};

use chrono::Utc;

use super::{
    event::{Command, Ending, Event},
    periods::Samples,
    rollout::{Action, AliasProblem, Change, Needs, Observation, Rollout, Start, Started},
    samples::MetricSource,
};
use crate::aws::{
    alarm,
    alias::{self, Alias, AliasError},
    client::Clients,
    metrics::Source,
    routing::{Percent, Routing},
};

/// The shortest pause between two ticks, so that a clock that jumps causes no busy loop.
const MIN_PAUSE: Duration = Duration::from_millis(100);

/// Where commands come from.
pub trait Commands: Send {
    /// The next command. May be dropped and called again without losing one.
    fn next(&mut self) -> impl Future<Output = Command> + Send;
}

/// Receives what happens.
pub trait Events: Send {
    /// Called with each event as it happens.
    fn emit(&mut self, event: &Event);
}

/// Why a rollout could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The first weight was not set.
    #[error("{0}")]
    Alias(AliasProblem),
    /// AWS did not answer, and the candidate has no weight.
    #[error("{0}; live was not changed")]
    NotChanged(String),
    /// AWS did not answer, not even afterwards.
    #[error(
        "{cause}; live may already route to {routing}: see rollout status, and go back with rollout abort"
    )]
    Unknown {
        /// Why there was no answer.
        cause: String,
        /// What was to be set.
        routing: Routing,
    },
}

/// Says what will happen, and sets the first weight unless the candidate has one.
///
/// # Errors
/// When `live` cannot be changed.
pub async fn start<E: Events>(
    start: Start,
    clients: &Clients,
    sources: Vec<Source>,
    mut events: E,
) -> Result<Driver<E>, StartError> {
    let Started {
        rollout,
        event,
        first,
    } = start.begin(Utc::now());
    events.emit(&event);
    let mut driver = Driver::new(rollout, clients, sources, events);
    if let Some(change) = first {
        driver.set_first_weight(change).await?;
    }
    Ok(driver)
}

/// Watches a rollout that is under way, and leaves it to the controller.
pub fn watch<E: Events>(
    start: Start,
    clients: &Clients,
    sources: Vec<Source>,
    mut events: E,
) -> Driver<E> {
    let Started { rollout, event, .. } = start.begin(Utc::now());
    events.emit(&event);
    Driver {
        only_watches: true,
        ..Driver::new(rollout, clients, sources, events)
    }
}

/// One run of one rollout.
#[derive(Debug)]
pub struct Driver<E> {
    clients: Clients,
    /// How long one call with all its attempts may take.
    limit: Duration,
    rollout: Rollout,
    source: MetricSource,
    events: E,
    /// Whether somebody else makes the changes.
    only_watches: bool,
    /// Whether the alias was read a moment ago: the next tick need not read it again.
    alias_is_new: bool,
}

impl<E: Events> Driver<E> {
    fn new(rollout: Rollout, clients: &Clients, sources: Vec<Source>, events: E) -> Self {
        Self {
            clients: clients.clone(),
            limit: rollout.policy().call_limit(),
            source: MetricSource::new(clients.clone(), &rollout, sources),
            rollout,
            events,
            only_watches: false,
            alias_is_new: false,
        }
    }

    /// The alias that it was begun with is as it is now, to the moment: its first tick does not read it again.
    pub const fn has_just_read_the_alias(&mut self) {
        self.alias_is_new = true;
    }

    /// The rollout as it is.
    #[must_use]
    pub const fn rollout(&self) -> &Rollout {
        &self.rollout
    }

    /// What receives the events.
    pub const fn events(&mut self) -> &mut E {
        &mut self.events
    }

    /// Observes once, and does what follows; how it has ended, if it has.
    pub async fn tick(&mut self) -> Option<Ending> {
        let observation = self.observe_after(Duration::ZERO).await;
        let actions = self.rollout.tick(observation, Utc::now());
        self.perform(actions).await
    }

    /// Looks on until the rollout has ended.
    pub async fn watch(mut self) -> Ending {
        loop {
            if let Some(ending) = self.tick().await {
                return ending;
            }
            let pause = self.rollout.pause(Utc::now()).to_std().unwrap_or_default();
            tokio::time::sleep(pause.max(MIN_PAUSE)).await;
        }
    }

    /// Runs until the rollout has ended or somebody asks it to.
    pub async fn run(mut self, commands: &mut impl Commands) -> Ending {
        let mut pause = Duration::ZERO;
        loop {
            // Only the pause and the observation may be cut short: a change of the alias never is.
            let actions = tokio::select! {
                observation = self.observe_after(pause) => self.rollout.tick(observation, Utc::now()),
                command = commands.next() => self.rollout.handle(command, Utc::now()),
            };
            if let Some(ending) = self.perform(actions).await {
                return ending;
            }
            pause = self.rollout.pause(Utc::now()).to_std().unwrap_or_default();
            pause = pause.max(MIN_PAUSE);
        }
    }

    async fn observe_after(&mut self, pause: Duration) -> Observation {
        tokio::time::sleep(pause).await;
        let since = self.rollout.samples_since();
        let is_new = mem::take(&mut self.alias_is_new);
        let Self {
            clients,
            limit,
            rollout,
            source,
            ..
        } = self;
        let needs = rollout.needs();
        let samples = async {
            match needs {
                Needs::Everything => source.read(since).await,
                Needs::Alias | Needs::Nothing => Ok(Samples::default()),
            }
        };
        let alarms = async {
            match needs {
                Needs::Everything => {
                    let (names, own) = (rollout.alarms(), rollout.own_alarm());
                    let states = alarm::states(&clients.cloudwatch, names, own);
                    match tokio::time::timeout(*limit, states).await {
                        Ok(states) => states.map_err(|error| error.to_string()),
                        Err(_) => Err(format!(
                            "DescribeAlarms: no answer within {} s",
                            limit.as_secs()
                        )),
                    }
                }
                Needs::Alias | Needs::Nothing => Ok(Vec::new()),
            }
        };
        let live = async {
            match needs {
                _ if is_new => Ok(rollout.alias().clone()),
                Needs::Nothing => Ok(rollout.alias().clone()),
                Needs::Alias | Needs::Everything => {
                    let Alias { function, name, .. } = rollout.alias();
                    answer(*limit, alias::read(&clients.lambda, function, name)).await
                }
            }
        };
        let (alias, samples, alarms) = tokio::join!(live, samples, alarms);
        Observation {
            alias,
            samples,
            alarms,
        }
    }

    /// Carries out actions; returns the ending if one of them ends the run.
    async fn perform(&mut self, actions: Vec<Action>) -> Option<Ending> {
        let mut actions = VecDeque::from(actions);
        if self.only_watches && actions.iter().any(|it| matches!(it, Action::Set(_))) {
            // The controller decides the same, and says so; its change is found by the next tick.
            actions.retain(
                |it| matches!(it, Action::Emit(event) if matches!(**event, Event::Analysed(_))),
            );
            self.rollout.leave_to_others();
        }
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Emit(event) => self.events.emit(&event),
                Action::Set(change) => {
                    let set = self.set(&change).await;
                    actions.extend(self.rollout.applied(change, set, Utc::now()));
                }
                Action::End(ending) => return Some(ending),
            }
        }
        None
    }

    async fn set(&self, change: &Change) -> Result<Alias, AliasProblem> {
        let (lambda, before) = (&self.clients.lambda, self.rollout.alias());
        let description = change.record.to_string();
        let sent = alias::compare_and_swap(lambda, before, change.routing, &description);
        answer(self.limit, sent).await
    }

    /// Sets the first weight. If its answer is lost, finds out whether it was set: a run that ends here must
    /// say so if it may leave a weight that nobody watches.
    async fn set_first_weight(&mut self, change: Change) -> Result<(), StartError> {
        let set = self.set(&change).await;
        let failed = set.as_ref().err().cloned();
        let routing = change.routing;
        let actions = self.rollout.applied(change, set, Utc::now());
        let cause = match failed {
            None => {
                self.perform(actions).await;
                return Ok(());
            }
            Some(AliasProblem::NoAnswer(cause)) => cause,
            Some(problem) => return Err(StartError::Alias(problem)),
        };
        let Alias { function, name, .. } = self.rollout.alias();
        let read = alias::read(&self.clients.lambda, function, name);
        let read = answer(self.limit, read).await;
        match read.and_then(|found| self.rollout.recognise(found)) {
            Ok(landed) if self.rollout.percent() > Percent::ZERO => {
                self.perform(landed).await;
                Ok(())
            }
            Ok(_) => Err(StartError::NotChanged(cause)),
            Err(_) => Err(StartError::Unknown { cause, routing }),
        }
    }
}

/// Waits for an answer, and classifies the error when there is none.
async fn answer<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, AliasError>>,
) -> Result<T, AliasProblem> {
    match tokio::time::timeout(limit, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(AliasError::Changed { found })) => Err(AliasProblem::Changed { found }),
        Ok(Err(error @ AliasError::Call { .. })) => Err(AliasProblem::NoAnswer(error.to_string())),
        Ok(Err(error)) => Err(AliasProblem::Unusable(error.to_string())),
        Err(_) => {
            let seconds = limit.as_secs();
            Err(AliasProblem::NoAnswer(format!(
                "no answer within {seconds} s"
            )))
        }
    }
}
