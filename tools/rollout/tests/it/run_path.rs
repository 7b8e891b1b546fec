//! The path between two pairs, and what is left behind of old ones: against a real sandbox, with a real
//! pair of `hasher`.

use crate::common::{proxy, release};
use package::Architecture::{Arm64, X86_64};
use proxy::{Fault, Operation, Proxy};
use release::{Dist, FUNCTION, Sandbox, said};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Pairs (1, 2), (3, 4), ...; `live` serves version 1.
fn with_pairs(count: usize) -> (Sandbox, Dist) {
    let (sandbox, mut dist) = (Sandbox::start(), Dist::real());
    sandbox.apply(&dist);
    for pair in 0..count {
        if pair > 0 {
            dist.change(X86_64, &format!("pair {pair}"));
            dist.change(Arm64, &format!("pair {pair}"));
        }
        sandbox.rollout(&dist, &["publish", FUNCTION]).success();
    }
    (sandbox, dist)
}

/// Steps and times that fit a sandbox.
const QUICK: [&str; 16] = [
    "--steps",
    "50,100",
    "--step-timeout",
    "5m",
    "--min-samples",
    "10",
    "--period",
    "1s",
    "--metric-delay",
    "1s",
    "--no-data-timeout",
    "60s",
    "--margin",
    "50",
    "--bake-after",
    "0s",
];

fn run<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    run_for("2s", arguments)
}

fn run_for<'a>(bake: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    [&["run", FUNCTION, "--bake", bake], &QUICK[..], arguments].concat()
}

/// Every move that has started, as baseline and candidate.
fn moves(events: &[Value]) -> Vec<(u64, u64)> {
    let started = events.iter().filter(|event| event["event"] == "started");
    let version = |event: &Value, which: &str| event[which]["version"].as_u64().expect("a version");
    started
        .map(|event| (version(event, "baseline"), version(event, "candidate")))
        .collect()
}

#[test]
fn the_release_comes_first_and_the_architecture_second_and_the_path_is_said_before() {
    let (sandbox, dist) = with_pairs(2);
    let preview = sandbox.rollout(&dist, &run(&["--dry-run"])).success();
    let text = said(&preview);
    for line in [
        "move 1 of 2, release: from x86_64 (version 1) to x86_64 (version 3)",
        "move 2 of 2, architecture: from x86_64 (version 3) to arm64 (version 4)",
    ] {
        assert!(text.contains(line), "{text}");
    }

    let _traffic = sandbox.traffic_in_background(&dist, "60");
    let events = sandbox.rollout_json(&dist, &run(&[]));
    assert_eq!(events[0]["event"], "path", "{events:?}");
    assert_eq!(moves(&events), [(1, 3), (3, 4)]);
    assert_eq!(events.last().expect("an end")["ending"], "promoted");
    let live = sandbox.rollout_json(&dist, &["status", FUNCTION]);
    assert_eq!(
        live[0]["versions"][1]["live_percent"],
        json!(100.0),
        "{live:?}"
    );
}

/// When the first move is done its alarm goes, and then the second one begins.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_between_the_moves_resumes_with_the_second_one() {
    let (sandbox, dist) = with_pairs(2);
    let proxy = Proxy::start(&sandbox.endpoint).await;
    let _traffic = sandbox.traffic_in_background(&dist, "60");
    for hold in [Fault::HoldBefore, Fault::HoldAfter] {
        sandbox
            .rollout(&dist, &["rollback", FUNCTION, "--to", "1"])
            .success();
        let (reached, mut is_reached) = mpsc::unbounded_channel();
        // The first deletes what an earlier run may have left.
        proxy.script(Operation::DeleteAlarms, vec![None, Some(hold(reached))]);
        // What was rolled back by hand only `retry` starts again.
        let retry = [&["retry"], &run(&[])[1..]].concat();
        let mut killed = Sandbox::rollout_process_through(&proxy.endpoint, &dist, &retry);
        is_reached.recv().await.expect("gets there");
        killed.kill().expect("is killed");
        killed.wait().expect("has ended");
        proxy.heal();
        sandbox.reaches(&dist, 3, 100.0);

        let events = sandbox.rollout_json(&dist, &run(&[]));
        assert_eq!(moves(&events), [(3, 4)]);
        assert_eq!(events.last().expect("an end")["ending"], "promoted");
        let status = sandbox.rollout_json(&dist, &["status", FUNCTION]);
        assert_eq!(status[0]["alarm"], Value::Null, "{status:?}");
    }
}

