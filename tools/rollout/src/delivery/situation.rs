//! Where the alias stands, and so how a run begins.

use chrono::{DateTime, Utc};

use super::record::{self, Record};
use crate::aws::routing::{Percent, Routing, Version};

/// How a run begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Situation {
    /// `live` serves the candidate alone: nothing to move.
    Arrived,
    /// The same, and a rollout has moved it there: alarms and limits may still be armed.
    Promoted(Record),
    /// `live` serves one other version: a new rollout.
    New {
        /// The version that serves now.
        baseline: Version,
    },
    /// `live` serves one other version, and the last change has rolled this candidate back.
    RolledBack {
        /// The version that serves now.
        baseline: Version,
        /// When its rollout had begun, if one had.
        since: Option<DateTime<Utc>>,
    },
    /// A rollout of this candidate is under way, with its record.
    UnderWay(Record),
    /// The candidate has a weight that no rollout has set, by hand or by another tool. The rollout
    /// goes on from that weight; what happened before is not known and not analysed.
    Adopted {
        /// The version that gets the rest.
        baseline: Version,
        /// The candidate's weight.
        percent: Percent,
    },
}

/// Why a run cannot begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Two versions are all that an alias can route to.
    #[error(
        "a rollout of version {under_way} ({percent}) is under way, and version {wanted} was asked for: \
         finish it (rollout run {function} --to {under_way}) or abort it first (rollout abort {function})"
    )]
    OtherCandidate {
        /// The function.
        function: String,
        /// The version that has a weight.
        under_way: Version,
        /// Its weight.
        percent: Percent,
        /// The version that was asked for.
        wanted: Version,
    },
}

impl Situation {
    /// Reads it from the alias.
    ///
    /// # Errors
    /// [`Refusal`] when another candidate has a weight.
    pub fn read(
        function: &str,
        routing: &Routing,
        description: &str,
        candidate: Version,
    ) -> Result<Self, Refusal> {
        let baseline = routing.primary;
        match routing.candidate() {
            None => Ok(Self::alone(baseline, candidate, description)),
            Some((additional, percent)) if additional != candidate => {
                Err(Refusal::OtherCandidate {
                    function: function.to_owned(),
                    under_way: additional,
                    percent,
                    wanted: candidate,
                })
            }
            Some((_, percent)) => Ok(match description.parse::<Record>() {
                Ok(record) if is_of(&record, baseline, candidate, percent) => {
                    Self::UnderWay(record)
                }
                _ => Self::Adopted { baseline, percent },
            }),
        }
    }
}

impl Situation {
    /// One version serves alone.
    fn alone(serves: Version, candidate: Version, description: &str) -> Self {
        if serves != candidate {
            let rolled_back = record::rolled_back(description);
            return match rolled_back.filter(|it| it.version == candidate) {
                Some(it) => Self::RolledBack {
                    baseline: serves,
                    since: it.since,
                },
                None => Self::New { baseline: serves },
            };
        }
        let record: Option<Record> = description.parse().ok();
        let promoted = |record: &Record| {
            let last = record.changes.last().map(|change| change.percent);
            record.candidate == candidate && last == Some(Percent::HUNDRED)
        };
        record
            .filter(promoted)
            .map_or(Self::Arrived, Self::Promoted)
    }
}

/// Whether a record ends with this weight; it does not when somebody has set the weight by hand since.
fn is_of(record: &Record, baseline: Version, candidate: Version, percent: Percent) -> bool {
    record.baseline == baseline
        && record.candidate == candidate
        && record
            .changes
            .last()
            .is_some_and(|last| last.percent == percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: &str) -> Version {
        number.parse().expect("a version")
    }

    fn percent(value: f64) -> Percent {
        Percent::new(value).expect("a percentage")
    }

    fn read(routing: Routing, description: &str) -> Result<Situation, Refusal> {
        Situation::read("hasher", &routing, description, version("2"))
    }

    const RECORD: &str = "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@41s";

    #[test]
    fn one_version_alone_is_the_baseline_or_the_goal() {
        let baseline = version("1");
        assert_eq!(
            read(Routing::alone(baseline), ""),
            Ok(Situation::New { baseline })
        );
        assert_eq!(
            read(Routing::alone(version("2")), RECORD),
            Ok(Situation::Arrived)
        );
    }

    #[test]
    fn a_candidate_that_was_rolled_back_is_known_and_another_one_starts_anew() {
        let rolled_back = format!("{RECORD} 0%@60s");
        let baseline = version("1");
        let since = rolled_back
            .parse::<Record>()
            .ok()
            .map(|record| record.since);
        for (description, since) in [
            (rolled_back.as_str(), since),
            ("version 1 set by rollback of version 2", None),
        ] {
            assert_eq!(
                read(Routing::alone(baseline), description),
                Ok(Situation::RolledBack { baseline, since })
            );
        }
        let newer = Situation::read(
            "hasher",
            &Routing::alone(baseline),
            &rolled_back,
            version("4"),
        );
        assert_eq!(newer, Ok(Situation::New { baseline }));
    }

    #[test]
    fn what_a_rollout_has_promoted_is_told_from_what_somebody_has_set() {
        let promoted = format!("{RECORD} 100%@60s");
        let alone = Routing::alone(version("2"));
        let record = promoted.parse().expect("a record");
        assert_eq!(read(alone, &promoted), Ok(Situation::Promoted(record)));
        assert_eq!(read(alone, "by hand"), Ok(Situation::Arrived));
    }

    #[test]
    fn a_weight_with_its_record_goes_on() {
        let routing = Routing::weighted(version("1"), version("2"), percent(25.0));
        let record = RECORD.parse().expect("a record");
        assert_eq!(read(routing, RECORD), Ok(Situation::UnderWay(record)));
    }

    #[test]
    fn a_weight_that_the_record_does_not_know_is_adopted_without_its_past() {
        let baseline = version("1");
        let routing = Routing::weighted(baseline, version("2"), percent(30.0));
        for description in [RECORD, "set by hand"] {
            let adopted = Situation::Adopted {
                baseline,
                percent: percent(30.0),
            };
            assert_eq!(read(routing, description), Ok(adopted));
        }
    }

    #[test]
    fn another_candidate_in_between_is_refused_with_the_way_out() {
        let routing = Routing::weighted(version("1"), version("4"), percent(5.0));
        let refusal = read(routing, "").expect_err("refused").to_string();
        assert!(refusal.contains("rollout abort hasher"), "{refusal}");
        assert!(refusal.contains("version 4 (5%)"), "{refusal}");
    }

    #[test]
    fn a_candidate_that_shares_the_traffic_as_primary_has_not_arrived() {
        let routing = Routing::weighted(version("2"), version("1"), percent(5.0));
        assert!(matches!(
            read(routing, ""),
            Err(Refusal::OtherCandidate { .. })
        ));
    }
}
