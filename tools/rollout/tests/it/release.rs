//! A release against a real sandbox: publish, replay, promote, abort, rollback, status, report.

use crate::common::release;
use package::Architecture::{Arm64, X86_64};
use release::{Dist, FUNCTION, Sandbox, said};
use serde_json::{Value, json};

/// A sandbox that has the function and nothing published.
fn applied() -> (Sandbox, Dist) {
    let (sandbox, dist) = (Sandbox::start(), Dist::real());
    sandbox.apply(&dist);
    (sandbox, dist)
}

/// Publishes; says each build's version and whether it was published now.
fn publish(sandbox: &Sandbox, dist: &Dist) -> [(u64, bool); 2] {
    let lines = sandbox.rollout_json(dist, &["publish", FUNCTION]);
    let builds = &lines.last().expect("a report")["builds"];
    [0, 1].map(|build| {
        let build = &builds[build];
        (
            build["version"].as_u64().expect("a version"),
            build["published"].as_bool().expect("published or not"),
        )
    })
}

fn status(sandbox: &Sandbox, dist: &Dist) -> Value {
    let mut lines = sandbox.rollout_json(dist, &["status", FUNCTION]);
    lines.pop().expect("a status")
}

/// The share of `live` of each version in the status.
fn shares(sandbox: &Sandbox, dist: &Dist) -> Vec<(u64, f64)> {
    let status = status(sandbox, dist);
    let versions = status["versions"].as_array().expect("versions");
    let share = |version: &Value| {
        Some((
            version["version"].as_u64()?,
            version["live_percent"].as_f64()?,
        ))
    };
    versions.iter().filter_map(share).collect()
}

#[test]
fn a_first_publish_makes_a_pair_and_a_second_one_nothing() {
    let (sandbox, dist) = applied();
    assert_eq!(publish(&sandbox, &dist), [(1, true), (2, true)]);
    assert_eq!(publish(&sandbox, &dist), [(1, false), (2, false)]);
    let again = sandbox.rollout(&dist, &["publish", FUNCTION]).success();
    assert!(said(&again).contains("nothing to publish: version 1 (x86_64) and version 2 (arm64)"));
    let versions = &status(&sandbox, &dist)["versions"];
    assert_eq!(versions[0]["aliases"], json!(["live", "x86_64"]));
    assert_eq!(versions[1]["aliases"], json!(["arm64"]));
}

#[test]
fn a_change_in_one_build_publishes_the_next_pair_and_leaves_live_alone() {
    let (sandbox, mut dist) = applied();
    publish(&sandbox, &dist);
    dist.change(Arm64, "next");
    assert_eq!(publish(&sandbox, &dist), [(3, true), (4, true)]);
    assert_eq!(shares(&sandbox, &dist), [(1, 100.0), (3, 0.0), (4, 0.0)]);
}

#[test]
fn a_publish_that_was_killed_between_the_builds_goes_on_with_the_second() {
    let (sandbox, mut dist) = applied();
    publish(&sandbox, &dist);
    dist.change(X86_64, "next");
    dist.change(Arm64, "next");
    publish_one_build_by_hand(&sandbox, &dist);
    assert_eq!(publish(&sandbox, &dist), [(3, false), (4, true)]);
    assert_eq!(publish(&sandbox, &dist), [(3, false), (4, false)]);
}

#[tokio::main(flavor = "current_thread")]
async fn publish_one_build_by_hand(sandbox: &Sandbox, dist: &Dist) {
    let zip = std::fs::read(dist.zip(X86_64)).expect("a zip");
    sandbox
        .lambda()
        .update_function_code()
        .function_name(FUNCTION)
        .architectures(aws_sdk_lambda::types::Architecture::X8664)
        .zip_file(aws_sdk_lambda::primitives::Blob::new(zip))
        .publish(true)
        .send()
        .await
        .expect("is published");
}

#[test]
fn changed_settings_publish_the_next_pair() {
    let (sandbox, mut dist) = applied();
    publish(&sandbox, &dist);
    dist.manifest.memory_mib = 1769;
    dist.write_manifest();
    sandbox.apply(&dist);
    assert_eq!(publish(&sandbox, &dist), [(3, true), (4, true)]);
}

