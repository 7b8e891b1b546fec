//! The moves that lead from what `live` serves to the goal (no I/O).
//!
//! A move is one rollout: steps, bake times, verdicts. Between the builds of one pair, and between the
//! same architecture of two pairs, one move is enough. Where both the pair and the architecture differ,
//! there are two:
//!
//! ```text
//!                x86_64        arm64
//! old pair       version 1     version 2
//!                   | release
//! new pair       version 3 --> version 4
//!                     architecture
//! ```
//!
//! The release comes first, on the architecture that serves already, so that every verdict has one
//! cause: a worse version 3 is the commit's fault, a worse version 4 the architecture's. And when only
//! the architecture is at fault, the release stays. The price is the time of a second rollout.
//!
//! An alias routes to two versions at most, so a path is walked move by move, and every move ends with
//! one version alone. The alias is the only state: what is left of a path is found from what it routes
//! to, so a run that was killed anywhere goes on with the same path.

use std::fmt;

use package::Architecture;
use serde::{Deserialize, Serialize};

use crate::aws::{
    routing::{Routing, Version},
    versions::{self, PublishedVersion, other_build},
};

/// A path has at most so many moves, which share alpha: whoever moves `live` from one version to another is to be right
/// about the path, not about each of its moves.
pub const MOST_MOVES: u32 = 2;

/// One rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Move {
    /// The version that serves before.
    pub from: Version,
    /// The version that serves afterwards.
    pub to: Version,
    /// What the two differ in.
    pub change: Change,
}

/// What two versions differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The builds of one pair.
    Architecture,
    /// The same architecture of two pairs.
    Release,
    /// Both.
    ReleaseAndArchitecture,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Architecture => "architecture",
            Self::Release => "release",
            Self::ReleaseAndArchitecture => "release and architecture at once",
        })
    }
}

/// The moves from what an alias routes to, until one version serves alone: none when it does already.
#[must_use]
pub fn find(published: &[PublishedVersion], routing: &Routing, goal: Version) -> Vec<Move> {
    let serves = routing.primary;
    let under_way = routing.candidate();
    let step = |from, to| Move {
        from,
        to,
        change: change(published, from, to),
    };
    // A move to the goal itself that somebody has begun by hand is finished first.
    let via = via(published, serves, goal)
        .filter(|via| under_way.is_none_or(|(candidate, _)| candidate == *via));
    match via {
        _ if serves == goal => Vec::new(),
        Some(via) => vec![step(serves, via), step(via, goal)],
        None => vec![step(serves, goal)],
    }
}

/// The other build of the goal's pair, where both the pair and the architecture are to change.
fn via(published: &[PublishedVersion], serves: Version, goal: Version) -> Option<Version> {
    let via = other_build(published, goal).filter(|via| *via != serves)?;
    (architecture(published, serves)? != architecture(published, goal)?).then_some(via)
}

/// What two versions differ in.
#[must_use]
pub fn change(published: &[PublishedVersion], from: Version, to: Version) -> Change {
    if other_build(published, to) == Some(from) {
        Change::Architecture
    } else if architecture(published, from) == architecture(published, to) {
        Change::Release
    } else {
        Change::ReleaseAndArchitecture
    }
}

