//! `rollout deployed`: what is to be deployed, against a real sandbox; and git, which says what is later.

use std::{fs, path::Path, process::Command};

use crate::common::release;
use assert_cmd::assert::Assert;
use package::Architecture::Arm64;
use release::{Dist, FUNCTION, Sandbox, said};
use serde_json::Value;
use tempfile::TempDir;

/// A repository with commits in a row.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().expect("a folder"));
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository.commit();
        repository
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.0.path(), arguments)
    }

    /// Makes a commit; gives its hash.
    fn commit(&self) -> String {
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let commit = ["commit", "--quiet", "--allow-empty", "--message", "change"];
        self.git(&[&who[..], &commit].concat());
        self.git(&["rev-parse", "HEAD"])
    }
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    let output = command.args(arguments).current_dir(folder).output();
    let output = output.expect("git starts");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A dist folder that was built from a commit.
fn built_from(dist: &mut Dist, commit: &str) {
    for artifact in dist.manifest.artifacts.values_mut() {
        commit.clone_into(&mut artifact.commit);
    }
    dist.write_manifest();
}

/// Runs `rollout deployed` in a repository.
fn deployed(sandbox: &Sandbox, dist: &Dist, folder: &Path, flags: &[&str]) -> Assert {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_rollout"));
    let command = command.current_dir(folder).arg("--dist").arg(dist.path());
    let command = command.args(["--endpoint-url", &sandbox.endpoint, "--json", "deployed"]);
    command.arg(FUNCTION).args(flags).assert()
}

/// What it says, in JSON.
fn answer(assert: &Assert) -> Value {
    serde_json::from_slice(&assert.get_output().stdout).expect("JSON")
}

fn state(sandbox: &Sandbox, dist: &Dist) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let assert = deployed(sandbox, dist, folder.path(), &["--any-order"]).success();
    answer(&assert)["state"]
        .as_str()
        .expect("a state")
        .to_owned()
}

fn publish(sandbox: &Sandbox, dist: &Dist) {
    sandbox.rollout(dist, &["publish", FUNCTION]).success();
}

#[test]
fn a_function_goes_from_new_to_served_and_a_change_in_it_is_due() {
    let (sandbox, mut dist) = (Sandbox::start(), Dist::real());
    assert_eq!(state(&sandbox, &dist), "new");
    sandbox.apply(&dist);
    assert_eq!(state(&sandbox, &dist), "new");
    publish(&sandbox, &dist);
    // `live` is made at the x86_64 build, and the policy says arm64.
    assert_eq!(state(&sandbox, &dist), "changed");
    sandbox.give(2, 0.5);
    assert_eq!(state(&sandbox, &dist), "under_way");
    sandbox.rollout(&dist, &["promote", FUNCTION]).success();
    assert_eq!(state(&sandbox, &dist), "serves");

    dist.manifest.memory_mib += 1;
    dist.write_manifest();
    assert_eq!(state(&sandbox, &dist), "changed");
    dist.manifest.memory_mib -= 1;
    dist.change(Arm64, "next");
    assert_eq!(state(&sandbox, &dist), "changed");
}

#[test]
fn who_has_rolled_back_is_asked_before_the_same_pair_starts_again_and_not_before_the_next() {
    let (sandbox, mut dist) = (Sandbox::start(), Dist::real());
    sandbox.apply(&dist);
    publish(&sandbox, &dist);
    sandbox.give(2, 0.5);
    sandbox.rollout(&dist, &["abort", FUNCTION]).success();
    assert_eq!(state(&sandbox, &dist), "rolled_back");
    let again = sandbox.rollout(&dist, &["run", FUNCTION, "--dry-run"]);
    let text = said(&again.code(1));
    assert!(
        text.contains("version 2 of hasher was rolled back"),
        "{text}"
    );
    dist.change(Arm64, "next");
    assert_eq!(state(&sandbox, &dist), "changed");
}

