//! What a rollout writes into the alias's description, to go on after a kill.
//!
//! ```text
//! rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@41s 50%@80s
//!         |    |     |                    ` each weight of the candidate, and when it was set,
//!         |    |     |                      in seconds after the start
//!         |    |     ` start of the rollout, in whole seconds
//!         |    ` candidate
//!         ` baseline
//! ```
//!
//! The function `guard` writes ` by guard` behind the last change when it is the one that rolled back.
//! Who rolls back by hand leaves `version 2 set by rollback of version 4` instead (`rollout rollback`,
//! scripts/rollback.sh).
//!
//! The metrics since the start, cut at the weight changes, give back all that a run knew. A time
//! is the whole second that the change fell into, so the change itself is up to a second later.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};

use crate::aws::{
    alias::Alias,
    routing::{Percent, Routing, Version},
};

/// The longest description that Lambda takes.
const LONGEST_DESCRIPTION: usize = 256;

/// Written behind the last change when the function `guard` made it (functions/guard/src/description.rs).
const BY_GUARD: &str = " by guard";

/// A rollout as its alias remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The version that served before.
    pub baseline: Version,
    /// The version that traffic moves to.
    pub candidate: Version,
    /// When the first weight was set, in whole seconds.
    pub since: DateTime<Utc>,
    /// Every weight of the candidate in order of time, the first one at `since`.
    pub changes: Vec<WeightChange>,
}

/// A weight that the candidate was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightChange {
    /// The weight.
    pub percent: Percent,
    /// Seconds after the start of the rollout.
    pub offset_s: u32,
}

/// What rolling back by hand leaves in the alias: `version 2 set by rollback of version 4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByHand {
    /// The version that serves alone since then.
    pub serves: Version,
    /// The version that served or was to serve.
    pub rolled_back: Version,
}

impl ByHand {
    /// A rollback of what an alias serves to one version: of its candidate, or else of the version that served alone.
    #[must_use]
    pub fn of(routing: &Routing, serves: Version) -> Self {
        let candidate = routing.additional.map(|(version, _)| version);
        let rolled_back = candidate.filter(|candidate| *candidate != serves);
        Self {
            serves,
            rolled_back: rolled_back.unwrap_or(routing.primary),
        }
    }
}

impl fmt::Display for ByHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            serves,
            rolled_back,
        } = self;
        write!(
            f,
            "version {serves} set by rollback of version {rolled_back}"
        )
    }
}

impl FromStr for ByHand {
    type Err = NotARecord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (serves, rolled_back) = text
                .strip_prefix("version ")?
                .split_once(" set by rollback of version ")?;
            Some(Self {
                serves: serves.parse().ok()?,
                rolled_back: rolled_back.parse().ok()?,
            })
        };
        parse().ok_or(NotARecord)
    }
}

/// A version that got its traffic taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RolledBack {
    /// The version.
    pub version: Version,
    /// When its rollout had begun; unknown where somebody has rolled back by hand.
    pub since: Option<DateTime<Utc>>,
}

/// The version that the last change of an alias has rolled back, by its description.
#[must_use]
pub fn rolled_back(description: &str) -> Option<RolledBack> {
    if let Ok(ByHand { rolled_back, .. }) = description.parse() {
        return Some(RolledBack {
            version: rolled_back,
            since: None,
        });
    }
    let record: Record = description.parse().ok()?;
    let last = record.changes.last()?.percent;
    (last == Percent::ZERO).then_some(RolledBack {
        version: record.candidate,
        since: Some(record.since),
    })
}

/// A description that no rollout has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the alias's description is not a rollout's")]
pub struct NotARecord;

/// More weight changes than a description has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{changes} changes of the weight do not fit into the alias's description \
     ({LONGEST_DESCRIPTION} characters): abort it (rollout abort) and start again with fewer steps"
)]
pub struct TooManyChanges {
    changes: usize,
}

