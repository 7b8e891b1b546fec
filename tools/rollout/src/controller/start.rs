//! How a run begins.

use anyhow::bail;
use chrono::Utc;

use super::{
    event::{Event, Half},
    pilot::Pilot,
    policy::Policy,
    steering::SteeringError,
    witness::Witness,
};
use crate::{alias::Alias, aws::Clients, percent::Percent, record::Record, scope::Scope};

/// What a run begins with.
#[derive(Debug)]
pub struct Start {
    /// The version that serves before.
    pub baseline: Half,
    /// The version that traffic moves to.
    pub candidate: Half,
    /// `live` as it was read.
    pub alias: Alias,
    /// The rollout that is under way; without it a new one begins.
    pub under_way: Option<Record>,
    /// How the rollout goes.
    pub policy: Policy,
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

    /// Says what will happen, and takes the first step unless it was taken before.
    ///
    /// # Errors
    /// When the alias cannot be changed.
    pub async fn take_off(self, clients: Clients, mut witness: Witness) -> anyhow::Result<Pilot> {
        let found_at = self.found_at();
        let Self {
            baseline,
            candidate,
            alias,
            under_way,
            policy,
        } = self;
        let goes_on_at = (found_at > Percent::ZERO).then_some(found_at);
        let percent = goes_on_at.unwrap_or(policy.step_after(Percent::ZERO));
        let is_new = under_way.is_none();
        let record = under_way.unwrap_or_else(|| {
            Record::start(baseline.version, candidate.version, percent, Utc::now())
        });
        witness.tell(&Event::Began {
            baseline,
            candidate,
            steps: policy.steps.clone(),
            since: record.since,
            goes_on_at,
            judged: Scope::of(policy.slow_ms, [&baseline, &candidate]),
        });
        let mut pilot = Pilot::new(
            [baseline, candidate],
            alias,
            record.clone(),
            policy,
            clients,
            witness,
        );
        if is_new {
            first_step(&mut pilot, percent, record).await?;
        }
        Ok(pilot)
    }
}

/// Takes the first step. If its answer is lost, finds out whether it was taken: a run that ends
/// here must not leave a weight that nobody watches without saying so.
async fn first_step(pilot: &mut Pilot, percent: Percent, record: Record) -> anyhow::Result<()> {
    let cause = match pilot.write(percent, record).await {
        Ok(()) => return Ok(()),
        Err(SteeringError::Unanswered(cause)) => cause,
        Err(error) => return Err(error.into()),
    };
    match pilot.has_weight().await {
        Ok(true) => Ok(()),
        Ok(false) => bail!("{cause}; live was not changed"),
        Err(_) => bail!(
            "{cause}; live may already send {percent} to the candidate: see rollout status, \
             and take it back with rollout abort"
        ),
    }
}
