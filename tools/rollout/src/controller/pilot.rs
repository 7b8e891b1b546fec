//! The loop: look, decide, act.

use std::{future::Future, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ending::Story,
    event::{Cause, Ending, Event, Half, Watched},
    evidence::{Evidence, next_look},
    plan::{self, Next, Position, Waiting},
    policy::Policy,
    sight::Sight,
    situation::last_change,
    steering::{Steering, SteeringError},
    witness::Witness,
};
use crate::{
    alias::{Alias, Routing},
    aws::Clients,
    judge::{Judgement, judge},
    percent::Percent,
    record::Record,
    scope::Scope,
};

/// How often taking the weight back is tried, each time with the client's own retries.
const TAKE_BACK_ATTEMPTS: u32 = 3;

/// Between two looks at the least, so that a clock that jumps does not make a busy loop.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// One run of one rollout.
#[derive(Debug)]
pub struct Pilot {
    clients: Clients,
    function: String,
    baseline: Half,
    candidate: Half,
    policy: Policy,
    scope: Scope,
    steering: Steering,
    witness: Witness,
    judgement: Judgement,
    began: DateTime<Utc>,
    /// The end of the last period that has shown both versions.
    last_seen: DateTime<Utc>,
    /// Since when every call has failed.
    trouble_since: Option<DateTime<Utc>>,
}

impl Pilot {
    pub(super) fn new(
        [baseline, candidate]: [Half; 2],
        alias: Alias,
        record: Record,
        policy: Policy,
        clients: Clients,
        witness: Witness,
    ) -> Self {
        let now = Utc::now();
        let scope = Scope::of(policy.slow_ms, [&baseline, &candidate]);
        Self {
            function: alias.function.clone(),
            judgement: judge([], &policy.terms(&scope)),
            steering: Steering::new(clients.lambda.clone(), alias, record),
            clients,
            baseline,
            candidate,
            policy,
            scope,
            witness,
            began: now,
            last_seen: now,
            trouble_since: None,
        }
    }

    /// Flies until the rollout is over or the process is asked to end.
    ///
    /// # Errors
    /// When the alias can no longer be used, such as when it was deleted.
    pub async fn fly(mut self, interrupted: impl Future<Output = ()>) -> anyhow::Result<Ending> {
        tokio::pin!(interrupted);
        let mut pause = Duration::ZERO;
        loop {
            // Only the pause and the look may be cut short: a change of the alias never is.
            let next = tokio::select! {
                next = self.look_after(pause) => next,
                () = &mut interrupted => Ok(Next::TakeBack(Cause::Interrupted)),
            };
            let done = match next {
                Ok(next) => self.act(next).await,
                Err(error) => Err(error),
            };
            if let Some(ending) = self.settle(done).await? {
                return Ok(ending);
            }
            let now = Utc::now();
            pause = (next_look(&self.policy, now) - now)
                .to_std()
                .unwrap_or_default();
            pause = pause.max(LEAST_PAUSE);
        }
    }

    /// Sorts out what has come of a turn of the loop; an ending when that ends the run.
    async fn settle(
        &mut self,
        done: Result<Option<Ending>, SteeringError>,
    ) -> Result<Option<Ending>, SteeringError> {
        match done {
            Ok(ending) => {
                self.trouble_since = None;
                Ok(ending)
            }
            Err(SteeringError::Unanswered(cause)) => {
                self.trouble(cause);
                let since = *self.trouble_since.get_or_insert_with(Utc::now);
                let lasting = (Utc::now() - since).max(self.blind());
                if lasting <= self.policy.max_blindness {
                    return Ok(None);
                }
                match self.take_back(Cause::Unanswered).await {
                    Err(error) => self.stop(error).map(Some),
                    ending => ending.map(Some),
                }
            }
            Err(error) => self.stop(error).map(Some),
        }
    }

    /// Looks at the alias and at the metrics, and decides.
    async fn look_after(&mut self, pause: Duration) -> Result<Next, SteeringError> {
        tokio::time::sleep(pause).await;
        self.steering.check().await?;
        if self.percent() == Percent::HUNDRED {
            return Ok(Next::Promote);
        }
        let since = self.steering.record().since;
        let halves = [&self.baseline, &self.candidate];
        let sight = Sight::look(
            &self.clients,
            &self.function,
            halves,
            since,
            &self.policy,
            &self.scope,
        );
        let sight = sight.await.map_err(SteeringError::Unanswered)?;
        Ok(self.decide(sight))
    }

    fn decide(&mut self, sight: Sight) -> Next {
        let record = self.steering.record();
        let evidence = Evidence::weigh(sight.periods, record, &self.policy, Utc::now());
        let terms = self.policy.terms(&self.scope);
        self.judgement =
            judge(evidence.blocks.iter().copied(), &terms).paced(evidence.candidate_per_minute);
        self.last_seen = evidence.last_seen.unwrap_or(self.began).max(self.last_seen);
        let position = Position {
            percent: self.percent(),
            verdict: self.judgement.verdict,
            watched: evidence.watched,
            step_invocations: evidence.step_invocations,
            on_step: Utc::now() - self.on_step_since(),
            blind: self.blind(),
        };
        let next = plan::next(&position, &self.policy);
        self.witness.tell(&Event::Watched(Watched {
            percent: position.percent,
            waiting: waiting(&next),
            watched_s: evidence.watched.num_seconds(),
            bake_s: self.policy.bake.num_seconds(),
            step_invocations: evidence.step_invocations,
            least_invocations: self.policy.least_invocations,
            judgement: self.judgement.clone(),
            sentence: self
                .judgement
                .sentence(&self.candidate.to_string(), &self.baseline.to_string()),
            baseline_latency: sight.baseline,
            candidate_latency: sight.candidate,
        }));
        next
    }