impl Record {
    /// A rollout that starts now.
    #[must_use]
    pub fn start(
        baseline: Version,
        candidate: Version,
        percent: Percent,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            baseline,
            candidate,
            since: now.trunc_subsecs(0),
            changes: vec![WeightChange {
                percent,
                offset_s: 0,
            }],
        }
    }

    /// The same rollout with one more change of the weight.
    #[must_use]
    pub fn changed(mut self, percent: Percent, now: DateTime<Utc>) -> Self {
        let elapsed = now.trunc_subsecs(0) - self.since;
        let last = self.changes.last().map_or(0, |change| change.offset_s);
        // A clock that was set back must not put the change before an earlier one.
        let offset_s = u32::try_from(elapsed.num_seconds()).map_or(last, |s| s.max(last));
        self.changes.push(WeightChange { percent, offset_s });
        self
    }

    /// The same rollout, cut to its last change: when there is no room for all.
    #[must_use]
    pub fn last_change_only(mut self) -> Self {
        self.changes.drain(..self.changes.len().saturating_sub(1));
        self
    }

    /// When a change was made, to the second.
    #[must_use]
    pub fn time_of(&self, change: &WeightChange) -> DateTime<Utc> {
        self.since + TimeDelta::seconds(change.offset_s.into())
    }

    /// When the weight that the candidate has now was set.
    #[must_use]
    pub fn last_change(&self) -> DateTime<Utc> {
        let last = self.changes.last();
        last.map_or(self.since, |change| self.time_of(change))
    }

    /// The text for the alias.
    ///
    /// # Errors
    /// [`TooManyChanges`] when Lambda would not take it.
    pub fn to_description(&self) -> Result<String, TooManyChanges> {
        let text = self.to_string();
        if text.len() > LONGEST_DESCRIPTION {
            let changes = self.changes.len();
            return Err(TooManyChanges { changes });
        }
        Ok(text)
    }
}

/// A description with one more change of the weight, or with that one alone when there is no room for all:
/// the change must not fail because of its record. A description that is no record is kept.
#[must_use]
pub fn description_after(before: &str, percent: Percent, now: DateTime<Utc>) -> String {
    let Ok(record) = before.parse::<Record>() else {
        return before.to_owned();
    };
    let record = record.changed(percent, now);
    record
        .to_description()
        .unwrap_or_else(|_| record.last_change_only().to_string())
}

/// Whether the function `guard` made the last change: it set a candidate's weight back to 0.
#[must_use]
pub fn is_by_guard(alias: &Alias) -> bool {
    alias.routing.additional.is_none() && alias.description.ends_with(BY_GUARD)
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since.to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(
            f,
            "rollout {}->{} since {since}",
            self.baseline, self.candidate
        )?;
        self.changes
            .iter()
            .try_for_each(|change| write!(f, " {}@{}s", change.percent, change.offset_s))
    }
}

impl FromStr for Record {
    type Err = NotARecord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.strip_suffix(BY_GUARD).unwrap_or(text)).ok_or(NotARecord)
    }
}

fn parse(text: &str) -> Option<Record> {
    let mut words = text.strip_prefix("rollout ")?.split(' ');
    let (baseline, candidate) = words.next()?.split_once("->")?;
    if words.next()? != "since" {
        return None;
    }
    let since = DateTime::parse_from_rfc3339(words.next()?).ok()?.to_utc();
    let changes: Vec<_> = words.map(parse_change).collect::<Option<_>>()?;
    (!changes.is_empty() && changes.is_sorted_by_key(|change| change.offset_s)).then_some(Record {
        baseline: baseline.parse().ok()?,
        candidate: candidate.parse().ok()?,
        since,
        changes,
    })
}

