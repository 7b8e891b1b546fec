//! A benchmark against a real sandbox: what it measures, and that it leaves nothing behind.

use crate::common::{WITH_A_TERMINAL, proxy, release};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use aws_sdk_lambda::types::FunctionConfiguration;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use proxy::{Fault, Operation, Proxy};
use release::{Dist, FUNCTION, Sandbox, said};
use serde_json::Value;

/// The size that hasher has of its own.
const OWN_MIB: i32 = 3008;

struct Bench {
    sandbox: Sandbox,
    dist: Dist,
}

impl Bench {
    /// A sandbox with a published pair.
    fn published() -> Self {
        let (sandbox, dist) = (Sandbox::start(), Dist::real());
        sandbox.apply(&dist);
        sandbox.rollout(&dist, &["publish", FUNCTION]).success();
        Self { sandbox, dist }
    }

    fn arguments<'a>(event: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        [&["bench", FUNCTION, "--event", event], more].concat()
    }

    fn event(&self) -> String {
        let path = self.dist.function().join("events/three-bytes.json");
        path.to_str().expect("a path").to_owned()
    }

    fn run(&self, more: &[&str]) -> assert_cmd::assert::Assert {
        let event = self.event();
        self.sandbox
            .rollout(&self.dist, &Self::arguments(&event, more))
    }

    /// The summary of a run.
    fn summary(&self, more: &[&str]) -> Value {
        let event = self.event();
        let mut lines = self
            .sandbox
            .rollout_json(&self.dist, &Self::arguments(&event, more));
        lines.pop().expect("a summary")
    }

    /// A run that is under way.
    fn start(&self, more: &[&str]) -> Child {
        let [program, flag] = WITH_A_TERMINAL;
        Command::new(program)
            .args([flag, env!("CARGO_BIN_EXE_rollout")])
            .args(["--endpoint-url", &self.sandbox.endpoint, "--dist"])
            .arg(self.dist.path())
            .args(Self::arguments(&self.event(), more))
            .stdout(Stdio::piped())
            .spawn()
            .expect("rollout runs")
    }

    /// `$LATEST` first, then the versions.
    fn versions(&self) -> Vec<FunctionConfiguration> {
        let list = self
            .sandbox
            .lambda()
            .list_versions_by_function()
            .function_name(FUNCTION);
        wait(async {
            list.send()
                .await
                .expect("versions")
                .versions
                .expect("versions")
        })
    }

    /// Changes `$LATEST` by hand.
    fn configure(&self, memory_mib: i32, description: &str) {
        let update = self.sandbox.lambda().update_function_configuration();
        let update = update.function_name(FUNCTION).memory_size(memory_mib);
        wait(async {
            update
                .description(description)
                .send()
                .await
                .expect("is updated")
        });
    }

    /// The pair, and `$LATEST` as it was after publishing.
    fn is_as_before(&self, before: &[FunctionConfiguration]) {
        let after = self.versions();
        let what = |versions: &[FunctionConfiguration]| -> Vec<_> {
            let one = |v: &FunctionConfiguration| {
                (
                    v.version.clone(),
                    v.memory_size,
                    v.description.clone(),
                    v.code_sha256.clone(),
                    v.architectures.clone(),
                )
            };
            versions.iter().map(one).collect()
        };
        assert_eq!(what(&after), what(before));
        assert_eq!(after[0].memory_size, Some(OWN_MIB));
        let again = self
            .sandbox
            .rollout(&self.dist, &["publish", FUNCTION])
            .success();
        assert!(
            said(&again).contains("nothing to publish"),
            "{}",
            said(&again)
        );
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(future)
}

/// Reads what it says until it has published its versions.
fn until_published(child: &mut Child) {
    let lines = BufReader::new(child.stdout.as_mut().expect("a pipe")).lines();
    let mut said = lines.map_while(Result::ok);
    assert!(said.any(|line| line.contains("temporary versions")));
}

fn signal(child: &Child, signal: Signal) {
    let id = i32::try_from(child.id()).expect("an id");
    kill(Pid::from_raw(id), signal).expect("is sent");
}

