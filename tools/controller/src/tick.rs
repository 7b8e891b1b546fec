//! One tick of one function's rollout.

use chrono::Utc;
use rollout::{
    aws::{
        alias::{Alias, AliasError},
        client::Clients,
        function::{Function, FunctionError},
        tagged::Tagged,
        tags,
    },
    delivery::{
        driver::{Driver, Events as _},
        event::{Ending, Event},
        frozen::{Frozen, Over, Stage},
        moves::{MoveError, Moves},
        plan::{self, Asked, PlanError},
        record::Record,
        tags::{NEXT, RUN, TagsError},
    },
};

use crate::tell::{Teller, Told, What};

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
    /// Nobody could be told.
    #[error("{0}")]
    Tell(String),
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
        let Some(frozen) = RUN.read::<Frozen>(&tagged.tags)? else {
            return Ok(None);
        };
        if let Some(running) = running.filter(|running| *running.moves.frozen() == frozen) {
            return self.go_on(running, tagged).await;
        }
        let moves = Moves::new(self.clients.clone(), function(tagged), frozen);
        let live = moves.live().await?;
        let stage = moves.frozen().stage(&live, Utc::now());
        if matches!(stage, Stage::AboutToBegin | Stage::AwaitsApproval)
            || !self.is_so(tagged, &moves).await?
        {
            return Ok(None);
        }
        match stage {
            Stage::AboutToBegin | Stage::AwaitsApproval => Ok(None),
            Stage::Move { index, under_way } => {
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
                let driver = moves.begin(live, index, under_way, teller).await?;
                self.go_on(
                    Running {
                        moves,
                        index,
                        driver,
                    },
                    tagged,
                )
                .await
            }
            Stage::Over(over) => {
                let mut teller = Teller::new(&tagged.name);
                teller.tell(told(&tagged.name, &live, &over));
                self.end(&moves, &mut teller, ending(&over), tagged).await?;
                Ok(None)
            }
        }
    }

    /// Whether the tags are as the query has found them: it may be behind.
    async fn is_so(&self, tagged: &Tagged, moves: &Moves) -> Result<bool, TickError> {
        let tags = tags::list(&self.clients.lambda, &tagged.name, &tagged.arn).await?;
        Ok(RUN
            .read::<Frozen>(&tags)?
            .is_some_and(|frozen| frozen == *moves.frozen()))
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
                teller
                    .send(&self.events, &self.bus)
                    .await
                    .map_err(TickError::Tell)?;
                // After a rollback that has failed the next tick begins anew.
                let is_known = !matches!(ending, Some(Ending::RollbackFailed(_)));
                Ok(is_known.then_some(running))
            }
            Some(Ending::Promoted) if !is_last => {
                teller
                    .send(&self.events, &self.bus)
                    .await
                    .map_err(TickError::Tell)?;
                running.moves.ended(Ending::Promoted).await;
                Ok(None)
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
        teller
            .send(&self.events, &self.bus)
            .await
            .map_err(TickError::Tell)?;
        moves.ended(ending).await;
        let tags = tags::list(&self.clients.lambda, &tagged.name, &tagged.arn).await?;
        if RUN
            .read::<Frozen>(&tags)?
            .is_none_or(|frozen| frozen != *moves.frozen())
        {
            return Ok(());
        }
        if let Some(next) = NEXT.read::<Frozen>(&tags)? {
            let keys = NEXT.left_over(&tags, &Default::default());
            self.start(next, tagged).await?;
            tags::change(
                &self.clients.lambda,
                &function(tagged),
                Default::default(),
                keys,
            )
            .await?;
            return Ok(());
        }
        Ok(moves.thaw().await?)
    }

    /// Starts the rollout that has waited, from what serves now.
    async fn start(&self, next: Frozen, tagged: &Tagged) -> Result<(), TickError> {
        let Some(goal) = next.goal() else {
            return Ok(());
        };
        let asked = Asked {
            goal,
            policy: next.policy,
            until: next.until,
            retry: false,
        };
        let plan = plan::plan(&self.clients, &tagged.name, asked).await?;
        if let Some(frozen) = plan.frozen {
            let moves = Moves::new(self.clients.clone(), plan.function, frozen);
            moves.freeze().await?;
            let mut teller = Teller::new(&tagged.name);
            if moves.frozen().policy.approval {
                moves.await_approval(&plan.live, &mut teller).await?;
            } else {
                moves.begin(plan.live, 0, None, teller).await?;
            }
        }
        Ok(())
    }
}

fn function(tagged: &Tagged) -> Function {
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
