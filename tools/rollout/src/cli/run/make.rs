//! All moves of one rollout in this process, one after the other.

use std::time::Duration;

use chrono::Utc;
use futures::FutureExt as _;

use crate::{
    aws::{LIVE, alarm::AlarmState, alias},
    cli::{context::Context, recorder::Recorder, signals::Interrupts},
    delivery::{
        decision::Cause,
        driver::{Commands as _, Events as _},
        event::{Command, Ending, Event},
        frozen::{Over, Stage},
        moves::Moves,
        plan::First,
        record::Record,
    },
};

/// How often it is looked whether somebody has approved the rollout.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A rollout that is about to be started.
pub(super) struct Starting {
    pub(super) context: Context,
    pub(super) moves: Moves,
    pub(super) live: alias::Alias,
    pub(super) first: First,
}

impl Starting {
    /// Ends the rollout whose place this one takes, and freezes this one. In this order, so that whoever is killed or beaten
    /// in between leaves no weight without the rollout that watches it.
    ///
    /// # Errors
    /// When AWS does not answer, or somebody else has changed `live` meanwhile.
    pub(super) async fn freeze(&mut self) -> anyhow::Result<()> {
        let (record, description) = match &self.first {
            First::Supersede(record) => {
                let record = record.clone().rolled_back(Cause::Superseded, Utc::now());
                let description = record.or_its_last_change();
                (record, description)
            }
            // Whoever starts it anew wants it to go on.
            First::Move(Some(record)) if record.is_paused_by_itself() => {
                let record = record.clone().resumed(Utc::now());
                let description = record.to_description()?;
                (record, description)
            }
            First::Move(_) => return Ok(self.moves.freeze().await?),
        };
        let lambda = &self.context.clients.lambda;
        self.live =
            alias::compare_and_swap(lambda, &self.live, record.routing(), &description).await?;
        self.moves.freeze().await?;
        if let First::Supersede(before) = &self.first {
            let (candidate, goal) = (before.candidate, self.moves.frozen().goal());
            let goal = goal.map_or_else(String::new, |goal| goal.to_string());
            self.context.output.prose(&format!(
                "version {candidate} had {} of {LIVE}: version {goal} takes its place",
                before.percent()
            ))?;
            let alarm = self.context.candidate_alarm(&self.live.function);
            alarm.disarm_or_warn().await;
            self.first = First::Move(None);
        } else {
            self.first = First::Move(Some(record));
        }
        Ok(())
    }

    /// Begins the rollout, and leaves the rest to the controller.
    ///
    /// # Errors
    /// When the first weight was not set.
    pub(super) async fn begin(&mut self) -> anyhow::Result<()> {
        self.freeze().await?;
        if matches!(self.first, First::Move(Some(_))) {
            return Ok(());
        }
        // What the controller tells, the journal of whoever watches it has too.
        let mut recorder = Recorder::without_journal(&self.context, &self.live.function);
        if self.moves.frozen().policy.approval && self.live.routing.candidate().is_none() {
            self.moves.await_approval(&self.live, &mut recorder).await?;
        } else {
            self.moves
                .begin(self.live.clone(), 0, None, recorder)
                .await?;
        }
        Ok(self.moves.freeze_again_if_gone().await?)
    }

    /// Makes one move after the other, until the rollout is over or somebody wants it to end.
    ///
    /// # Errors
    /// When a move could not begin.
    pub(super) async fn make(mut self, interrupts: &mut Interrupts) -> anyhow::Result<Ending> {
        self.freeze().await?;
        let ending = self.make_moves(interrupts).await;
        let stays = matches!(
            ending,
            Ok(Ending::Paused(_) | Ending::Reached | Ending::Detached | Ending::RollbackFailed(_))
        );
        if !stays && let Err(error) = self.moves.thaw().await {
            tracing::warn!("{error}");
        }
        ending
    }