const LONG: [&str; 6] = [
    "--memory",
    "1024",
    "--invocations",
    "100000",
    "--most-usd",
    "1e9",
];

#[test]
fn a_sweep_measures_every_size_of_both_builds_and_leaves_nothing_behind() {
    let bench = Bench::published();
    let before = bench.versions();
    let summary = bench.summary(&["--memory", "1024,3008", "--invocations", "5", "--seed", "7"]);
    let rows = summary["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 4, "{summary}");
    for row in rows {
        assert_eq!(row["invocations"], 5, "{row}");
        assert_eq!(row["errors"], 0, "{row}");
        assert!(row["max_memory_mib"].as_u64() > Some(0), "{row}");
        // Emulated milliseconds say nothing of arm64, and an emulated build costs nothing.
        let emulated = row["emulated"].as_bool().expect("known");
        assert_eq!(row["average_ms"].is_null(), emulated, "{row}");
        assert_eq!(row["million_usd"].is_null(), emulated, "{row}");
        let temporary = row["memory_mib"] == 1024;
        assert_eq!(row["version"].as_u64() > Some(2), temporary, "{row}");
        if temporary {
            assert_eq!(row["cold"], 1, "{row}");
        }
    }
    bench.is_as_before(&before);
}

#[test]
fn without_sizes_the_builds_are_measured_through_their_aliases() {
    let bench = Bench::published();
    let before = bench.versions();
    let assert = bench.run(&["--invocations", "3", "--markdown"]).success();
    let text = said(&assert);
    assert!(
        text.contains("6 invocations of hasher: 3 of each"),
        "{text}"
    );
    assert!(text.contains("| x86_64 "), "{text}");
    assert!(!text.contains("temporary"), "{text}");
    bench.is_as_before(&before);
}

#[test]
fn a_dry_run_and_a_run_that_could_cost_too_much_change_nothing() {
    let bench = Bench::published();
    let before = bench.versions();
    let dry = bench.run(&["--memory", "128,1769", "--dry-run"]).success();
    assert!(
        said(&dry).contains("200 invocations of hasher"),
        "{}",
        said(&dry)
    );
    assert!(said(&dry).contains("USD at list price"), "{}", said(&dry));
    let dear = bench
        .run(&["--memory", "10240", "--most-usd", "0.1"])
        .code(2);
    assert!(said(&dear).contains("--most-usd"), "{}", said(&dear));
    bench.is_as_before(&before);
}

#[test]
fn a_benchmark_that_is_told_to_stop_tidies_up_first() {
    let bench = Bench::published();
    let before = bench.versions();
    for how in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let mut child = bench.start(&LONG);
        until_published(&mut child);
        assert_eq!(bench.versions().len(), before.len() + 2);
        signal(&child, how);
        assert_eq!(child.wait().expect("ends").code(), Some(2));
        bench.is_as_before(&before);
    }
}

