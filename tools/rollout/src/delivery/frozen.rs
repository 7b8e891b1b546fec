//! A rollout as it was started. With it a tick needs nothing but the alias, the metrics and the time; a release that is
//! published in the middle of it changes nothing of it.

use chrono::{DateTime, TimeDelta, Utc};
use package::RolloutPolicy;
use serde::{Deserialize, Serialize};

use super::{
    decision::Cause,
    event::PlannedMove,
    policy::{Policy, PolicyError, are_sent_at_once},
    record::{ByHand, Record},
    tags,
};
use crate::aws::{
    alias::Alias,
    metrics::Source,
    routing::{Percent, Routing, Version},
};

/// How long `rollout start` has from the tags, or the end of the one whose place it takes, to the first weight.
pub const BEGUN_WITHIN: TimeDelta = TimeDelta::minutes(2);

/// How many rollouts in a row may be superseded, without a promotion, before the next one waits for the one under way.
pub const MOST_SUPERSEDED: u32 = 3;

/// A rollout as it was started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    /// When it was.
    pub started: DateTime<Utc>,
    /// From what served then to the goal; never empty.
    pub moves: Vec<PlannedMove>,
    /// How it goes: the function's policy with what the command line says.
    #[serde(deserialize_with = "tags::policy")]
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
    #[serde(default)]
    pub ignored_alarms: Vec<String>,
    /// How many rollouts before it were superseded, without a promotion.
    #[serde(default)]
    pub superseded: u32,
}

