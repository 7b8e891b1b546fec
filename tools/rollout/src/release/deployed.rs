//! Whether what was built is what `live` serves or is moving to (no I/O).
//!
//! Builds are reproducible, so their digests say whether anything has changed that a build is made from. A setting that
//! a version freezes makes it another version as well. What else Terraform would change, its plan says.

use package::{Architecture, FunctionManifest};
use serde::Serialize;

use super::pair::Pair;
use crate::{
    aws::{
        LIVE,
        alias::Alias,
        routing::Version,
        versions::{self, PublishedVersion, Versions, other_build},
    },
    delivery::record::{self, Record},
};

/// What is deployed of a function, next to what was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing: there is no `live`.
    New,
    /// `live` serves something else and is not moving to what was built.
    Changed,
    /// `live` serves what was built.
    Serves,
    /// A rollout to it is under way, or has ended with a weight that somebody is to decide on.
    UnderWay,
    /// It was published, and rolled back.
    RolledBack,
    /// It was published, and its builds did not pass the replay.
    FailedReplay,
}

impl State {
    /// Whether it is to be deployed without anybody asking for it.
    #[must_use]
    pub fn is_due(self) -> bool {
        matches!(self, Self::New | Self::Changed)
    }
}

/// What AWS says of a function.
#[derive(Debug)]
pub struct Found<'a> {
    /// Its versions.
    pub versions: &'a Versions,
    /// Its alias `live`.
    pub live: Option<&'a Alias>,
    /// What the aliases `x86_64` and `arm64` point at.
    pub newest: Pair,
    /// Whether the newest pair has failed its replay.
    pub failed_replay: bool,
}

/// What is deployed of a function, and why something is to be deployed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// What is deployed.
    pub state: State,
    /// A sentence for people, to follow the function's name.
    pub reason: String,
    /// The version that `live` serves, or is moving to.
    pub target: Option<Version>,
}

/// Which settings a version must have to be what was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Those that `function.json` says.
    Manifest,
    /// Those of `$LATEST`: after an apply it has everything that Terraform knows.
    Latest,
}

/// Compares what was built with what is deployed.
#[must_use]
pub fn compare(manifest: &FunctionManifest, found: &Found<'_>, wanted: Wanted) -> Deployed {
    let Some(live) = found.live else {
        return Deployed {
            state: State::New,
            reason: format!("is not deployed yet: it has no {LIVE}"),
            target: None,
        };
    };
    let candidate = live.routing.candidate();
    let target = candidate.map_or(live.routing.primary, |(version, _)| version);
    let (state, reason) = match published(manifest, found, wanted) {
        Some(pair) => of_published(manifest, found, live, pair),
        None => (
            State::Changed,
            format!(
                "{} from version {target}, which {LIVE} {}",
                differences(manifest, &found.versions.published, target),
                serves_or_is_moving_to(candidate.is_some()),
            ),
        ),
    };
    Deployed {
        state,
        reason,
        target: Some(target),
    }
}

fn serves_or_is_moving_to(under_way: bool) -> &'static str {
    if under_way { "is moving to" } else { "serves" }
}

/// The pair of what was built, if both versions are published.
fn published(manifest: &FunctionManifest, found: &Found<'_>, wanted: Wanted) -> Option<Pair> {
    let is = |version: &PublishedVersion, architecture| {
        let artifact = manifest.artifacts.get(&architecture);
        artifact.is_some_and(|artifact| match wanted {
            Wanted::Latest => version.is(architecture, artifact, &found.versions.settings),
            Wanted::Manifest => {
                version.has_code(architecture, artifact)
                    && version.settings.other_than(manifest).is_empty()
            }
        })
    };
    Pair::complete(&found.versions.published, &found.newest, is)
}

fn of_published(
    manifest: &FunctionManifest,
    found: &Found<'_>,
    live: &Alias,
    pair: Pair,
) -> (State, String) {
    let architecture = manifest.rollout.architecture;
    let goal = pair.version(architecture);
    let routing = &live.routing;
    let [x86_64, arm64] = [pair.x86_64, pair.arm64].map(|it| it.map_or(0, Version::number));
    let versions = format!("versions {x86_64} (x86_64) and {arm64} (arm64)");
    let under_way = routing.candidate();
    if let Some((candidate, percent)) = under_way {
        return if pair.has(candidate) {
            let sentence = format!("has a rollout under way: version {candidate} has {percent}");
            (State::UnderWay, sentence)
        } else {
            let sentence = format!(
                "is published as {versions}, and {LIVE} is moving to version {candidate} ({percent})"
            );
            (State::Changed, sentence)
        };
    }
    let serves = routing.primary;
    if Some(serves) == goal {
        return (
            State::Serves,
            format!("is deployed: {LIVE} serves version {serves}"),
        );
    }
    let published = format!("is published as {versions}");
    if let Some(version) = taken_off(live, &pair) {
        let sentence = format!(
            "{published}, and version {version} was rolled back: {LIVE} serves version {serves}. \
             It is not started again by itself (rollout retry {})",
            manifest.name
        );
        return (State::RolledBack, sentence);
    }
    if found.failed_replay && found.newest == pair {
        let sentence = format!(
            "{published}, which failed the replay: {LIVE} serves version {serves}. \
             It is not started again by itself (rollout replay {0}, then rollout run {0})",
            manifest.name
        );
        return (State::FailedReplay, sentence);
    }
    let sentence = format!(
        "{published}: {LIVE} serves version {serves}, and is to serve the {architecture} build"
    );
    (State::Changed, sentence)
}

