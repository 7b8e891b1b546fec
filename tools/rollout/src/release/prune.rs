//! Deletes old pairs that no alias uses.
//!
//! Versions pile up: every pair stays until somebody deletes it, and the account's code storage ends at
//! 75 GB a region. A version may go when it belongs to `publish`, is older than the newest pairs that are
//! to be kept, and nothing points at it. A pair goes or stays as a whole: as long as one build serves,
//! the other is the way back.

use aws_sdk_lambda::Client;
use serde::Serialize;

use crate::aws::{
    alias::{self, AliasError},
    provisioned::Provisioned,
    routing::Version,
    versions::{PublishedVersion, other_build},
};

/// An alias and every version that it routes to, at whatever weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The alias's name.
    pub alias: String,
    /// The versions.
    pub versions: Vec<Version>,
}

/// What becomes of a version, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "disposition", rename_all = "snake_case")]
pub enum Disposition {
    /// Nothing needs it.
    Delete,
    /// It is among the newest pairs, or newer.
    New,
    /// An alias routes to it or to the other build of its pair.
    Used {
        /// The alias.
        alias: String,
    },
    /// It or the other build of its pair has provisioned concurrency.
    Provisioned,
    /// `rollout publish` has not made it.
    Foreign,
}

/// Sorts out what may go: every version with its disposition, oldest first.
#[must_use]
pub fn sort_out<'a>(
    published: &'a [PublishedVersion],
    keep: usize,
    uses: &[Use],
    provisioned: &[Provisioned],
) -> Vec<(&'a PublishedVersion, Disposition)> {
    let oldest_kept = oldest_kept(published, keep);
    let disposition = |of: &PublishedVersion| {
        if of.commit().is_none() {
            return Disposition::Foreign;
        }
        // With fewer pairs than are to be kept, everything is.
        if oldest_kept.is_none_or(|oldest| of.version >= oldest) {
            return Disposition::New;
        }
        let pair = || {
            [Some(of.version), other_build(published, of.version)]
                .into_iter()
                .flatten()
        };
        if let Some(alias) = pair().find_map(|version| user(uses, version)) {
            let alias = alias.to_owned();
            return Disposition::Used { alias };
        }
        if pair().any(|version| is_provisioned(provisioned, version)) {
            return Disposition::Provisioned;
        }
        Disposition::Delete
    };
    published.iter().map(|of| (of, disposition(of))).collect()
}

/// The alias that uses a version, if one does.
#[must_use]
pub fn user(uses: &[Use], version: Version) -> Option<&str> {
    let user = uses.iter().find(|found| found.versions.contains(&version));
    user.map(|found| found.alias.as_str())
}

fn is_provisioned(provisioned: &[Provisioned], version: Version) -> bool {
    let number = version.to_string();
    provisioned.iter().any(|found| found.qualifier == number)
}

/// The first version of the oldest pair that is kept for its age; none with fewer pairs than that.
fn oldest_kept(published: &[PublishedVersion], keep: usize) -> Option<Version> {
    let first_builds = published.iter().map(|of| of.version).filter(|first| {
        let second = other_build(published, *first);
        second.is_some_and(|second| second > *first)
    });
    let first_builds: Vec<Version> = first_builds.collect();
    let index = first_builds.len().checked_sub(keep)?;
    first_builds.get(index).copied()
}

/// Every alias of a function with the versions that it routes to.
///
/// # Errors
/// [`AliasError`] when AWS does not answer.
pub async fn uses(client: &Client, function: &str) -> Result<Vec<Use>, AliasError> {
    let aliases = alias::list(client, function).await?.into_iter();
    Ok(aliases
        .map(|(alias, versions)| Use { alias, versions })
        .collect())
}

#[cfg(test)]
mod tests {
    use package::Architecture;
    use proptest::prelude::*;

    use super::*;

    fn version(number: u64) -> Version {
        number.to_string().parse().expect("a version")
    }

    /// A letter per version: `x` and `a` are builds of a pair, `-` is somebody else's. A new pair begins
    /// with every `x`.
    fn published(letters: &str) -> Vec<PublishedVersion> {
        let mut commit = 0;
        letters
            .chars()
            .zip(1..)
            .map(|(letter, number)| {
                commit += u64::from(letter == 'x');
                let (architecture, description) = match letter {
                    'x' => (Architecture::X86_64, format!("{commit} x86_64")),
                    'a' => (Architecture::Arm64, format!("{commit} arm64")),
                    _ => (Architecture::X86_64, "by hand".to_owned()),
                };
                PublishedVersion {
                    version: version(number),
                    architecture,
                    code_sha256: String::new(),
                    code_bytes: 1,
                    description,
                    settings: Default::default(),
                }
            })
            .collect()
    }

    fn used_by(alias: &str, versions: &[u64]) -> Use {
        Use {
            alias: alias.to_owned(),
            versions: versions.iter().copied().map(version).collect(),
        }
    }

    fn going(letters: &str, keep: usize, uses: &[Use]) -> Vec<u64> {
        let published = published(letters);
        sort_out(&published, keep, uses, &[])
            .into_iter()
            .filter(|(_, disposition)| *disposition == Disposition::Delete)
            .map(|(of, _)| of.version.number())
            .collect()
    }

    #[test]
    fn the_newest_pairs_stay_and_older_ones_go() {
        assert_eq!(going("xaxaxa", 1, &[]), [1, 2, 3, 4]);
        assert_eq!(going("xaxaxa", 2, &[]), [1, 2]);
        assert_eq!(going("xaxaxa", 3, &[]), [0; 0]);
        assert_eq!(going("xaxaxa", 4, &[]), [0; 0]);
        assert_eq!(going("", 1, &[]), [0; 0]);
    }

    #[test]
    fn a_pair_stays_as_long_as_an_alias_routes_to_either_build() {
        let live = used_by("live", &[2, 5]);
        assert_eq!(going("xaxaxa", 1, &[live]), [3, 4]);
        let published = published("xaxa");
        let fates = sort_out(&published, 1, &[used_by("live", &[2])], &[]);
        let alias = "live".to_owned();
        assert_eq!(fates[0].1, Disposition::Used { alias });
    }

    #[test]
    fn a_build_that_a_kill_has_left_alone_goes_when_it_is_old_and_stays_when_it_is_new() {
        assert_eq!(going("axaxax", 1, &[]), [1, 2, 3]);
    }

    #[test]
    fn what_others_have_published_or_provisioned_stays() {
        assert_eq!(going("-xaxa", 1, &[]), [2, 3]);
        let published = published("xaxa");
        let on_2 = Provisioned {
            qualifier: "2".to_owned(),
            environments: 1,
        };
        let fates = sort_out(&published, 1, &[], &[on_2]);
        assert_eq!([&fates[0].1, &fates[1].1], [&Disposition::Provisioned; 2]);
    }

    proptest! {
        #[test]
        fn nothing_that_is_used_ever_goes_and_pruning_again_finds_nothing_more(
            letters in "[xa-]{0,12}",
            keep in 1_usize..4,
            used in prop::collection::vec(1_u64..=12, 0..4),
        ) {
            let uses = [used_by("live", &used)];
            let gone = going(&letters, keep, &uses);
            prop_assert!(gone.iter().all(|number| !used.contains(number)));
            let all = published(&letters);
            let left: Vec<_> = all
                .into_iter()
                .filter(|of| !gone.contains(&of.version.number()))
                .collect();
            let again = sort_out(&left, keep, &uses, &[]);
            prop_assert!(again.iter().all(|(_, disposition)| *disposition != Disposition::Delete));
        }
    }
}
