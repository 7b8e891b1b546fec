//! One tick of one function's rollout.

use chrono::Utc;
use rollout::{
    aws::{
        alias::{Alias, AliasError},
        client::Clients,
        function::{Function, FunctionError},
        routing::Percent,
        tagged::Tagged,
        tags,
    },
    delivery::{
        decision::Cause,
        driver::{Driver, Events as _},
        event::{Ending, Event},
        frozen::{BEGUN_WITHIN, Frozen, Next, Over, Stage},
        moves::{self, MoveError, Moves},
        plan::{self, Asked, PlanError},
        record::Record,
        tags::{NEXT, RUN, TagsError},
    },
};

use crate::tell::{LastTold, Teller, Told, What};

/// A rollout that this process has ticked before: with what it knows, a tick reads the alias, the newest metrics and the
/// alarms alone.
#[derive(Debug)]
pub struct Running {
    moves: Moves,
    index: usize,
    driver: Driver<Teller>,
}

/// Why a tick has failed. The next one tries again.
#[derive(Debug, thiserror::Error)]
pub enum TickError {
    /// `live` cannot be read.
    #[error(transparent)]
    Alias(#[from] AliasError),
    /// The tags cannot be read or changed.
    #[error(transparent)]
    Function(#[from] FunctionError),
    /// What they hold is not what was written.
    #[error(transparent)]
    Tags(#[from] TagsError),
    /// A move cannot begin.
    #[error(transparent)]
    Move(#[from] MoveError),
    /// The rollout that waits cannot be started.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Somebody has ended the rollout before the one that waits.
    #[error(
        "somebody has taken the rollout before it back, or changed live by hand. Start it again when live is as it shall be"
    )]
    ByHand,
    /// The end could not be told: it is told by the next tick, which finds it again.
    #[error("{0}")]
    Tell(String),
    /// What has happened could not be told: it is told by the next tick of what goes on.
    #[error("{1}")]
    Untold(Box<Running>, String),
}

/// What every tick has.
#[derive(Debug, Clone)]
pub struct Account {
    /// Lambda, `CloudWatch`, tags.
    pub clients: Clients,
    /// EventBridge.
    pub events: aws_sdk_eventbridge::Client,
    /// The event bus that is told.
    pub bus: String,
    /// What it was told last.
    pub last_told: LastTold,
}

impl Account {
    /// Moves a rollout on as far as it is due.
    ///
    /// # Errors
    /// [`TickError`]; what was known of the rollout is forgotten then, and read anew by the next tick.
    pub async fn tick(
        &self,
        tagged: &Tagged,
        running: Option<Running>,
    ) -> Result<Option<Running>, TickError> {
        let frozen = match RUN.read::<Frozen>(&tagged.tags) {
            Ok(Some(frozen)) => frozen,
            Ok(None) => return Ok(None),
            Err(why) => {
                self.unreadable(tagged, &why).await?;
                return Ok(None);
            }
        };
        match running {
            Some(running) if *running.moves.frozen() == frozen => {
                return self.go_on(running, tagged).await;
            }
            Some(before) if before.moves.frozen().goal() != frozen.goal() => {
                self.tell_followed(before, &frozen, tagged).await?;
            }
            _ => {}
        }
        let moves = Moves::new(self.clients.clone(), function(tagged), frozen);
        let live = match moves.live().await {
            Err(gone @ (AliasError::Missing { .. } | AliasError::Unsupported { .. })) => {
                return self.gone(&moves, &gone, tagged).await;
            }
            live => live?,
        };
        let stage = moves.frozen().stage(&live, Utc::now());
        if matches!(stage, Stage::AboutToBegin) {
            return Ok(None);
        }
        // One that goes on is what the alias says; it is its end and its beginning that must not be another one's.
        let goes_on = matches!(
            stage,
            Stage::Move {
                under_way: Some(_),
                ..
            }
        );
        if !goes_on && !self.is_so(tagged, &moves).await? {
            return Ok(None);
        }
        match stage {
            Stage::AboutToBegin => Ok(None),
            Stage::AwaitsApproval => {
                let mut teller = Teller::new(&tagged.name);
                teller.tell(awaits_approval(&tagged.name, &live));
                self.send(&mut teller).await?;
                Ok(None)
            }
            Stage::Move { index, under_way } => {
                self.begin(moves, live, index, under_way, tagged).await
            }
            Stage::Over(over) => {
                let mut teller = Teller::new(&tagged.name);
                teller.tell(told(&tagged.name, &live, &over));
                self.end(&moves, &mut teller, ending(&over), tagged).await?;
                Ok(None)
            }
        }
    }

    /// Begins a move, or goes on with it, and ticks it once.
    async fn begin(
        &self,
        moves: Moves,
        live: Alias,
        index: usize,
        under_way: Option<Record>,
        tagged: &Tagged,
    ) -> Result<Option<Running>, TickError> {
        if under_way.is_none()
            && let Some(off) = moves.off().await.map_err(MoveError::from)?.first()
        {
            tracing::warn!(
                function = tagged.name,
                alarm = off.name,
                "the next move waits for an alarm"
            );
            return Ok(None);
        }
        // A process before this one may have died before it could tell of these.
        let mut teller = Teller::new(&tagged.name);
        if let Some(record) = &under_way {
            for (is_so, paused) in [
                (record.paused.is_some(), true),
                (record.resumed.is_some(), false),
            ] {
                if is_so {
                    teller.emit(&Event::Paused { paused });
                }
            }
        }
        let mut driver = moves.begin(live, index, under_way, teller).await?;
        driver.has_just_read_the_alias();
        let running = Running {
            moves,
            index,
            driver,
        };
        self.go_on(running, tagged).await
    }

    /// Whether the tags are as the query has found them: it may be behind.
    async fn is_so(&self, tagged: &Tagged, moves: &Moves) -> Result<bool, TickError> {
        let tags = tags::list(&self.clients.lambda, &tagged.name, &tagged.arn).await?;
        Ok(RUN
            .read::<Frozen>(&tags)?
            .is_some_and(|frozen| frozen == *moves.frozen()))
    }

    /// `live` is gone, or is nothing that a rollout can move: somebody has made it so.
    async fn gone(
        &self,
        moves: &Moves,
        why: &AliasError,
        tagged: &Tagged,
    ) -> Result<Option<Running>, TickError> {
        if self.is_so(tagged, moves).await? {
            let mut teller = Teller::new(&tagged.name);
            let sentence = format!("{why}. The rollout is over, and nothing was touched");
            teller.tell(Told::new(What::ChangedByHand, &tagged.name, None, sentence));
            self.end(moves, &mut teller, Ending::Stopped, tagged)
                .await?;
        }
        Ok(None)
    }

    async fn go_on(
        &self,
        mut running: Running,
        tagged: &Tagged,
    ) -> Result<Option<Running>, TickError> {
        let ending = running.driver.tick().await;
        let record = running.driver.rollout().record().clone();
        let teller = running.driver.events();
        teller.take_in(&record);
        let is_last = running.index + 1 == running.moves.frozen().moves.len();
        match ending {
            None
            | Some(
                Ending::Paused(_) | Ending::Reached | Ending::RollbackFailed(_) | Ending::Detached,
            ) => {
                let sent = teller.send(&self.events, &self.bus, &self.last_told);
                if let Err(cause) = sent.await {
                    return Err(TickError::Untold(Box::new(running), cause));
                }
                // After a rollback that has failed the next tick begins anew.
                let is_known = !matches!(ending, Some(Ending::RollbackFailed(_)));
                Ok(is_known.then_some(running))
            }
            // The start of the next move tells it.
            Some(Ending::Promoted) if !is_last => {
                let Running { moves, index, .. } = running;
                moves.ended(Ending::Promoted).await;
                let live = moves.live().await?;
                match moves.frozen().stage_after(index, &live, Utc::now()) {
                    Stage::Move { index, under_way } => {
                        Box::pin(self.begin(moves, live, index, under_way, tagged)).await
                    }
                    // The next tick sees to it.
                    Stage::Over(_) | Stage::AboutToBegin | Stage::AwaitsApproval => Ok(None),
                }
            }
            Some(ending) => {
                let moves = running.moves.clone();
                self.end(&moves, teller, ending, tagged).await?;
                Ok(None)
            }
        }
    }

    /// The rollout is over: tells so, disarms the alarm, and removes it from the tags. Killed anywhere in between, the next
    /// tick does so again.
    async fn end(
        &self,
        moves: &Moves,
        teller: &mut Teller,
        ending: Ending,
        tagged: &Tagged,
    ) -> Result<(), TickError> {
        self.send(teller).await?;
        let tags = tags::list(&self.clients.lambda, &tagged.name, &tagged.arn).await?;
        if RUN
            .read::<Frozen>(&tags)?
            .is_none_or(|frozen| frozen != *moves.frozen())
        {
            // The alarm is the one's that has taken its place.
            return Ok(());
        }
        if ending == Ending::RolledBack(Cause::Superseded) && self.begins(moves).await? {
            return Ok(());
        }
        moves.ended(ending).await;
        if let Some(next) = NEXT.read::<Next>(&tags)? {
            let keys = NEXT.left_over(&tags, &Default::default());
            let goal = next.goal;
            let started = if starts_next(ending) {
                self.start(next, tagged).await
            } else {
                Err(TickError::ByHand)
            };
            let started = match started {
                Err(TickError::Move(MoveError::Off(off))) => {
                    tracing::warn!(
                        function = tagged.name,
                        alarm = off.name,
                        "version {goal}, which has waited, waits for an alarm"
                    );
                    return Ok(());
                }
                Err(error) if is_for_good(&error) => {
                    let sentence =
                        format!("version {goal}, which has waited, is not started: {error}");
                    teller.tell(Told::new(What::Failed, &tagged.name, None, sentence));
                    self.send(teller).await?;
                    false
                }
                started => started?,
            };
            let lambda = &self.clients.lambda;
            tags::change(lambda, &function(tagged), Default::default(), keys).await?;
            if started {
                return Ok(());
            }
        }
        Ok(moves.thaw().await?)
    }

    /// Whether somebody who has taken its place may be about to write what is begun into the tags, and to arm its alarm.
    async fn begins(&self, moves: &Moves) -> Result<bool, TickError> {
        let live = moves.live().await?;
        let record = live.description.parse::<Record>();
        Ok(record.is_ok_and(|record| Utc::now() - record.last_change() <= BEGUN_WITHIN))
    }

    pub(crate) async fn send(&self, teller: &mut Teller) -> Result<(), TickError> {
        let sent = teller.send(&self.events, &self.bus, &self.last_told).await;
        sent.map_err(TickError::Tell)
    }

    /// Another rollout has come after one that this process knows: after its promotion, or in its place.
    async fn tell_followed(
        &self,
        mut before: Running,
        by: &Frozen,
        tagged: &Tagged,
    ) -> Result<(), TickError> {
        let record = before.driver.rollout().record().clone();
        let goal = by.goal().map_or(0, |goal| goal.number());
        let (candidate, percent) = (record.candidate, record.percent());
        let from = by.moves.first().map(|first| first.baseline.version);
        let (what, record, sentence) = if from == before.moves.frozen().goal() {
            // Perhaps by somebody, since the last tick.
            let record = match percent {
                Percent::HUNDRED => record,
                _ => record.changed(Percent::HUNDRED, by.started),
            };
            let sentence =
                format!("live serves {candidate}: the rollout of version {goal} begins from it");
            (What::Promoted, record, sentence)
        } else if from == Some(record.baseline) || from == Some(candidate) {
            let sentence =
                format!("version {candidate} had {percent}: version {goal} takes its place");
            (What::RolledBack, record, sentence)
        } else {
            return Ok(());
        };
        let teller = before.driver.events();
        teller.tell(Told::new(what, &tagged.name, Some(&record), sentence));
        self.send(teller).await
    }

    /// Starts the rollout that has waited, from what serves now; `false` when there is nothing to move.
    async fn start(&self, next: Next, tagged: &Tagged) -> Result<bool, TickError> {
        let asked = Asked {
            goal: next.goal,
            policy: next.policy,
            until: next.until,
            retry: next.retry,
        };
        let plan = plan::plan(&self.clients, &tagged.name, asked).await?;
        if plan.live.description.parse::<Record>().is_err() {
            // Since the end of the one before.
            return Err(TickError::ByHand);
        }
        let Some(frozen) = plan.frozen else {
            return Ok(false);
        };
        let alarms = &frozen.policy.alarms;
        let ignored = moves::gates(&self.clients.cloudwatch, alarms, next.force).await?;
        let frozen = Frozen {
            ignored_alarms: ignored,
            ..frozen
        };
        let moves = Moves::new(self.clients.clone(), plan.function, frozen);
        moves.freeze().await?;
        let mut teller = Teller::new(&tagged.name);
        if moves.frozen().policy.approval {
            moves.await_approval(&plan.live, &mut teller).await?;
        } else {
            // What follows is told by the next tick.
            moves.begin(plan.live, 0, None, teller).await?;
        }
        Ok(true)
    }
}

/// Whether the rollout that waits will not start by trying again: it is refused, and AWS has answered.
fn is_for_good(error: &TickError) -> bool {
    match error {
        TickError::Plan(error) => !matches!(error, PlanError::Alias(_) | PlanError::Function(_)),
        TickError::Move(error) => matches!(error, MoveError::Policy(_)),
        TickError::ByHand => true,
        _ => false,
    }
}

/// Whether a rollout that waits begins after this end: what somebody has made of `live` in an emergency stays as it is.
fn starts_next(ending: Ending) -> bool {
    match ending {
        Ending::Promoted => true,
        Ending::RolledBack(cause) => !matches!(cause, Cause::Aborted | Cause::Superseded),
        _ => false,
    }
}

pub(crate) fn function(tagged: &Tagged) -> Function {
    Function {
        name: tagged.name.clone(),
        arn: tagged.arn.clone(),
        tags: tagged.tags.clone(),
        memory_mib: 0,
        emulated: Default::default(),
    }
}

/// How a rollout has ended whose end nobody has seen.
fn ending(over: &Over) -> Ending {
    match over {
        Over::Promoted => Ending::Promoted,
        Over::RolledBack(cause) => Ending::RolledBack(*cause),
        Over::ChangedByHand | Over::NotBegun => Ending::Stopped,
    }
}

fn awaits_approval(function: &str, live: &Alias) -> Told {
    let record = live.description.parse::<Record>().ok();
    let candidate = record.as_ref().map_or(0, |it| it.candidate.number());
    let sentence = format!("version {candidate} awaits approval: rollout promote, or abort");
    Told::new(What::Paused, function, record.as_ref(), sentence)
}

fn told(function: &str, live: &Alias, over: &Over) -> Told {
    let record = live.description.parse::<Record>().ok();
    let routing = &live.routing;
    let (what, sentence) = match over {
        Over::Promoted => (What::Promoted, format!("live serves {routing}")),
        Over::RolledBack(cause) => (
            What::RolledBack,
            format!("rolled back ({cause}): live serves {routing}"),
        ),
        Over::ChangedByHand => (
            What::ChangedByHand,
            format!("somebody has changed live, which routes to {routing}; nothing was touched"),
        ),
        Over::NotBegun => (
            What::Failed,
            format!(
                "its start was killed before the first weight; live serves {routing}. Start it again"
            ),
        ),
    };
    Told::new(what, function, record.as_ref(), sentence)
}