#[test]
fn a_release_stays_when_only_the_architecture_is_at_fault() {
    let (sandbox, dist) = with_pairs(2);
    sandbox.fault("arm64:errors=20%");
    let _traffic = sandbox.traffic_in_background(&dist, "60");
    let ended = sandbox
        .rollout(
            &dist,
            &[&["--json"], &run_for("20s", &["--no-guard"])[..]].concat(),
        )
        .code(1);
    let text = said(&ended);
    let events: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    assert_eq!(moves(&events), [(1, 3), (3, 4)], "{text}");
    let end = events.last().expect("an end");
    assert_eq!(
        (&end["ending"], &end["cause"]),
        (&json!("rolled_back"), &json!("worse")),
        "{end}"
    );
    let sentence = end["sentence"].as_str().expect("a sentence");
    assert!(
        sentence.ends_with("serves x86_64 (version 3) alone"),
        "{sentence}"
    );
}

#[test]
fn from_one_pair_to_the_next_on_the_same_architecture_is_one_move() {
    let (sandbox, dist) = with_pairs(2);
    let back = sandbox.rollout(&dist, &["rollback", FUNCTION, "--to", "2"]);
    back.success();
    let preview = sandbox.rollout_json(&dist, &run(&["--dry-run"]));
    let moves = preview[0]["moves"].as_array().expect("moves");
    assert_eq!(moves.len(), 1, "{preview:?}");
    assert_eq!(moves[0]["change"], "release", "{preview:?}");
}

fn versions(sandbox: &Sandbox, dist: &Dist) -> Vec<u64> {
    let pruned = sandbox.rollout_json(dist, &["prune", FUNCTION]);
    let versions = pruned[0]["versions"].as_array().expect("versions");
    versions
        .iter()
        .filter_map(|version| version["version"].as_u64())
        .collect()
}

#[test]
fn old_pairs_that_no_alias_uses_are_deleted_when_it_is_said_so_and_not_before() {
    let (sandbox, dist) = with_pairs(4);
    let back = ["rollback", FUNCTION, "--to", "4"];
    sandbox.rollout(&dist, &back).success();
    let all = [1, 2, 3, 4, 5, 6, 7, 8];
    let text = said(
        &sandbox
            .rollout(&dist, &["prune", FUNCTION, "--keep", "1"])
            .success(),
    );
    assert!(text.contains("would delete 4 versions of hasher"), "{text}");
    assert!(text.contains("stays: live needs its pair"), "{text}");
    assert_eq!(versions(&sandbox, &dist), all);

    let yes = ["prune", FUNCTION, "--keep", "1", "--yes"];
    let text = said(&sandbox.rollout(&dist, &yes).success());
    assert!(text.contains("deleted 4 versions of hasher"), "{text}");
    // Of the pair that serves, both builds; and the newest one.
    assert_eq!(versions(&sandbox, &dist), [3, 4, 7, 8]);
    let text = said(&sandbox.rollout(&dist, &yes).success());
    assert!(text.contains("nothing to delete"), "{text}");
}

#[test]
fn the_baseline_of_a_rollout_under_way_is_in_use() {
    let (sandbox, dist) = with_pairs(3);
    sandbox.give(5, 0.05);
    let yes = ["prune", FUNCTION, "--keep", "1", "--yes"];
    sandbox.rollout(&dist, &yes).success();
    assert_eq!(versions(&sandbox, &dist), [1, 2, 5, 6]);
    let none = sandbox.rollout(&dist, &["prune", FUNCTION, "--keep", "0"]);
    assert!(said(&none.code(2)).contains("--keep 0: at least 1"));
}
