//! The loop: look, decide, act.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ending::Story,
    event::{Cause, Ending, Event, Half, Watched},
    evidence::{Evidence, next_look},
    plan::{self, Next, Position, Waiting},
    policy::Policy,
    sight::{Lookout, Sight},
    situation::last_change,
    steering::{Steering, SteeringError, call_limit},
    wishes::{Wish, Wishes},
    witness::Witness,
};
use crate::{
    alias::{Alias, Routing},
    aws::Clients,
    percent::Percent,
    record::Record,
    scope::Scope,
};
use analysis::{Judgement, judge};

/// How long taking the weight back is tried, in limits of blindness: an hour by default. As long as it
/// fails the candidate may have traffic, and a network that was gone may come back.
const TAKE_BACK_PATIENCE: i32 = 3;

/// Between two attempts to take the weight back; each has the client's own retries.
const TAKE_BACK_PAUSE: Duration = Duration::from_secs(1);

/// Between two looks at the least, so that a clock that jumps does not make a busy loop.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// One run of one rollout.
#[derive(Debug)]
pub struct Pilot {
    function: String,
    baseline: Half,
    candidate: Half,
    policy: Policy,
    scope: Scope,
    steering: Steering,
    lookout: Lookout,
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
        let function = alias.function.clone();
        Self {
            judgement: judge([], &policy.terms(&scope)),
            steering: Steering::new(clients.clone(), alias, record, call_limit(&policy)),
            lookout: Lookout::new(clients, &function, [baseline, candidate], &policy, scope),
            function,
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

    /// Flies until the rollout is over or somebody wishes it to end.
    pub async fn fly(mut self, wishes: &mut Wishes) -> Ending {
        let mut pause = Duration::ZERO;
        loop {
            // Only the pause and the look may be cut short: a change of the alias never is.
            let next = tokio::select! {
                next = self.look_after(pause) => next,
                wish = wishes.next() => Ok(self.heed(wish)),
            };
            let done = match next {
                Ok(next) => self.act(next, wishes).await,
                Err(error) => Err(error),
            };
            if let Some(ending) = self.settle(done, wishes).await {
                return ending;
            }
            let now = self.now();
            pause = (next_look(&self.policy, now) - now)
                .to_std()
                .unwrap_or_default();
            pause = pause.max(LEAST_PAUSE);
        }
    }

    /// What a wish asks for; a look that it has cut short comes with the next turn.
    fn heed(&mut self, wish: Wish) -> Next {
        self.witness.tell(&Event::Wish { wish });
        match wish {
            Wish::TakeBack => Next::TakeBack(Cause::Interrupted),
            Wish::Leave => Next::Leave,
            Wish::Ask | Wish::GoOn => Next::Wait(Waiting::Bake),
        }
    }

    /// Sorts out what has come of a turn of the loop; an ending when that ends the run.
    async fn settle(
        &mut self,
        done: Result<Option<Ending>, SteeringError>,
        wishes: &mut Wishes,
    ) -> Option<Ending> {
        match done {
            Ok(ending) => {
                self.trouble_since = None;
                ending
            }
            Err(SteeringError::Unanswered(cause)) => {
                self.trouble(cause);
                let now = self.now();
                let lasting = now - *self.trouble_since.get_or_insert(now);
                let lasting = lasting.max(self.blind());
                if lasting <= self.policy.no_data_timeout {
                    return None;
                }
                let ended = self.take_back(Cause::Unanswered, wishes).await;
                Some(match ended {
                    Ok(ending) => ending,
                    Err(error) => self.stop(&error).await,
                })
            }
            Err(error) => Some(self.stop(&error).await),
        }
    }

    /// Looks at the alias and at the metrics, and decides.
    async fn look_after(&mut self, pause: Duration) -> Result<Next, SteeringError> {
        tokio::time::sleep(pause).await;
        let since = self.steering.record().since;
        let Self {
            steering, lookout, ..
        } = self;
        // Side by side. What is wrong with the alias matters more.
        let look = async { Ok(lookout.look(since).await) };
        let ((), sight) = tokio::try_join!(steering.check(), look)?;
        if self.percent() == Percent::HUNDRED {
            return Ok(Next::Promote);
        }
        Ok(self.decide(sight.map_err(SteeringError::Unanswered)?))
    }

    fn decide(&mut self, sight: Sight) -> Next {
        let record = self.steering.record();
        let evidence = Evidence::weigh(sight.periods, record, &self.policy, self.now());
        let terms = self.policy.terms(&self.scope);
        self.judgement =
            judge(evidence.blocks.iter().copied(), &terms).paced(evidence.candidate_per_minute);
        self.last_seen = evidence.last_seen.unwrap_or(self.began).max(self.last_seen);
        let position = Position {
            percent: self.percent(),
            verdict: self.judgement.verdict,
            watched: evidence.watched,
            step_invocations: evidence.step_invocations,
            seen: (self.last_seen - self.on_step_since()).max(TimeDelta::zero()),
            blind: self.blind(),
        };
        let next = plan::next(&position, &self.policy);
        self.witness.tell(&Event::Watched(Watched {
            percent: position.percent,
            waiting: waiting(&next),
            watched_s: evidence.watched.num_seconds(),
            bake_s: self.policy.bake.num_seconds(),
            step_timeout_s: self.policy.step_timeout.num_seconds(),
            step_invocations: evidence.step_invocations,
            min_samples: self.policy.min_samples,
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
    async fn act(
        &mut self,
        next: Next,
        wishes: &mut Wishes,
    ) -> Result<Option<Ending>, SteeringError> {
        match next {
            Next::Wait(_) => Ok(None),
            Next::Weight(percent) => self.change(percent).await.map(|()| None),
            Next::Promote => {
                // Also when somebody has given it 100% by hand, beside a version that gets nothing.
                if *self.steering.routing() != Routing::alone(self.candidate.version) {
                    self.change(Percent::HUNDRED).await?;
                }
                Ok(Some(self.end(Ending::Promoted, Percent::HUNDRED)))
            }
            Next::TakeBack(cause) => self.take_back(cause, wishes).await.map(Some),
            Next::Leave => Ok(Some(self.end(Ending::Left, self.percent()))),
            Next::Reached => Ok(Some(self.end(Ending::Reached, self.percent()))),
            Next::Hold(missing) => Ok(Some(self.end(Ending::Held(missing), self.percent()))),
        }
    }

    async fn change(&mut self, percent: Percent) -> Result<(), SteeringError> {
        let record = self.steering.record().clone().changed(percent, self.now());
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

    /// Tries harder than for any other change: as long as this fails, the candidate has traffic. Who
    /// does not want to wait for it can say so.
    async fn take_back(
        &mut self,
        cause: Cause,
        wishes: &mut Wishes,
    ) -> Result<Ending, SteeringError> {
        let before = self.percent();
        let until = self.now() + self.policy.no_data_timeout * TAKE_BACK_PATIENCE;
        loop {
            match self.try_to_take_back().await {
                Ok(()) => return Ok(self.end(Ending::TakenBack(cause), before)),
                Err(SteeringError::Unanswered(trouble)) => self.trouble(trouble),
                Err(error) => return Err(error),
            }
            let given_up = tokio::select! {
                () = tokio::time::sleep(TAKE_BACK_PAUSE) => false,
                wish = wishes.next() => !matches!(self.heed(wish), Next::Wait(_)),
            };
            if given_up || self.now() >= until {
                return Ok(self.end(Ending::OutOfReach(cause), before));
            }
        }
    }

    async fn try_to_take_back(&mut self) -> Result<(), SteeringError> {
        self.steering.find_unanswered().await?;
        let record = self
            .steering
            .record()
            .clone()
            .changed(Percent::ZERO, self.now());
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
        self.now() - self.last_seen.max(self.on_step_since())
    }

    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn trouble(&mut self, cause: String) {
        let (blind_s, no_data_timeout_s) = (
            self.blind().num_seconds(),
            self.policy.no_data_timeout.num_seconds(),
        );
        self.witness.tell(&Event::Trouble {
            cause,
            blind_s,
            no_data_timeout_s,
        });
    }

    /// Ends the run without touching an alias that somebody else has changed, or that is gone.
    async fn stop(&mut self, error: &SteeringError) -> Ending {
        let is_changed = matches!(error, SteeringError::Changed { .. });
        if is_changed && self.steering.is_by_guard().await {
            return self.end(Ending::TakenBack(Cause::Guard), self.percent());
        }
        let ending = Ending::Stopped;
        let sentence = format!("{error}; {}", self.sentence(&ending, self.percent()));
        self.witness.tell(&Event::Ended { ending, sentence });
        ending
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
        Next::Wait(waiting) | Next::Hold(waiting) => Some(*waiting),
        Next::Weight(_) | Next::Promote | Next::TakeBack(_) | Next::Leave | Next::Reached => None,
    }
}
