//! Which builds of a commit are published already (no I/O).
//!
//! A version *is* a build when code, architecture and all settings are the same. The pair is, in this order:
//!
//! 1. what the aliases `x86_64` and `arm64` point at, if that is both builds: nothing is to be done;
//! 2. the newest two consecutive versions that are the two builds: an earlier commit came back, or
//!    a run was killed before it moved the aliases;
//! 3. the newest version of all and one to come, if it is the `x86_64` build: a run was killed
//!    between the two;
//! 4. two versions to come: when either build or any setting has changed, both are published.

use package::{Architecture, FunctionManifest};

use crate::aws::{
    routing::Version,
    versions::{PublishedVersion, Versions},
};

/// The version of each build, as far as it is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The version of the `x86_64` build, unless it is still to be published.
    pub x86_64: Option<Version>,
    /// The version of the `arm64` build, likewise.
    pub arm64: Option<Version>,
}

impl Pair {
    /// The version of one build, unless it is still to be published.
    #[must_use]
    pub fn version(&self, architecture: Architecture) -> Option<Version> {
        match architecture {
            Architecture::Arm64 => self.arm64,
            Architecture::X86_64 => self.x86_64,
        }
    }

    /// Finds the pair of a commit. `aliases` is what the aliases `x86_64` and `arm64` point at, if they exist.
    #[must_use]
    pub fn find(versions: &Versions, manifest: &FunctionManifest, aliases: &Self) -> Self {
        let is = |published: &PublishedVersion, architecture| {
            let artifact = manifest.artifacts.get(&architecture);
            artifact
                .is_some_and(|artifact| published.is(architecture, artifact, &versions.settings))
        };
        if let Some(pair) = Self::complete(&versions.published, aliases, is) {
            return pair;
        }
        let newest = versions.published.last();
        Self {
            x86_64: newest
                .filter(|published| is(published, Architecture::X86_64))
                .map(|published| published.version),
            arm64: None,
        }
    }

    /// The pair of which both builds are published: cases 1 and 2. `is` says which versions are which build.
    #[must_use]
    pub fn complete(
        published: &[PublishedVersion],
        aliases: &Self,
        is: impl Fn(&PublishedVersion, Architecture) -> bool,
    ) -> Option<Self> {
        let pointed_at = |architecture| {
            published.iter().any(|published| {
                Some(published.version) == aliases.version(architecture)
                    && is(published, architecture)
            })
        };
        if Architecture::ALL.into_iter().all(pointed_at) {
            return Some(*aliases);
        }
        newest_consecutive(published, is)
    }

    /// Whether a version is one of its builds.
    #[must_use]
    pub fn has(&self, version: Version) -> bool {
        [self.x86_64, self.arm64].contains(&Some(version))
    }
}

fn newest_consecutive(
    published: &[PublishedVersion],
    is: impl Fn(&PublishedVersion, Architecture) -> bool,
) -> Option<Pair> {
    published.windows(2).rev().find_map(|two| {
        let consecutive = two[0].version.number() + 1 == two[1].version.number();
        let both = is(&two[0], Architecture::X86_64) && is(&two[1], Architecture::Arm64);
        (consecutive && both).then_some(Pair {
            x86_64: Some(two[0].version),
            arm64: Some(two[1].version),
        })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use package::Artifact;

    use super::*;
    use crate::aws::versions::Settings;

    const NO_ALIASES: Pair = Pair {
        x86_64: None,
        arm64: None,
    };

    fn version(number: u64) -> Version {
        number.to_string().parse().expect("a version")
    }

    fn pair(x86_64: u64, arm64: u64) -> Pair {
        Pair {
            x86_64: Some(version(x86_64)),
            arm64: Some(version(arm64)),
        }
    }

    /// Versions from 1 on, with the code that each has: a capital letter is an x86_64 build.
    fn versions(codes: &str) -> Versions {
        let published = codes
            .chars()
            .zip(1..)
            .map(|(code, number)| PublishedVersion {
                version: version(number),
                architecture: if code.is_uppercase() {
                    Architecture::X86_64
                } else {
                    Architecture::Arm64
                },
                code_sha256: code.to_string(),
                code_bytes: 0,
                description: String::new(),
                settings: Settings::default(),
            });
        Versions {
            settings: Settings::default(),
            published: published.collect(),
        }
    }

    fn build(x86_64: &str, arm64: &str) -> FunctionManifest {
        let artifact = |code: &str| Artifact {
            zip: String::new(),
            code_sha256: code.to_owned(),
            zip_bytes: 0,
            bootstrap_bytes: 0,
            commit: "abc".to_owned(),
        };
        let mut manifest: FunctionManifest =
            serde_json::from_str(include_str!("../../tests/data/function.json"))
                .expect("a manifest");
        manifest.artifacts = BTreeMap::from([
            (Architecture::X86_64, artifact(x86_64)),
            (Architecture::Arm64, artifact(arm64)),
        ]);
        manifest
    }

    #[test]
    fn a_first_build_needs_two_versions() {
        assert_eq!(
            Pair::find(&versions(""), &build("A", "a"), &NO_ALIASES),
            NO_ALIASES
        );
    }

    #[test]
    fn a_complete_pair_is_left_as_it_is() {
        assert_eq!(
            Pair::find(&versions("Aa"), &build("A", "a"), &pair(1, 2)),
            pair(1, 2)
        );
    }

    #[test]
    fn a_run_killed_between_the_builds_publishes_the_second_only() {
        let expected = Pair {
            x86_64: Some(version(3)),
            arm64: None,
        };
        assert_eq!(
            Pair::find(&versions("AaB"), &build("B", "b"), &pair(1, 2)),
            expected
        );
    }

    #[test]
    fn a_run_killed_before_the_aliases_publishes_nothing_again() {
        assert_eq!(
            Pair::find(&versions("AaBb"), &build("B", "b"), &pair(1, 2)),
            pair(3, 4)
        );
    }

    #[test]
    fn a_change_in_one_build_publishes_both() {
        assert_eq!(
            Pair::find(&versions("Aa"), &build("A", "b"), &pair(1, 2)),
            NO_ALIASES
        );
        assert_eq!(
            Pair::find(&versions("Aa"), &build("B", "a"), &pair(1, 2)),
            NO_ALIASES
        );
    }

    #[test]
    fn an_earlier_commit_that_comes_back_keeps_its_versions() {
        assert_eq!(
            Pair::find(&versions("AaBb"), &build("A", "a"), &pair(3, 4)),
            pair(1, 2)
        );
    }

    #[test]
    fn a_pair_that_lambda_did_not_number_consecutively_is_complete_all_the_same() {
        assert_eq!(
            Pair::find(&versions("Aab"), &build("A", "b"), &pair(1, 3)),
            pair(1, 3)
        );
    }

    #[test]
    fn changed_settings_publish_both_builds_again() {
        let mut versions = versions("Aa");
        versions.settings.memory_mib = 1769;
        assert_eq!(
            Pair::find(&versions, &build("A", "a"), &pair(1, 2)),
            NO_ALIASES
        );
    }
}