#[test]
fn a_benchmark_outlives_its_terminal_under_nohup() {
    let bench = Bench::published();
    let event = bench.event();
    let few = ["--memory", "1024", "--invocations", "20"];
    let mut nohup = Command::new("nohup");
    nohup
        .arg(env!("CARGO_BIN_EXE_rollout"))
        .args(["--endpoint-url", &bench.sandbox.endpoint, "--dist"])
        .arg(bench.dist.path())
        .args(Bench::arguments(&event, &few));
    let mut child = nohup.stdout(Stdio::piped()).spawn().expect("nohup runs");
    until_published(&mut child);
    signal(&child, Signal::SIGHUP);
    assert_eq!(child.wait().expect("ends").code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_benchmark_whose_calls_are_refused_in_the_middle_tidies_up_first() {
    let bench = tokio::task::spawn_blocking(Bench::published);
    let bench = bench.await.expect("is published");
    let proxy = Proxy::start(&bench.sandbox.endpoint).await;
    let refused = Fault::Answer(403, "AccessDeniedException", "");
    proxy.script(Operation::Invoke, vec![None, None, None, Some(refused)]);
    tokio::task::spawn_blocking(move || {
        let before = bench.versions();
        let event = bench.event();
        let arguments = Bench::arguments(&event, &LONG);
        let arguments = [&["--endpoint-url", &proxy.endpoint], &arguments[..]].concat();
        let failed = release::rollout(&bench.dist, &arguments).code(2);
        let text = said(&failed);
        assert!(text.contains("temporary versions"), "{text}");
        assert!(text.contains("AccessDeniedException"), "{text}");
        assert_eq!(proxy.calls(Operation::Invoke), 4);
        bench.is_as_before(&before);
    })
    .await
    .expect("holds");
}

#[test]
fn what_a_killed_benchmark_has_left_is_removed_by_the_next_one() {
    let bench = Bench::published();
    let before = bench.versions();
    let mut child = bench.start(&LONG);
    until_published(&mut child);
    signal(&child, Signal::SIGKILL);
    child.wait().expect("ends");
    assert_eq!(bench.versions().len(), before.len() + 2);

    let few = ["--memory", "1024", "--invocations", "2"];
    let refused = bench.run(&few).code(2);
    assert!(
        said(&refused).contains("another benchmark of hasher is under way"),
        "{}",
        said(&refused)
    );
    assert!(said(&refused).contains("--take-over"), "{}", said(&refused));
    let next = bench.run(&[&few[..], &["--take-over"]].concat()).success();
    assert!(
        said(&next).contains("removed 2 versions"),
        "{}",
        said(&next)
    );
    bench.is_as_before(&before);
}

#[test]
fn what_is_past_its_time_is_removed_without_being_asked() {
    let bench = Bench::published();
    let before = bench.versions();
    let description = before[0].description.clone().unwrap_or_default();
    bench.configure(
        512,
        &format!(
            "rollout bench 5f3a9c01 until 2026-01-01T00:00:00Z: {OWN_MIB} MiB arm64: {description}"
        ),
    );
    bench
        .run(&["--memory", "1024", "--invocations", "2"])
        .success();
    bench.is_as_before(&before);
}

#[test]
fn nothing_is_published_from_a_borrowed_latest() {
    let bench = Bench::published();
    let before = bench.versions();
    let mark = "rollout bench 5f3a9c01 until 2099-01-01T00:00:00Z: 3538 MiB arm64: ";
    bench.configure(512, mark);
    let mut changed = Dist::real();
    changed.change(package::Architecture::X86_64, "next");
    let refused = bench
        .sandbox
        .rollout(&changed, &["publish", FUNCTION])
        .code(2);
    assert!(
        said(&refused).contains("borrowed by rollout bench until 2099"),
        "{}",
        said(&refused)
    );
    assert_eq!(bench.versions().len(), before.len());
}

#[test]
fn a_build_that_is_not_published_is_not_measured() {
    let mut bench = Bench::published();
    bench.dist.change(package::Architecture::X86_64, "next");
    let refused = bench.run(&["--memory", "1024"]).code(2);
    assert!(
        said(&refused).contains("run rollout publish hasher"),
        "{}",
        said(&refused)
    );
}

#[test]
fn a_build_that_fails_is_counted_and_its_failures_have_no_time() {
    let bench = Bench::published();
    let bad = bench.dist.path().join("bad.json");
    std::fs::write(&bad, r#"{"size_mib": -1, "seed": 7, "leaf_kib": 64}"#).expect("is written");
    let bad = bad.to_str().expect("a path");
    let arguments = Bench::arguments(bad, &["--invocations", "2"]);
    let mut lines = bench.sandbox.rollout_json(&bench.dist, &arguments);
    let summary = lines.pop().expect("a summary");
    for row in summary["rows"].as_array().expect("rows") {
        assert_eq!(
            (&row["errors"], &row["timeouts"]),
            (&2.into(), &0.into()),
            "{row}"
        );
        assert!(row["average_ms"].is_null(), "{row}");
    }
    assert!(summary["recommendation"].is_null(), "{summary}");
}