fn parse_change(word: &str) -> Option<WeightChange> {
    let (percent, offset) = word.split_once("%@")?;
    Some(WeightChange {
        percent: percent.parse().ok()?,
        offset_s: offset.strip_suffix('s')?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(number: u64) -> Version {
        number.to_string().parse().expect("a version")
    }

    fn records() -> impl Strategy<Value = Record> {
        let change = (0_u32..=10_000, 0_u32..100_000);
        (
            1_u64..1_000_000,
            1_u64..1_000_000,
            0_i64..4_000_000_000,
            prop::collection::vec(change, 1..40),
        )
            .prop_map(|(baseline, candidate, since, mut changes)| {
                changes.sort_by_key(|(_, offset)| *offset);
                Record {
                    baseline: version(baseline),
                    candidate: version(candidate),
                    since: DateTime::from_timestamp(since, 0).expect("in range"),
                    changes: changes
                        .into_iter()
                        .map(|(hundredths, offset_s)| WeightChange {
                            percent: Percent::from_weight(f64::from(hundredths) / 10_000.0),
                            offset_s,
                        })
                        .collect(),
                }
            })
    }

    proptest! {
        #[test]
        fn every_record_is_read_back_as_it_was_written(record in records()) {
            prop_assert_eq!(record.to_string().parse(), Ok(record));
        }

        #[test]
        fn no_description_is_longer_than_lambda_takes(record in records()) {
            match record.to_description() {
                Ok(text) => prop_assert!(text.len() <= LONGEST_DESCRIPTION),
                Err(_) => prop_assert!(record.last_change_only().to_description().is_ok()),
            }
        }

        #[test]
        fn no_text_makes_the_parser_fail_badly(text in "\\PC*") {
            let _ = text.parse::<Record>();
        }
    }

    #[test]
    fn a_record_reads_as_the_docs_say() {
        let start: DateTime<Utc> = "2026-11-23T14:30:00.9Z".parse().expect("a time");
        let record = Record::start(version(1), version(2), Percent::from_weight(0.05), start)
            .changed(
                Percent::from_weight(0.25),
                start + TimeDelta::milliseconds(40_500),
            );
        assert_eq!(
            record.to_description().as_deref(),
            Ok("rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@41s")
        );
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_the_order_of_changes() {
        let start: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
        let five = Percent::from_weight(0.05);
        let record = Record::start(version(1), version(2), five, start)
            .changed(Percent::HUNDRED, start + TimeDelta::seconds(9))
            .changed(Percent::ZERO, start - TimeDelta::seconds(60));
        assert_eq!(record.changes.last().map(|change| change.offset_s), Some(9));
        assert_eq!(record.to_string().parse(), Ok(record));
    }

    #[test]
    fn what_guard_has_rolled_back_is_a_record_too() {
        let text = "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 0%@97s";
        let by_guard = format!("{text}{BY_GUARD}").parse::<Record>();
        assert_eq!(by_guard, text.parse());
        assert!(by_guard.is_ok());
    }

    #[test]
    fn who_rolls_back_by_hand_leaves_which_version_was_rolled_back() {
        let (two, four) = (version(2), version(4));
        let under_way = Routing::weighted(two, four, Percent::from_weight(0.25));
        let text = ByHand::of(&under_way, two).to_string();
        assert_eq!(text, "version 2 set by rollback of version 4");
        assert_eq!(rolled_back(&text).map(|it| it.version), Some(four));
        assert_eq!(ByHand::of(&Routing::alone(four), two).to_string(), text);
        // To the candidate: it is the other one that gets nothing any more.
        assert_eq!(ByHand::of(&under_way, four).rolled_back, two);
        for other in ["version 2 set by rollback", "version 2 set by hand", ""] {
            assert_eq!(rolled_back(other), None, "{other}");
        }
    }

    #[test]
    fn a_record_that_ends_at_0_is_of_a_version_that_was_rolled_back() {
        let text = "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s";
        assert_eq!(rolled_back(text), None);
        for end in ["0%@97s", "0%@97s by guard"] {
            let found = rolled_back(&format!("{text} {end}")).expect("was rolled back");
            assert_eq!(found.version, version(2));
            assert!(found.since.is_some());
        }
    }

    #[test]
    fn what_people_write_into_a_description_is_no_record() {
        for text in [
            "",
            "production",
            "rollout 1->2",
            "rollout 1->2 since yesterday 5%@0s",
            "rollout 1->2 since 2026-11-23T14:30:00Z",
            "rollout 1->2 since 2026-11-23T14:30:00Z 5%@9s 25%@3s",
            "rollout 1->$LATEST since 2026-11-23T14:30:00Z 5%@0s",
        ] {
            assert_eq!(text.parse::<Record>(), Err(NotARecord), "{text}");
        }
    }
}