/// A rollout that waits for the end of the one under way: what leads to its goal is found then, from what serves then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Next {
    /// The version that `live` shall serve in the end.
    pub goal: Version,
    /// How.
    #[serde(deserialize_with = "tags::policy")]
    pub policy: RolloutPolicy,
    /// The step to go no further than.
    pub until: Option<Percent>,
    /// Whether a candidate that was rolled back may be tried again.
    #[serde(default)]
    pub retry: bool,
    /// Whether it starts although an alarm of the policy has gone off.
    #[serde(default)]
    pub force: bool,
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
        // A quiet function's next move does not wait for days until this one has had its samples.
        let is_last = index + 1 == self.moves.len();
        Ok(Policy {
            samples_after: if is_last { policy.samples_after } else { 0 },
            ..policy
        })
    }

    /// How long an invocation may take before it is in the metrics, where it is not there from its start.
    #[must_use]
    pub fn slowest(&self) -> TimeDelta {
        let period = TimeDelta::try_seconds(self.policy.period_s.try_into().unwrap_or(i64::MAX));
        if period.is_some_and(are_sent_at_once) {
            return TimeDelta::zero();
        }
        TimeDelta::seconds(self.timeout_s.into())
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
        if record.percent() < Percent::HUNDRED || self.policy.bake_after_s > 0 {
            let under_way = Some(record);
            return Stage::Move { index, under_way };
        }
        self.after(index)
    }

    /// Where the rollout stands when a move has been promoted, and what was armed after that is over.
    fn after(&self, index: usize) -> Stage {
        if index + 1 == self.moves.len() {
            return Stage::Over(Over::Promoted);
        }
        Stage::Move {
            index: index + 1,
            under_way: None,
        }
    }

    /// The same when a move has just ended like that, unless somebody has changed the alias since.
    #[must_use]
    pub fn stage_after(&self, promoted: usize, live: &Alias, now: DateTime<Utc>) -> Stage {
        match self.stage(live, now) {
            Stage::Move {
                index,
                under_way: Some(record),
            } if index == promoted && record.percent() == Percent::HUNDRED => self.after(promoted),
            other => other,
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use package::Architecture;

    use super::*;
    use crate::{
        aws::function::Build,
        delivery::{
            path::Change,
            tags::{RUN, TagsError},
        },
    };

    fn at(seconds: i64) -> DateTime<Utc> {
        let start: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
        start + TimeDelta::seconds(seconds)
    }

    fn version(number: u64) -> Version {
        number.to_string().parse().expect("a version")
    }

    fn build(number: u64) -> Build {
        Build {
            version: version(number),
            architecture: Some(Architecture::Arm64),
            emulated: false,
        }
    }

    /// From version 1 by 3 to 4, started at second 0.
    fn frozen() -> Frozen {
        let planned = |from, to| PlannedMove {
            baseline: build(from),
            candidate: build(to),
            change: Change::Release,
        };
        Frozen {
            started: at(0),
            moves: vec![planned(1, 3), planned(3, 4)],
            policy: RolloutPolicy::default(),
            until: None,
            timeout_s: 29,
            namespace: "shop".to_owned(),
            sources: vec![Source::Queue("orders".to_owned())],
            ignored_alarms: Vec::new(),
            superseded: 0,
        }
    }

    fn live(routing: Routing, description: &str) -> Alias {
        Alias {
            function: "hasher".to_owned(),
            name: "live".to_owned(),
            routing,
            description: description.to_owned(),
            revision_id: "1".to_owned(),
        }
    }

    /// Where it stands at a second, when the alias says this and routes as that says.
    fn stage(record: &str, second: i64) -> Stage {
        let parsed: Record = record.parse().expect("a record");
        frozen().stage(&live(parsed.routing(), record), at(second))
    }

    const FIRST: &str = "rollout 1->3 since 2026-11-23T14:30:01Z 5%@0s";
    const SECOND: &str = "rollout 3->4 since 2026-11-23T15:30:01Z 5%@0s";

    #[test]
    fn a_move_goes_on_and_the_next_one_begins_when_it_is_promoted() {
        let under_way = |index, record: &str| Stage::Move {
            index,
            under_way: record.parse().ok(),
        };
        assert_eq!(stage(FIRST, 9_999), under_way(0, FIRST));
        let next = Stage::Move {
            index: 1,
            under_way: None,
        };
        let promoted = format!("{FIRST} 100%@60s");
        // Alarms and limits stay armed after it.
        assert_eq!(stage(&promoted, 9_999), under_way(0, &promoted));
        let after = |routing| frozen().stage_after(0, &live(routing, &promoted), at(9_999));
        assert_eq!(after(Routing::alone(version(3))), next);
        let by_hand = after(Routing::alone(version(1)));
        assert_eq!(by_hand, Stage::Over(Over::ChangedByHand));
        assert_eq!(stage(SECOND, 9_999), under_way(1, SECOND));
    }

    #[test]
    fn what_is_armed_after_the_last_promotion_is_waited_for() {
        let promoted = format!("{SECOND} 100%@60s");
        assert!(matches!(
            stage(&promoted, 9_999),
            Stage::Move {
                index: 1,
                under_way: Some(_)
            }
        ));
        let mut frozen = frozen();
        frozen.policy.bake_after_s = 0;
        let live = live(Routing::alone(version(4)), &promoted);
        assert_eq!(frozen.stage(&live, at(9_999)), Stage::Over(Over::Promoted));
    }

    #[test]
    fn what_was_rolled_back_since_its_start_is_over_and_what_was_before_is_tried_again() {
        let worse = Stage::Over(Over::RolledBack(Cause::Worse));
        assert_eq!(stage(&format!("{FIRST} 0%@60s worse"), 90), worse);
        let before = "rollout 1->3 since 2026-11-23T14:00:00Z 5%@0s 0%@60s worse";
        assert_eq!(stage(before, 60), Stage::AboutToBegin);
        assert_eq!(stage(before, 121), Stage::Over(Over::NotBegun));
        let by_hand = live(
            Routing::alone(version(1)),
            "version 1 set by rollback of version 3",
        );
        let aborted = Stage::Over(Over::RolledBack(Cause::Aborted));
        assert_eq!(frozen().stage(&by_hand, at(121)), aborted);
    }

    #[test]
    fn it_waits_for_its_approval() {
        let awaiting = "rollout 1->3 since 2026-11-23T14:30:01Z awaits approval";
        assert_eq!(stage(awaiting, 999_999), Stage::AwaitsApproval);
    }

    #[test]
    fn an_alias_that_is_not_as_it_was_left_was_changed_by_hand() {
        let by_hand = Stage::Over(Over::ChangedByHand);
        let percent = Percent::new(30.0).expect("a percentage");
        for (routing, description) in [
            (Routing::weighted(version(1), version(3), percent), FIRST),
            (Routing::alone(version(1)), FIRST),
            (Routing::alone(version(3)), "by hand"),
            (Routing::alone(version(7)), ""),
        ] {
            let live = live(routing, description);
            assert_eq!(frozen().stage(&live, at(9_999)), by_hand, "{description}");
        }
    }

    #[test]
    fn another_rollout_that_has_begun_since_has_taken_its_place() {
        let other = "rollout 1->6 since 2026-11-23T14:40:00Z 5%@0s";
        let superseded = Stage::Over(Over::RolledBack(Cause::Superseded));
        assert_eq!(stage(other, 9_999), superseded);
    }

    #[test]
    fn it_comes_out_of_the_tags_as_it_went_in_and_leaves_room_for_others() {
        let mut frozen = frozen();
        let name = |number: u32| format!("shop-production-checkout-{number}");
        frozen.policy.alarms = (0..10).map(name).collect();
        let tags = RUN.write(&frozen).expect("tags");
        assert!(tags.len() <= 6, "{} tags", tags.len());
        let tags: HashMap<_, _> = tags.into_iter().collect();
        assert_eq!(RUN.read(&tags).expect("is read"), Some(frozen));
    }

    #[test]
    fn what_another_version_has_written_is_read_unless_it_says_that_it_means_something_else() {
        let mut json = serde_json::to_value(frozen()).expect("JSON");
        json["later"] = true.into();
        json["policy"]["later"] = serde_json::json!({"a": 1});
        json["policy"]["guard"]["later"] = 1.into();
        for earlier in ["superseded", "ignored_alarms"] {
            json.as_object_mut().expect("an object").remove(earlier);
        }
        let read = |json: &serde_json::Value| {
            let tags: HashMap<_, _> = RUN.write(json).expect("tags").into_iter().collect();
            RUN.read::<Frozen>(&tags)
        };
        assert_eq!(read(&json).expect("is read"), Some(frozen()));
        json["format"] = 2.into();
        let error = read(&json).expect_err("is not read");
        assert!(matches!(error, TagsError::Newer(_, 2)), "{error}");
    }

    #[test]
    fn every_move_is_watched_after_its_promotion_and_only_the_last_one_waits_for_samples() {
        let after = |index| {
            let policy = frozen().policy(index).expect("holds");
            (policy.bake_after, policy.samples_after)
        };
        assert_eq!(after(0), (TimeDelta::minutes(30), 0));
        assert_eq!(after(1), (TimeDelta::minutes(30), 100));
    }
}