/// The version of a pair that `live` was moved away from: rolled back, or by a rollout the other way.
fn taken_off(live: &Alias, pair: &Pair) -> Option<Version> {
    let rolled_back = record::rolled_back(&live.description).map(|it| it.version);
    let away = || {
        let record: Record = live.description.parse().ok()?;
        (record.candidate == live.routing.primary).then_some(record.baseline)
    };
    rolled_back.or_else(away).filter(|it| pair.has(*it))
}

/// What differs between what was built and the pair of a version, such as `its arm64 build and memory differ`.
fn differences(
    manifest: &FunctionManifest,
    published: &[PublishedVersion],
    target: Version,
) -> String {
    let versions = [Some(target), other_build(published, target)];
    let versions = versions.into_iter().flatten();
    let pair: Vec<_> = versions
        .filter_map(|version| versions::find(published, version))
        .collect();
    let mut differences: Vec<String> = Vec::new();
    for architecture in Architecture::ALL {
        let code = pair.iter().find(|it| it.architecture == architecture);
        let same = code.zip(manifest.artifacts.get(&architecture));
        if !same.is_some_and(|(version, artifact)| version.has_code(architecture, artifact)) {
            differences.push(format!("{architecture} build"));
        }
    }
    if let Some(version) = versions::find(published, target) {
        let settings = version.settings.other_than(manifest);
        differences.extend(settings.into_iter().map(str::to_owned));
    }
    match differences.split_last() {
        // Neither code nor a setting that function.json has.
        None => "a setting differs".to_owned(),
        Some((only, [])) => format!("its {only} differs"),
        Some((last, others)) => format!("its {} and {last} differ", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use package::Artifact;

    use super::*;
    use crate::aws::routing::Percent;
    use crate::aws::{routing::Routing, versions::Settings};

    fn version(number: u64) -> Version {
        number.to_string().parse().expect("a version")
    }

    /// A pair from one letter, published with what the manifest says.
    fn built(code: &str) -> FunctionManifest {
        let mut manifest: FunctionManifest =
            serde_json::from_str(include_str!("../../tests/data/function.json"))
                .expect("a manifest");
        let artifact = |architecture: Architecture| Artifact {
            zip: String::new(),
            code_sha256: format!("{code} {architecture}"),
            zip_bytes: 0,
            bootstrap_bytes: 0,
            commit: "abc".to_owned(),
        };
        manifest.artifacts = Architecture::ALL.map(|it| (it, artifact(it))).into();
        manifest.rollout.architecture = Architecture::Arm64;
        manifest
    }

    /// Versions 1 and 2 are of the first letter, 3 and 4 of the second.
    fn versions(codes: &str) -> Versions {
        let settings = Settings::of(&built("A"));
        let mut published = Vec::new();
        for code in codes.chars() {
            for architecture in Architecture::ALL {
                published.push(PublishedVersion {
                    version: version(published.len() as u64 + 1),
                    architecture,
                    code_sha256: format!("{code} {architecture}"),
                    code_bytes: 0,
                    description: format!("{code} {architecture}"),
                    settings: settings.clone(),
                });
            }
        }
        Versions {
            settings,
            published,
        }
    }

    fn live(routing: Routing, description: &str) -> Alias {
        Alias {
            function: "hasher".to_owned(),
            name: LIVE.to_owned(),
            routing,
            description: description.to_owned(),
            revision_id: String::new(),
        }
    }

    fn newest(versions: &Versions) -> Pair {
        let last = versions.published.len() as u64;
        Pair {
            x86_64: Some(version(last - 1)),
            arm64: Some(version(last)),
        }
    }

    /// What is found where versions of these letters exist and `live` is as it is.
    fn state(codes: &str, build: &FunctionManifest, live: &Alias) -> (State, String) {
        state_after_replay(codes, build, live, false)
    }

    fn state_after_replay(
        codes: &str,
        build: &FunctionManifest,
        live: &Alias,
        failed_replay: bool,
    ) -> (State, String) {
        let versions = versions(codes);
        let found = Found {
            newest: newest(&versions),
            versions: &versions,
            live: Some(live),
            failed_replay,
        };
        let deployed = compare(build, &found, Wanted::Manifest);
        (deployed.state, deployed.reason)
    }

    fn alone(serves: u64, description: &str) -> Alias {
        live(Routing::alone(version(serves)), description)
    }

    #[test]
    fn what_live_serves_on_the_policys_architecture_is_deployed() {
        assert_eq!(state("A", &built("A"), &alone(2, "")).0, State::Serves);
        // The first apply makes `live` at the x86_64 build.
        assert_eq!(state("A", &built("A"), &alone(1, "")).0, State::Changed);
    }

    #[test]
    fn a_function_without_live_is_new() {
        let versions = versions("");
        let found = Found {
            versions: &versions,
            live: None,
            newest: Pair {
                x86_64: None,
                arm64: None,
            },
            failed_replay: false,
        };
        let new = compare(&built("A"), &found, Wanted::Manifest);
        assert_eq!((new.state, new.target), (State::New, None));
    }

    #[test]
    fn other_code_and_other_settings_are_changes_and_named() {
        let (changed, reason) = state("A", &built("B"), &alone(2, ""));
        assert_eq!(changed, State::Changed);
        let expected = "its x86_64 build and arm64 build differ from version 2, which live serves";
        assert_eq!(reason, expected);
        let mut other = built("A");
        other
            .artifacts
            .get_mut(&Architecture::Arm64)
            .expect("a build")
            .code_sha256 = "B".into();
        assert!(
            state("A", &other, &alone(2, ""))
                .1
                .starts_with("its arm64 build differs")
        );
        let mut larger = built("A");
        larger.memory_mib += 1;
        larger.environment.insert("NEW".into(), "1".into());
        let reason = state("A", &larger, &alone(2, "")).1;
        assert!(
            reason.starts_with("its memory and environment differ"),
            "{reason}"
        );
    }

    #[test]
    fn a_rollout_of_the_pair_is_under_way_and_one_of_another_pair_is_not_its_own() {
        let weighted = |candidate| {
            live(
                Routing::weighted(version(2), version(candidate), Percent::from_weight(0.25)),
                "",
            )
        };
        assert_eq!(state("AB", &built("B"), &weighted(4)).0, State::UnderWay);
        assert_eq!(state("AB", &built("B"), &weighted(3)).0, State::UnderWay);
        assert_eq!(state("ABC", &built("C"), &weighted(4)).0, State::Changed);
        let (changed, reason) = state("AB", &built("C"), &weighted(4));
        assert_eq!(changed, State::Changed);
        assert!(
            reason.ends_with("version 4, which live is moving to"),
            "{reason}"
        );
    }

    #[test]
    fn a_pair_that_was_rolled_back_is_not_due_and_the_next_content_is() {
        for description in [
            "rollout 2->4 since 2026-11-23T14:30:00Z 5%@0s 0%@60s",
            "rollout 2->4 since 2026-11-23T14:30:00Z 5%@0s 0%@60s alarm",
            "version 2 set by rollback of version 4",
            "version 2 set by rollback of version 3",
        ] {
            let (rolled_back, reason) = state("AB", &built("B"), &alone(2, description));
            assert_eq!(rolled_back, State::RolledBack, "{description}");
            assert!(
                !rolled_back.is_due() && reason.contains("rollout retry"),
                "{reason}"
            );
            let (next, _) = state("AB", &built("C"), &alone(2, description));
            assert_eq!(next, State::Changed, "{description}");
            // What serves now is no news either.
            let (serves, _) = state("AB", &built("A"), &alone(2, description));
            assert_eq!(serves, State::Serves, "{description}");
        }
    }

    #[test]
    fn what_a_person_has_moved_to_the_other_build_stays_there() {
        let back = "rollout 4->3 since 2026-11-23T14:30:00Z 5%@0s 100%@60s";
        assert_eq!(
            state("AB", &built("B"), &alone(3, back)).0,
            State::RolledBack
        );
        // The first move of a release has ended there, and the second is still to come.
        let first = "rollout 1->3 since 2026-11-23T14:30:00Z 5%@0s 100%@60s";
        assert_eq!(state("AB", &built("B"), &alone(3, first)).0, State::Changed);
    }

    #[test]
    fn a_pair_that_failed_its_replay_is_not_due_and_one_that_was_never_replayed_is() {
        let live = alone(2, "");
        let (failed, reason) = state_after_replay("AB", &built("B"), &live, true);
        assert_eq!(failed, State::FailedReplay);
        assert!(reason.contains("versions 3 (x86_64) and 4 (arm64), which failed the replay"));
        assert_eq!(state("AB", &built("B"), &live).0, State::Changed);
        // The mark is of the newest pair alone.
        assert_eq!(
            state_after_replay("AB", &built("C"), &live, true).0,
            State::Changed
        );
    }

    #[test]
    fn content_that_comes_back_is_a_change_although_its_versions_exist() {
        let (changed, reason) = state("AB", &built("A"), &alone(4, ""));
        assert_eq!(changed, State::Changed);
        assert!(
            reason.contains("versions 1 (x86_64) and 2 (arm64)"),
            "{reason}"
        );
    }

    #[test]
    fn after_an_apply_the_settings_of_latest_count_and_those_of_the_manifest_do_not() {
        let mut versions = versions("A");
        let mut build = built("A");
        build.memory_mib += 1;
        let live = alone(2, "");
        let at = |versions: &Versions| {
            let found = Found {
                newest: newest(versions),
                versions,
                live: Some(&live),
                failed_replay: false,
            };
            compare(&build, &found, Wanted::Latest).state
        };
        assert_eq!(at(&versions), State::Serves);
        versions.settings.timeout_s += 1;
        assert_eq!(at(&versions), State::Changed);
    }
}