    /// Does what was decided; an ending when that ends the run.
    async fn act(&mut self, next: Next) -> Result<Option<Ending>, SteeringError> {
        match next {
            Next::Wait(_) => Ok(None),
            Next::Weight(percent) => self.change(percent).await.map(|()| None),
            Next::Promote => {
                if self.percent() < Percent::HUNDRED {
                    self.change(Percent::HUNDRED).await?;
                }
                Ok(Some(self.end(Ending::Promoted, Percent::HUNDRED)))
            }
            Next::TakeBack(cause) => self.take_back(cause).await.map(Some),
            Next::Hold => Ok(Some(self.end(Ending::Held, self.percent()))),
        }
    }

    async fn change(&mut self, percent: Percent) -> Result<(), SteeringError> {
        let record = self.steering.record().clone().changed(percent, Utc::now());
        self.write(percent, record).await
    }

    /// Gives the candidate a weight.
    pub(super) async fn write(
        &mut self,
        percent: Percent,
        record: Record,
    ) -> Result<(), SteeringError> {
        let (baseline, candidate) = (self.baseline.version, self.candidate.version);
        let routing = match percent {
            Percent::ZERO => Routing::alone(baseline),
            Percent::HUNDRED => Routing::alone(candidate),
            _ => Routing::weighted(baseline, candidate, percent),
        };
        self.steering.set(routing, record).await?;
        self.witness.tell(&Event::Weight { percent });
        Ok(())
    }

    /// Tries harder than for any other change: as long as this fails, the candidate has traffic.
    async fn take_back(&mut self, cause: Cause) -> Result<Ending, SteeringError> {
        let before = self.percent();
        for _ in 0..TAKE_BACK_ATTEMPTS {
            match self.try_to_take_back().await {
                Ok(()) => return Ok(self.end(Ending::TakenBack(cause), before)),
                Err(SteeringError::Unanswered(cause)) => self.trouble(cause),
                Err(error) => return Err(error),
            }
        }
        Ok(self.end(Ending::OutOfReach(cause), before))
    }

    async fn try_to_take_back(&mut self) -> Result<(), SteeringError> {
        // An earlier change may have happened without an answer: then the alias is newer.
        self.steering.check().await?;
        let record = self
            .steering
            .record()
            .clone()
            .changed(Percent::ZERO, Utc::now());
        // No lack of room may keep the weight up.
        let fits = record.to_description().is_ok();
        let record = if fits {
            record
        } else {
            record.last_change_only()
        };
        self.write(Percent::ZERO, record).await
    }

    /// Whether the candidate has a weight, as the alias itself says.
    pub(super) async fn has_weight(&mut self) -> Result<bool, SteeringError> {
        self.steering.check().await?;
        Ok(self.percent() > Percent::ZERO)
    }

    /// The candidate's weight.
    fn percent(&self) -> Percent {
        self.steering.routing().share(self.candidate.version)
    }

    /// Since when this process has been on this step.
    fn on_step_since(&self) -> DateTime<Utc> {
        last_change(self.steering.record()).max(self.began)
    }

    /// How long ago both versions were last seen, as far as they could have been.
    fn blind(&self) -> TimeDelta {
        Utc::now() - self.last_seen.max(self.on_step_since())
    }

    fn trouble(&mut self, cause: String) {
        let (blind_s, max_blindness_s) = (
            self.blind().num_seconds(),
            self.policy.max_blindness.num_seconds(),
        );
        self.witness.tell(&Event::Trouble {
            cause,
            blind_s,
            max_blindness_s,
        });
    }

    /// Ends the run without touching an alias that somebody else has changed.
    fn stop(&mut self, error: SteeringError) -> Result<Ending, SteeringError> {
        if !matches!(error, SteeringError::Changed { .. }) {
            return Err(error);
        }
        let ending = Ending::Stopped;
        let sentence = format!("{error}; {}", self.sentence(&ending, self.percent()));
        self.witness.tell(&Event::Ended { ending, sentence });
        Ok(ending)
    }

    fn end(&mut self, ending: Ending, percent: Percent) -> Ending {
        let sentence = self.sentence(&ending, percent);
        self.witness.tell(&Event::Ended { ending, sentence });
        ending
    }

    fn sentence(&self, ending: &Ending, percent: Percent) -> String {
        let story = Story {
            function: &self.function,
            baseline: &self.baseline,
            candidate: &self.candidate,
            percent,
            judgement: &self.judgement,
            policy: &self.policy,
        };
        story.sentence(ending)
    }
}

fn waiting(next: &Next) -> Option<Waiting> {
    match next {
        Next::Wait(waiting) => Some(*waiting),
        Next::Hold => Some(Waiting::Invocations),
        Next::Weight(_) | Next::Promote | Next::TakeBack(_) => None,
    }
}
