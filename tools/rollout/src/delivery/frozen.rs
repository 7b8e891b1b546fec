//! A rollout as it was started. With it a tick needs nothing but the alias, the metrics and the time; a release that is
//! published in the middle of it changes nothing of it.

use chrono::{DateTime, TimeDelta, Utc};
use package::RolloutPolicy;
use serde::{Deserialize, Serialize};

use super::{
    decision::Cause,
    event::PlannedMove,
    policy::{Policy, PolicyError},
    record::{ByHand, Record},
};
use crate::aws::{
    alias::Alias,
    metrics::Source,
    routing::{Percent, Routing, Version},
};

/// How long `rollout start` has from the tags to the first weight.
const BEGUN_WITHIN: TimeDelta = TimeDelta::minutes(2);

/// How many rollouts in a row may be superseded, without a promotion, before the next one waits for the one under way.
pub const MOST_SUPERSEDED: u32 = 3;

/// A rollout as it was started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// When it was.
    pub started: DateTime<Utc>,
    /// From what served then to the goal; never empty.
    pub moves: Vec<PlannedMove>,
    /// How it goes: the function's policy with what the command line says.
    pub policy: RolloutPolicy,
    /// The step that it goes no further than.
    pub until: Option<Percent>,
    /// The longest that an invocation of its versions may take, in seconds.
    pub timeout_s: i32,
    /// Where the metrics are that the goal counts itself.
    pub namespace: String,
    /// Who else counts the calls of `live`.
    pub sources: Vec<Source>,
    /// Alarms that had gone off before.
    pub ignored_alarms: Vec<String>,
    /// How many rollouts before it were superseded, without a promotion.
    pub superseded: u32,
}

/// Where a rollout stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Somebody has to approve it.
    AwaitsApproval,
    /// Whoever starts it is about to.
    AboutToBegin,
    /// A move begins, or goes on from its record.
    Move {
        /// Which one, from 0.
        index: usize,
        /// What was done of it; `None` when it begins.
        under_way: Option<Record>,
    },
    /// It is over.
    Over(Over),
}

/// How a rollout is over of which nobody has seen the end.
#[derive(Debug, Clone, PartialEq)]
pub enum Over {
    /// `live` serves the goal.
    Promoted,
    /// `live` serves what it did before.
    RolledBack(Cause),
    /// `live` is not as the rollout has left it.
    ChangedByHand,
    /// Whoever has started it has not set the first weight.
    NotBegun,
}

impl Frozen {
    /// The version that `live` shall serve in the end.
    #[must_use]
    pub fn goal(&self) -> Option<Version> {
        self.moves.last().map(|last| last.candidate.version)
    }

    /// How a move of it goes.
    ///
    /// # Errors
    /// [`PolicyError`] when another version of `rollout` has written it.
    pub fn policy(&self, index: usize) -> Result<Policy, PolicyError> {
        let timeout = TimeDelta::seconds(self.timeout_s.into());
        let policy = Policy {
            namespace: self.namespace.clone(),
            ..Policy::try_from(&self.policy)?.with_timeout(timeout)
        };
        let policy = match self.until {
            Some(step) => policy.until(step)?,
            None => policy,
        };
        // The next move watches this one's version as its baseline.
        let is_last = index + 1 == self.moves.len();
        let bake_after = if is_last {
            policy.bake_after
        } else {
            TimeDelta::zero()
        };
        Ok(Policy {
            bake_after,
            ..policy
        })
    }

    /// Where the rollout stands that somebody else has begun.
    #[must_use]
    pub fn stage(&self, live: &Alias, now: DateTime<Utc>) -> Stage {
        let record = live.description.parse::<Record>().ok();
        let own = record.filter(|record| self.is_own(record));
        match own {
            Some(record) if record.routing() == live.routing => self.stage_of(record),
            Some(_) => Stage::Over(Over::ChangedByHand),
            None => self.stage_without(live, now),
        }
    }

    fn is_own(&self, record: &Record) -> bool {
        self.index_of(record).is_some()
            // One that was rolled back before is being tried again.
            && (record.percent() > Percent::ZERO || record.last_change() >= self.started - TimeDelta::seconds(1))
    }

    fn index_of(&self, record: &Record) -> Option<usize> {
        let of = (record.baseline, record.candidate);
        let is_of = |it: &PlannedMove| (it.baseline.version, it.candidate.version) == of;
        self.moves.iter().position(is_of)
    }

    fn stage_of(&self, record: Record) -> Stage {
        let index = self.index_of(&record).unwrap_or_default();
        if record.awaits_approval() {
            return Stage::AwaitsApproval;
        }
        if record.percent() == Percent::ZERO {
            let cause = record.cause.unwrap_or(Cause::Aborted);
            return Stage::Over(Over::RolledBack(cause));
        }
        let is_last = index + 1 == self.moves.len();
        if record.percent() < Percent::HUNDRED || (is_last && self.policy.bake_after_s > 0) {
            let under_way = Some(record);
            return Stage::Move { index, under_way };
        }
        if is_last {
            return Stage::Over(Over::Promoted);
        }
        Stage::Move {
            index: index + 1,
            under_way: None,
        }
    }

    /// The alias says nothing of this rollout.
    fn stage_without(&self, live: &Alias, now: DateTime<Utc>) -> Stage {
        let is_candidate = |version| self.moves.iter().any(|it| it.candidate.version == version);
        let by_hand = live.description.parse::<ByHand>();
        if by_hand.is_ok_and(|it| is_candidate(it.rolled_back)) && now - self.started > BEGUN_WITHIN
        {
            return Stage::Over(Over::RolledBack(Cause::Aborted));
        }
        if now - self.started <= BEGUN_WITHIN {
            return Stage::AboutToBegin;
        }
        let begins = self
            .moves
            .first()
            .map(|it| Routing::alone(it.baseline.version));
        Stage::Over(if begins == Some(live.routing) {
            Over::NotBegun
        } else if live
            .description
            .parse::<Record>()
            .is_ok_and(|other| other.since >= self.started)
        {
            Over::RolledBack(Cause::Superseded)
        } else {
            Over::ChangedByHand
        })
    }
}