#[test]
fn an_unknown_function_is_named_with_what_creates_it() {
    let (sandbox, dist) = (Sandbox::start(), Dist::real());
    for command in ["publish", "status"] {
        let assert = sandbox.rollout(&dist, &[command, FUNCTION]).code(2);
        assert!(
            said(&assert).contains("scripts/deploy.sh hasher"),
            "{}",
            said(&assert)
        );
    }
    for command in ["abort", "promote", "report"] {
        let assert = sandbox.rollout(&dist, &[command, FUNCTION]).code(2);
        assert!(
            said(&assert).contains("rollout publish hasher"),
            "{}",
            said(&assert)
        );
    }
}

#[test]
fn artifacts_that_are_not_fit_are_not_uploaded() {
    let (sandbox, mut dist) = applied();
    dist.pack_bootstrap(Arm64, b"#!/bin/sh\n".to_vec());
    sandbox.rollout(&dist, &["publish", FUNCTION]).code(2);
    assert_eq!(status(&sandbox, &dist)["versions"], json!([]));
}

#[test]
fn sample_events_get_the_expected_answer_of_both_builds() {
    let (sandbox, dist) = applied();
    publish(&sandbox, &dist);
    let assert = sandbox.rollout(&dist, &["replay", FUNCTION]).success();
    assert!(
        said(&assert).contains("answer alike to all 3 sample events, and as expected"),
        "{}",
        said(&assert)
    );
}