fn architecture(published: &[PublishedVersion], version: Version) -> Option<Architecture> {
    versions::find(published, version).map(|published| published.architecture)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::aws::routing::Percent;

    fn version(number: u64) -> Version {
        number.to_string().parse().expect("a version")
    }

    /// Pairs of two commits, and a version 5 that was published by hand.
    fn published() -> Vec<PublishedVersion> {
        use Architecture::{Arm64, X86_64};
        [
            (1, X86_64, "old x86_64"),
            (2, Arm64, "old arm64"),
            (3, X86_64, "new x86_64"),
            (4, Arm64, "new arm64"),
            (5, X86_64, "by hand"),
        ]
        .into_iter()
        .map(|(number, architecture, description)| PublishedVersion {
            version: version(number),
            architecture,
            code_sha256: String::new(),
            code_bytes: 0,
            description: description.to_owned(),
            settings: Default::default(),
        })
        .collect()
    }

    fn alone(number: u64) -> Routing {
        Routing::alone(version(number))
    }

    fn at_25(primary: u64, candidate: u64) -> Routing {
        let weight = Percent::from_weight(0.25);
        Routing::weighted(version(primary), version(candidate), weight)
    }

    fn path(routing: Routing, goal: u64) -> Vec<(u64, u64, Change)> {
        find(&published(), &routing, version(goal))
            .into_iter()
            .map(|found| (found.from.number(), found.to.number(), found.change))
            .collect()
    }

    #[test]
    fn one_change_is_one_move() {
        use Change::{Architecture, Release, ReleaseAndArchitecture};
        assert_eq!(path(alone(1), 2), [(1, 2, Architecture)]);
        assert_eq!(path(alone(2), 1), [(2, 1, Architecture)]);
        assert_eq!(path(alone(2), 4), [(2, 4, Release)]);
        assert_eq!(path(alone(1), 5), [(1, 5, Release)]);
        // Nothing is known of the pair of a version that was published by hand.
        assert_eq!(path(alone(2), 5), [(2, 5, ReleaseAndArchitecture)]);
        assert_eq!(path(alone(4), 4), []);
    }

    #[test]
    fn the_release_comes_before_the_architecture() {
        let two = [(1, 3, Change::Release), (3, 4, Change::Architecture)];
        assert_eq!(path(alone(1), 4), two);
        // Back to the old pair: the same.
        let back = [(4, 2, Change::Release), (2, 1, Change::Architecture)];
        assert_eq!(path(alone(4), 1), back);
    }

    #[test]
    fn a_move_under_way_is_finished_also_one_that_was_begun_by_hand() {
        let two = [(1, 3, Change::Release), (3, 4, Change::Architecture)];
        let one = [(1, 4, Change::ReleaseAndArchitecture)];
        assert_eq!(path(at_25(1, 3), 4), two);
        assert_eq!(path(at_25(1, 4), 4), one);
    }

    #[test]
    fn builds_of_other_settings_are_no_pair() {
        let mut published = published();
        assert_eq!(other_build(&published, version(4)), Some(version(3)));
        assert_eq!(other_build(&published, version(5)), None);
        assert_eq!(other_build(&published, version(9)), None);
        published[2].settings.memory_mib = 1_769;
        assert_eq!(other_build(&published, version(4)), None);
    }

    proptest! {
        /// Started again after every move, a run walks the same path.
        #[test]
        fn what_is_left_of_a_path_is_found_from_the_alias_alone(
            start in 1_u64..=5,
            goal in 1_u64..=5,
        ) {
            let published = published();
            let whole = find(&published, &alone(start), version(goal));
            for (done, walked) in whole.iter().enumerate() {
                let weight = Percent::from_weight(0.25);
                let under_way = Routing::weighted(walked.from, walked.to, weight);
                let left = find(&published, &under_way, version(goal));
                prop_assert_eq!(&left[..], &whole[done..]);
                let arrived = Routing::alone(walked.to);
                let left = find(&published, &arrived, version(goal));
                prop_assert_eq!(&left[..], &whole[done + 1..]);
            }
        }

        #[test]
        fn every_path_ends_at_the_goal_in_at_most_two_moves(
            start in 1_u64..=5,
            goal in 1_u64..=5,
        ) {
            let path = find(&published(), &alone(start), version(goal));
            prop_assert!(path.len() <= MOST_MOVES as usize);
            let end = path.last().map_or(version(start), |last| last.to);
            prop_assert_eq!(end, version(goal));
            let joined = path.windows(2).all(|two| two[0].to == two[1].from);
            prop_assert!(joined);
        }
    }
}