    async fn make_moves(&mut self, interrupts: &mut Interrupts) -> anyhow::Result<Ending> {
        let mut recorder = self.recorder()?;
        let moves = &self.moves.frozen().moves;
        if moves.len() > 1 {
            recorder.emit(&Event::Path {
                moves: moves.clone(),
            });
        }
        let mut live = self.live.clone();
        let mut under_way = match &self.first {
            First::Move(under_way) => under_way.clone(),
            First::Supersede(_) => None,
        };
        let has_begun = under_way.is_some() || live.routing.candidate().is_some();
        if !has_begun {
            if called_off(interrupts, &mut recorder) {
                return Ok(self.called_off(&mut recorder));
            }
            if self.moves.frozen().policy.approval {
                self.moves.await_approval(&live, &mut recorder).await?;
                match self.approved(interrupts, &mut recorder).await? {
                    Some(approved) => {
                        under_way = approved.description.parse::<Record>().ok();
                        live = approved;
                    }
                    None => return Ok(self.called_off(&mut recorder)),
                }
            }
        }
        let mut stage = Stage::Move {
            index: 0,
            under_way,
        };
        loop {
            let Stage::Move { index, under_way } = stage else {
                return Ok(self.over(stage, &mut recorder).await);
            };
            if let Some(record) = &under_way {
                // A new alarm: what the one before has seen may be of another policy.
                let planned = &self.moves.frozen().moves[index];
                self.moves.arm(planned, record.since, &mut recorder).await?;
            }
            let driver = self.moves.begin(live, index, under_way, recorder).await?;
            let ending = driver.run(interrupts).await;
            self.moves.ended(ending).await;
            if ending != Ending::Promoted || index + 1 == self.moves.frozen().moves.len() {
                return Ok(ending);
            }
            recorder = self.recorder()?;
            if called_off(interrupts, &mut recorder) {
                return Ok(self.called_off(&mut recorder));
            }
            if !self.alarms_are_ok(interrupts, &mut recorder).await? {
                return Ok(self.called_off(&mut recorder));
            }
            live = self.moves.live().await?;
            stage = self.moves.frozen().stage_after(index, &live, Utc::now());
        }
    }

    /// Waits between two moves until no alarm of the policy is off; `false` when somebody has called the rollout off.
    async fn alarms_are_ok(
        &self,
        interrupts: &mut Interrupts,
        recorder: &mut Recorder,
    ) -> anyhow::Result<bool> {
        let mut waits_for = None;
        while let Some(off) = self.moves.off().await?.into_iter().next() {
            if waits_for.as_ref() != Some(&off.name) {
                let AlarmState { name, reason, .. } = &off;
                self.context.output.prose(&format!(
                    "the next move waits for the alarm {name}, which is in ALARM: {reason}"
                ))?;
            }
            waits_for = Some(off.name);
            tokio::time::sleep(LOOK_EVERY).await;
            if called_off(interrupts, recorder) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// `live` once somebody has approved the rollout; `None` when somebody has called it off.
    async fn approved(
        &self,
        interrupts: &mut Interrupts,
        recorder: &mut Recorder,
    ) -> anyhow::Result<Option<alias::Alias>> {
        let function = &self.live.function;
        self.context.output.prose(&format!(
            "waits for approval: rollout promote {function} sets the first weight, rollout abort {function} ends it"
        ))?;
        loop {
            let live = self.moves.live().await?;
            match self.moves.frozen().stage(&live, Utc::now()) {
                Stage::AwaitsApproval => {}
                Stage::Move { .. } => return Ok(Some(live)),
                Stage::AboutToBegin | Stage::Over(_) => return Ok(None),
            }
            tokio::time::sleep(LOOK_EVERY).await;
            if called_off(interrupts, recorder) {
                return Ok(None);
            }
        }
    }

    /// How a rollout is over that somebody else has ended between two of its moves.
    async fn over(&self, stage: Stage, recorder: &mut Recorder) -> Ending {
        let (ending, why) = match stage {
            Stage::Over(Over::Promoted) => (Ending::Promoted, "serves the goal"),
            Stage::Over(Over::RolledBack(cause)) => (Ending::RolledBack(cause), "was rolled back"),
            _ => (
                Ending::Stopped,
                "was changed by somebody else; nothing was touched",
            ),
        };
        self.moves.ended(ending).await;
        let sentence = format!("{LIVE} of {} {why}", self.live.function);
        recorder.emit(&Event::Ended { ending, sentence });
        ending
    }

    /// Ends before the candidate has had a weight.
    fn called_off(&self, recorder: &mut Recorder) -> Ending {
        let ending = Ending::RolledBack(Cause::Aborted);
        let sentence = format!(
            "aborted before the first weight; live of {} serves {} alone",
            self.live.function, self.live.routing.primary
        );
        recorder.emit(&Event::Ended { ending, sentence });
        ending
    }

    fn recorder(&self) -> anyhow::Result<Recorder> {
        Recorder::open(&self.context, &self.live.function)
    }
}

/// Whether somebody has asked meanwhile for the run to end.
fn called_off(interrupts: &mut Interrupts, recorder: &mut Recorder) -> bool {
    while let Some(command) = interrupts.next().now_or_never() {
        recorder.emit(&Event::Command { command });
        if matches!(command, Command::Abort | Command::Detach) {
            return true;
        }
    }
    false
}