#[test]
fn answers_that_are_alike_but_wrong_are_shown_with_what_was_expected_and_stop_the_release() {
    let (sandbox, dist) = applied();
    publish(&sandbox, &dist);
    let expected = dist.function().join("events/three-bytes.expected.json");
    std::fs::write(&expected, r#"{"bytes": 3, "leaves": 2}"#).expect("is written");
    let assert = sandbox.rollout(&dist, &["replay", FUNCTION]).code(1);
    let said = said(&assert);
    for part in [
        "one-mib.json: as expected\n",
        "three-bytes.json: wrong or different\n  at /leaves\n    expected  2\n    x86_64    1\n    arm64     1\n",
        "1 of 3 sample events: a wrong answer",
        "no traffic may move",
    ] {
        assert!(said.contains(part), "{said}");
    }

    // Without it, two builds that are alike are all that can be said.
    std::fs::remove_file(expected).expect("is removed");
    let assert = sandbox.rollout(&dist, &["replay", FUNCTION]).success();
    let said = release::said(&assert);
    assert!(
        said.contains("three-bytes.json: same answer of both builds, no expected answer"),
        "{said}"
    );
    assert!(
        said.contains("2 of these have an expected answer"),
        "{said}"
    );
}

#[test]
fn a_differing_answer_is_shown_at_its_place_and_stops_the_release() {
    let (sandbox, mut dist) = applied();
    publish(&sandbox, &dist);
    dist.manifest
        .replay
        .ignore
        .retain(|pointer| pointer != "/architecture");
    dist.write_manifest();
    let lines = sandbox.rollout_json(&dist, &["replay", FUNCTION]);
    let expected = json!([{"pointer": "/architecture", "x86_64": "x86_64", "arm64": "arm64"}]);
    assert_eq!(lines.len(), 3);
    assert!(
        lines.iter().all(|line| line["differences"] == expected),
        "{lines:?}"
    );
    sandbox.rollout(&dist, &["replay", FUNCTION]).code(1);
}

#[test]
fn an_event_that_fails_alike_is_shown_and_events_that_all_fail_prove_nothing() {
    let (sandbox, dist) = applied();
    publish(&sandbox, &dist);
    let bad = dist.function().join("events").join("bad.json");
    std::fs::write(&bad, r#"{"size_mib": -1, "seed": 7, "leaf_kib": 64}"#).expect("is written");
    let assert = sandbox.rollout(&dist, &["replay", FUNCTION]).success();
    assert!(
        said(&assert).contains("bad.json: fails alike on both builds"),
        "{}",
        said(&assert)
    );

    let only_bad = tempfile::tempdir().expect("a folder");
    std::fs::copy(&bad, only_bad.path().join("bad.json")).expect("is copied");
    let folder = only_bad.path().to_str().expect("a path");
    let assert = sandbox
        .rollout(&dist, &["replay", FUNCTION, "--events", folder])
        .code(1);
    assert!(
        said(&assert).contains("proves nothing"),
        "{}",
        said(&assert)
    );
}

#[test]
fn a_folder_without_events_is_no_replay() {
    let (sandbox, dist) = applied();
    let empty = tempfile::tempdir().expect("a folder");
    let folder = empty.path().to_str().expect("a path");
    sandbox
        .rollout(&dist, &["replay", FUNCTION, "--events", folder])
        .code(2);
}

#[test]
fn a_rollout_is_aborted_and_a_second_abort_has_nothing_to_do() {
    let (sandbox, dist) = applied();
    publish(&sandbox, &dist);
    sandbox.give(2, 0.025);
    assert_eq!(shares(&sandbox, &dist), [(1, 97.5), (2, 2.5)]);

    let first = sandbox.rollout(&dist, &["abort", FUNCTION]).success();
    assert!(
        said(&first).contains("aborted at 2.5% of version 2"),
        "{}",
        said(&first)
    );
    assert_eq!(shares(&sandbox, &dist), [(1, 100.0), (2, 0.0)]);
    let second = sandbox.rollout(&dist, &["abort", FUNCTION]).success();
    assert!(
        said(&second).contains("nothing to abort"),
        "{}",
        said(&second)
    );
}

#[test]
fn a_candidate_is_promoted_by_hand_and_live_goes_back_to_a_version_or_an_architecture() {
    let (sandbox, dist) = applied();
    publish(&sandbox, &dist);
    let none = sandbox.rollout(&dist, &["promote", FUNCTION]).code(2);
    assert!(
        said(&none).contains("no rollout of hasher is under way"),
        "{}",
        said(&none)
    );
    sandbox.give(2, 0.25);
    let by_hand = sandbox.rollout(&dist, &["promote", FUNCTION]).code(2);
    assert!(said(&by_hand).contains("which no rollout has set"));
    let full = ["promote", FUNCTION, "--full"];
    let promoted = sandbox.rollout(&dist, &full).success();
    assert!(
        said(&promoted).contains("promoted at 25%"),
        "{}",
        said(&promoted)
    );
    assert_eq!(shares(&sandbox, &dist), [(1, 0.0), (2, 100.0)]);
    for (to, expected) in [
        ("x86_64", [(1, 100.0), (2, 0.0)]),
        ("arm64", [(1, 0.0), (2, 100.0)]),
        ("1", [(1, 100.0), (2, 0.0)]),
    ] {
        sandbox
            .rollout(&dist, &["rollback", FUNCTION, "--to", to])
            .success();
        assert_eq!(shares(&sandbox, &dist), expected);
    }
    // A version that is not there leaves live as it is.
    let absent = ["rollback", FUNCTION, "--to", "99"];
    sandbox.rollout(&dist, &absent).code(2);
    assert_eq!(shares(&sandbox, &dist), [(1, 100.0), (2, 0.0)]);
}

#[test]
fn what_is_no_version_is_refused_before_anything_is_sent() {
    let dist = Dist::real();
    for arguments in [
        &["rollback", FUNCTION, "--to", "$LATEST"][..],
        &["rollback", FUNCTION, "--to", "0"],
        &["rollback", FUNCTION],
    ] {
        release::rollout(&dist, arguments).code(2);
    }
}

#[test]
fn a_report_counts_both_versions_and_leaves_out_the_times_of_an_emulated_one() {
    let (sandbox, dist) = applied();
    publish(&sandbox, &dist);
    let silent = sandbox.rollout(&dist, &["report", FUNCTION]).success();
    assert!(
        said(&silent).contains("nothing to compare yet"),
        "{}",
        said(&silent)
    );

    sandbox.give(2, 0.5);
    sandbox.invoke_live(&dist, 40);
    let mut lines = sandbox.rollout_json(&dist, &["report", FUNCTION, "--period", "1s"]);
    let comparison = lines.pop().expect("a comparison");
    let invocations = |version: usize| comparison["versions"][version]["invocations"].as_u64();
    assert_eq!(
        invocations(0).zip(invocations(1)).map(|(a, b)| a + b),
        Some(40),
        "{comparison}"
    );
    for version in comparison["versions"].as_array().expect("versions") {
        let emulated = version["emulated"].as_bool().expect("known");
        assert_eq!(version["duration"].is_null(), emulated, "{version}");
        assert_eq!(
            version["million_invocations_usd"].is_null(),
            emulated,
            "{version}"
        );
        assert_eq!(version["errors"], 0, "{version}");
    }
    let markdown = sandbox
        .rollout(&dist, &["report", FUNCTION, "--markdown"])
        .success();
    assert!(
        said(&markdown).contains(" arm64 (version 2) |"),
        "{}",
        said(&markdown)
    );
}

#[test]
fn an_endpoint_that_does_not_answer_is_an_error_with_a_reason() {
    let assert = release::rollout(
        &Dist::real(),
        &["--endpoint-url", "http://127.0.0.1:9", "status", FUNCTION],
    )
    .code(2);
    assert!(
        said(&assert).contains("GetFunction of hasher failed"),
        "{}",
        said(&assert)
    );
}

#[test]
fn a_publish_that_leaves_live_to_terraform_makes_the_pair_alone() {
    let (sandbox, dist) = applied();
    let publish = ["publish", FUNCTION, "--leave-live"];
    sandbox.rollout(&dist, &publish).success();
    let versions = &status(&sandbox, &dist)["versions"];
    assert_eq!(versions[0]["aliases"], json!(["x86_64"]));
    assert_eq!(versions[1]["aliases"], json!(["arm64"]));
}

#[tokio::test]
async fn whoever_has_no_build_rolls_out_by_the_policy_that_was_published() {
    let (sandbox, mut dist) = applied();
    let nowhere = tempfile::tempdir().expect("a folder");
    let preview = |arguments: &[&str]| {
        let run = [&["run", FUNCTION, "--dry-run"], arguments].concat();
        sandbox.rollout_in(nowhere.path(), &run)
    };
    assert!(said(&preview(&[]).code(2)).contains("does not exist: build the function first"));
    for steps in [vec![7.0, 100.0], vec![2.0, 3.0, 100.0]] {
        dist.manifest.rollout.steps_percent = steps;
        dist.write_manifest();
        publish(&sandbox, &dist);
        let [from_tags, from_build] = [
            preview(&[]),
            sandbox.rollout(&dist, &["run", FUNCTION, "--dry-run"]),
        ];
        assert_eq!(said(&from_tags.success()), said(&from_build.success()));
    }
    // A change of the policy alone publishes nothing: the next run keeps it.
    dist.manifest.rollout.steps_percent = vec![4.0, 100.0];
    dist.write_manifest();
    let until = [
        "run", FUNCTION, "--until", "4", "--bake", "0s", "--period", "1s",
    ];
    sandbox.rollout(&dist, &until).success();
    let function = sandbox.lambda().get_function().function_name(FUNCTION);
    let tags = function.send().await.expect("a function").tags;
    let kept = rollout::delivery::tags::POLICY.read(&tags.unwrap_or_default());
    assert_eq!(kept.expect("a policy"), Some(dist.manifest.rollout.clone()));
    let run = ["run", FUNCTION, "--steps", "100", "--bake", "0s"];
    let run = [&run[..], &["--bake-after", "0s", "--period", "1s"]].concat();
    sandbox.rollout_in(nowhere.path(), &run).success();
    sandbox
        .rollout_in(nowhere.path(), &["report", FUNCTION])
        .success();
    let left = std::fs::read_dir(nowhere.path()).expect("a folder").count();
    assert_eq!(left, 0, "nothing is written where nothing was built");
}

/// On AWS the names of functions begin with the project's and the environment's.
#[tokio::test]
async fn with_a_prefix_the_function_on_aws_is_another_name_than_that_in_dist() {
    let (sandbox, dist) = (Sandbox::start(), Dist::real());
    let code = std::fs::read(dist.zip(X86_64)).expect("a zip");
    let code = aws_sdk_lambda::types::FunctionCode::builder().zip_file(code.into());
    let create = sandbox.lambda().create_function().code(code.build());
    let create = create.function_name("shop-production-hasher");
    let create = create.role("arn:aws:iam::000000000000:role/hasher");
    let create = create
        .runtime("provided.al2023".into())
        .handler("bootstrap");
    create.send().await.expect("is made");
    let prefix = "--prefix=shop-production-";
    sandbox
        .rollout(&dist, &["publish", FUNCTION, prefix])
        .success();
    // What messages call it is understood as well.
    for name in [FUNCTION, "shop-production-hasher"] {
        let mut lines = sandbox.rollout_json(&dist, &["status", name, prefix]);
        let status = lines.pop().expect("a status");
        assert_eq!(status["function"], "shop-production-hasher");
        assert_eq!(status["versions"].as_array().expect("versions").len(), 2);
    }
    let without = sandbox.rollout(&dist, &["status", FUNCTION]).failure();
    assert!(said(&without).contains("hasher"));
}