#[test]
fn a_pair_that_failed_its_replay_is_named_until_it_passes() {
    let (sandbox, dist) = (Sandbox::start(), Dist::real());
    sandbox.apply(&dist);
    publish(&sandbox, &dist);
    let expected = dist.function().join("events/three-bytes.expected.json");
    let right = fs::read(&expected).expect("is read");
    fs::write(&expected, r#"{"bytes": 4}"#).expect("is written");
    sandbox.rollout(&dist, &["replay", FUNCTION]).code(1);
    assert_eq!(state(&sandbox, &dist), "failed_replay");
    // Nothing of this was published again.
    publish(&sandbox, &dist);
    assert_eq!(state(&sandbox, &dist), "failed_replay");
    fs::write(&expected, right).expect("is written");
    sandbox.rollout(&dist, &["replay", FUNCTION]).success();
    assert_eq!(state(&sandbox, &dist), "changed");
}

#[test]
fn a_commit_that_does_not_descend_from_the_deployed_one_is_refused_with_both() {
    let (sandbox, mut dist) = (Sandbox::start(), Dist::real());
    let repository = Repository::new();
    let folder = repository.0.path();
    let older = repository.commit();
    let newer = repository.commit();
    sandbox.apply(&dist);
    built_from(&mut dist, &newer);
    publish(&sandbox, &dist);
    dist.change(Arm64, "other");

    built_from(&mut dist, &older);
    let refused = deployed(&sandbox, &dist, folder, &[]).code(1);
    let text = said(&refused);
    let both = format!("{older} does not descend from {newer}, which is deployed");
    assert!(
        text.contains(&both) && text.contains("--any-order"),
        "{text}"
    );
    let said = answer(&refused);
    assert_eq!(
        (&said["deploy"], &said["refused"]),
        (&false.into(), &true.into())
    );
    let forced = deployed(&sandbox, &dist, folder, &["--any-order"]).success();
    assert_eq!(answer(&forced)["deploy"], true);

    let newest = repository.commit();
    built_from(&mut dist, &format!("{newest}-dirty"));
    let later = deployed(&sandbox, &dist, folder, &[]).success();
    assert_eq!(answer(&later)["deploy"], true);
}

#[test]
fn an_older_commit_of_the_same_bytes_may_not_undo_what_was_applied_last() {
    let (sandbox, mut dist) = (Sandbox::start(), Dist::real());
    let repository = Repository::new();
    let folder = repository.0.path();
    let [older, newer, newest] = [(); 3].map(|()| repository.commit());
    built_from(&mut dist, &older);
    deployed(&sandbox, &dist, folder, &["--before-apply"]).success();
    sandbox.apply(&dist);
    publish(&sandbox, &dist);
    sandbox.give(2, 0.5);
    sandbox.rollout(&dist, &["promote", FUNCTION]).success();
    // The newer commit changes nothing of the function.
    built_from(&mut dist, &newer);
    sandbox.rollout(&dist, &["applied", FUNCTION]).success();

    built_from(&mut dist, &older);
    let serves = deployed(&sandbox, &dist, folder, &[]).success();
    assert_eq!(answer(&serves)["state"], "serves");
    let refused = deployed(&sandbox, &dist, folder, &["--before-apply"]).code(1);
    let text = said(&refused);
    let both = format!("{older} does not descend from {newer}, which was applied last");
    assert!(
        text.contains(&both) && text.contains("--any-order"),
        "{text}"
    );
    let forced = ["--before-apply", "--any-order"];
    deployed(&sandbox, &dist, folder, &forced).success();

    for later in [newer, newest] {
        built_from(&mut dist, &later);
        deployed(&sandbox, &dist, folder, &["--before-apply"]).success();
    }
}

#[test]
fn content_that_came_back_has_the_commit_that_it_came_back_with() {
    let (sandbox, mut dist) = (Sandbox::start(), Dist::real());
    let repository = Repository::new();
    let folder = repository.0.path();
    let [first, second, third] = [(); 3].map(|()| repository.commit());
    sandbox.apply(&dist);
    let zip = fs::read(dist.zip(Arm64)).expect("a zip");
    let artifacts = dist.manifest.artifacts.clone();
    built_from(&mut dist, &first);
    publish(&sandbox, &dist);
    dist.change(Arm64, "other");
    built_from(&mut dist, &second);
    publish(&sandbox, &dist);
    // The third commit takes the second one back.
    fs::write(dist.zip(Arm64), zip).expect("is written");
    dist.manifest.artifacts = artifacts;
    built_from(&mut dist, &third);
    publish(&sandbox, &dist);

    dist.change(Arm64, "other");
    built_from(&mut dist, &second);
    let refused = deployed(&sandbox, &dist, folder, &[]).code(1);
    assert_eq!(answer(&refused)["deployed_commit"], third);
}

#[test]
fn git_that_cannot_say_is_an_error_with_the_remedy() {
    let (sandbox, mut dist) = (Sandbox::start(), Dist::real());
    let repository = Repository::new();
    let [older, newer] = [(); 2].map(|()| repository.commit());
    sandbox.apply(&dist);
    built_from(&mut dist, &older);
    publish(&sandbox, &dist);
    dist.change(Arm64, "other");
    built_from(&mut dist, &newer);

    let shallow = tempfile::tempdir().expect("a folder");
    let url = format!("file://{}", repository.0.path().display());
    git(
        shallow.path(),
        &["clone", "--quiet", "--depth", "1", &url, "."],
    );
    let text = said(&deployed(&sandbox, &dist, shallow.path(), &[]).code(2));
    assert!(text.contains("git fetch --unshallow"), "{text}");

    let mut others = assert_cmd::Command::new(env!("CARGO_BIN_EXE_rollout"));
    let others = others.current_dir(repository.0.path());
    // As git's own tests make it believe so.
    let others = others.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    let others = others.env("GIT_CONFIG_GLOBAL", "/dev/null");
    let others = others.args(["--endpoint-url", &sandbox.endpoint, "--dist"]);
    let others = others.arg(dist.path()).args(["deployed", FUNCTION]);
    let text = said(&others.assert().code(2));
    assert!(
        text.contains("git config --global --add safe.directory"),
        "{text}"
    );

    let outside = tempfile::tempdir().expect("a folder");
    let text = said(&deployed(&sandbox, &dist, outside.path(), &[]).code(2));
    assert!(text.contains("not a git repository"), "{text}");

    // A whole history without the deployed commit: perhaps it was rewritten.
    let other = Repository::new();
    let elsewhere = other.commit();
    built_from(&mut dist, &elsewhere);
    let text = said(&deployed(&sandbox, &dist, other.0.path(), &[]).code(1));
    assert!(
        text.contains(&older) && text.contains("is not in this repository"),
        "{text}"
    );
}
