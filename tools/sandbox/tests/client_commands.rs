//! The subcommands that talk to a running sandbox, run as a user runs them.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

#[path = "common/external.rs"]
mod external;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
};

use assert_cmd::assert::Assert;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use package::Architecture;
use predicates::{prelude::*, str::contains};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A function without dependencies: answers with its event, or with an error when the event says so.
const ECHO: &str = r#"#!/usr/bin/env python3
import http.client, json, os

host, _, prefix = os.environ["AWS_LAMBDA_RUNTIME_API"].partition("/")
base = ("/" + prefix if prefix else "") + "/2018-06-01/runtime/invocation/"
connection = http.client.HTTPConnection(host)
while True:
    connection.request("GET", base + "next")
    invocation = connection.getresponse()
    event = json.loads(invocation.read())
    answer = base + invocation.headers["Lambda-Runtime-Aws-Request-Id"]
    if event.get("fail"):
        body = {"errorType": "Asked", "errorMessage": "asked to fail"}
        connection.request("POST", answer + "/error", json.dumps(body))
    else:
        connection.request("POST", answer + "/response", json.dumps(event))
    connection.getresponse().read()
"#;

/// A folder with a build of the function `echo`, and a sandbox that runs from it.
struct Fixture {
    folder: TempDir,
    server: Child,
}

impl Fixture {
    fn new() -> Self {
        let folder = built();
        let mut server = sandbox(folder.path())
            .arg("serve")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let stdout = server.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut ready).unwrap();
        assert!(ready.contains("http://127.0.0.1:"), "{ready:?}");
        Self { folder, server }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `sandbox` with these arguments to its end.
    fn run(&self, arguments: &[&str]) -> Assert {
        run(self.path(), arguments)
    }

    fn aws(&self, arguments: &[&str]) -> String {
        let state = std::fs::read_to_string(self.path().join(".sandbox/sandbox.json")).unwrap();
        let state: Value = serde_json::from_str(&state).unwrap();
        let mut aws = external::aws_command("aws", state["endpoint"].as_str().unwrap());
        aws.args(arguments)
            .args(["--output", "json"])
            .current_dir(self.path());
        external::stdout_of(aws)
    }

    /// The function with the host's architecture, version 1 and the alias `live`.
    fn with_live(self) -> Self {
        self.aws(&[
            "lambda",
            "create-function",
            "--function-name",
            "echo",
            "--runtime",
            "provided.al2023",
            "--handler",
            "bootstrap",
            "--role",
            "arn:aws:iam::000000000000:role/echo",
            "--architectures",
            host(),
            "--zip-file",
            "fileb://dist/echo/code.zip",
            "--publish",
        ]);
        self.aws(&[
            "lambda",
            "create-alias",
            "--function-name",
            "echo",
            "--name",
            "live",
            "--function-version",
            "1",
        ]);
        self
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let pid = Pid::from_raw(self.server.id().try_into().unwrap());
        let _ = kill(pid, Signal::SIGINT);
        let _ = self.server.wait();
    }
}

fn host() -> &'static str {
    if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    }
}

fn sandbox(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox"));
    command
        .current_dir(folder)
        .env_remove("AWS_ENDPOINT_URL")
        .env_remove("AWS_REGION");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Assert {
    assert_cmd::Command::from_std(sandbox(folder))
        .args(arguments)
        .assert()
}

/// `dist/echo/` as the build writes it.
fn built() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let dist = folder.path().join("dist/echo");
    std::fs::create_dir_all(dist.join("events")).unwrap();
    write_zip(&dist.join("code.zip"));
    write_manifest(folder.path(), 128);
    std::fs::write(dist.join("events/hello.json"), r#"{"hello":1}"#).unwrap();
    folder
}

fn write_zip(path: &Path) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
    zip.start_file("bootstrap", options).unwrap();
    zip.write_all(ECHO.as_bytes()).unwrap();
    zip.finish().unwrap();
}

fn write_manifest(folder: &Path, memory_mib: u32) {
    let artifact = json!({
        "zip": "code.zip", "code_sha256": "", "zip_bytes": 1, "bootstrap_bytes": 1, "commit": "0",
    });
    let artifacts =
        Architecture::ALL.map(|architecture| (architecture.to_string(), artifact.clone()));
    let manifest = json!({
        "schema_version": package::manifest::SCHEMA_VERSION,
        "name": "echo",
        "description": "Says what it hears",
        "runtime": "provided.al2023",
        "handler": "bootstrap",
        "memory_mib": memory_mib,
        "timeout_s": 5,
        "ephemeral_storage_mib": 512,
        "environment": {"GREETING": "hello"},
        "trigger": {"kind": "none"},
        "tables": [], "queues": [],
        "replay": {},
        "rollout": {},
        "artifacts": serde_json::Map::from_iter(artifacts),
    });
    std::fs::write(folder.join("dist/echo/function.json"), manifest.to_string()).unwrap();
}

#[test]
fn without_a_sandbox_every_command_says_how_to_start_one() {
    let folder = built();
    for arguments in [
        &["apply", "echo"][..],
        &["fault", "echo"],
        &["traffic", "echo"],
    ] {
        let said = contains("no sandbox is running from .sandbox").and(contains("sandbox start"));
        run(folder.path(), arguments).code(2).stderr(said);
    }
    run(folder.path(), &["status"])
        .code(1)
        .stdout(contains("no sandbox is running from .sandbox"));
}

#[test]
fn apply_creates_then_leaves_alone_then_updates() {
    let fixture = Fixture::new();
    fixture
        .run(&["apply", "echo"])
        .success()
        .stdout(contains("echo: created"));
    fixture
        .run(&["apply", "echo"])
        .success()
        .stdout("echo: unchanged\n");
    write_manifest(fixture.path(), 256);
    let updated = "echo: updated (memory_mib 128 -> 256)\n";
    fixture.run(&["apply", "echo"]).success().stdout(updated);
    fixture
        .run(&["apply", "echo"])
        .success()
        .stdout("echo: unchanged\n");

    let shown = fixture.aws(&[
        "lambda",
        "get-function-configuration",
        "--function-name",
        "echo",
    ]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["MemorySize"], 256);
    assert_eq!(shown["Timeout"], 5);
    assert_eq!(shown["Description"], "Says what it hears");
    assert_eq!(shown["Architectures"], json!(["x86_64"]));
    assert_eq!(
        shown["Environment"]["Variables"],
        json!({"GREETING": "hello"})
    );
}

#[test]
fn apply_publishes_nothing_and_makes_no_alias() {
    let fixture = Fixture::new();
    fixture.run(&["apply", "echo"]).success();
    fixture
        .run(&["status"])
        .success()
        .stdout(contains("echo: 0 versions\n"));
}

#[test]
fn apply_of_a_function_that_was_not_built_names_the_build() {
    let fixture = Fixture::new();
    let said = contains("dist/absent/function.json").and(contains("scripts/build.sh absent"));
    fixture.run(&["apply", "absent"]).code(2).stderr(said);
}

#[test]
fn faults_are_set_listed_and_cleared() {
    let fixture = Fixture::new();
    fixture.run(&["apply", "echo"]).success();
    fixture
        .run(&["fault", "echo"])
        .success()
        .stdout("echo: no faults\n");
    let set = ["fault", "echo", "arm64:errors=5%", "x86_64:latency=50ms"];
    fixture
        .run(&set)
        .success()
        .stdout("echo: arm64:errors=5% x86_64:latency=50ms\n");
    let more = "echo: arm64:errors=5% arm64:crash=2% x86_64:latency=50ms\n";
    fixture
        .run(&["fault", "echo", "arm64:crash=2%"])
        .success()
        .stdout(more);
    fixture.run(&["fault", "echo"]).success().stdout(more);
    let only = ["fault", "echo", "--clear", "arm64:throttle=1%"];
    fixture
        .run(&only)
        .success()
        .stdout("echo: arm64:throttle=1%\n");
    fixture
        .run(&["fault", "echo", "--clear"])
        .success()
        .stdout("echo: no faults\n");
}

#[test]
fn a_fault_that_makes_no_sense_is_refused() {
    let fixture = Fixture::new();
    let absent = contains("there is no function absent");
    fixture
        .run(&["fault", "absent", "arm64:errors=5%"])
        .code(2)
        .stderr(absent);
    let kind = contains("unknown fault \"explode\"");
    fixture
        .run(&["fault", "echo", "arm64:explode=5%"])
        .code(2)
        .stderr(kind);
}

#[test]
fn traffic_counts_per_version_and_the_metrics_agree() {
    let fixture = Fixture::new().with_live();
    let traffic = ["traffic", "echo", "--rate", "50", "--duration", "2s"];
    let said = fixture.run(&traffic).success().get_output().stdout.clone();
    let said = String::from_utf8(said).unwrap();
    let sent: u64 = said
        .strip_prefix("echo:live: ")
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=101).contains(&sent), "{said}");
    assert!(
        said.contains(&format!("version 1: {sent} (0 errors)")),
        "{said}"
    );
    assert!(said.contains("p50 ") && said.contains("p99 "), "{said}");
    assert_eq!(invocations(&fixture), sent as f64);
}

/// The sum of `Invocations` of version 1 under `live` since yesterday.
fn invocations(fixture: &Fixture) -> f64 {
    let queries = json!([{
        "Id": "i",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": "Invocations",
                "Dimensions": [
                    {"Name": "FunctionName", "Value": "echo"},
                    {"Name": "Resource", "Value": "echo:live"},
                    {"Name": "ExecutedVersion", "Value": "1"},
                ],
            },
            "Period": 60,
            "Stat": "Sum",
        },
    }]);
    let now = chrono::Utc::now().timestamp();
    let (start, end) = ((now - 3600).to_string(), (now + 60).to_string());
    let queries = queries.to_string();
    let answer = fixture.aws(&[
        "cloudwatch",
        "get-metric-data",
        "--metric-data-queries",
        &queries,
        "--start-time",
        &start,
        "--end-time",
        &end,
    ]);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let values = answer["MetricDataResults"][0]["Values"].as_array().unwrap();
    values.iter().map(|value| value.as_f64().unwrap()).sum()
}

#[test]
fn traffic_without_a_single_success_fails() {
    let fixture = Fixture::new().with_live();
    std::fs::write(
        fixture.path().join("dist/echo/events/hello.json"),
        r#"{"fail":true}"#,
    )
    .unwrap();
    let traffic = ["traffic", "echo", "--rate", "20", "--duration", "500ms"];
    fixture
        .run(&traffic)
        .code(1)
        .stdout(contains(" errors) · p50 "));
}

#[test]
fn traffic_that_is_interrupted_still_gives_its_totals() {
    let fixture = Fixture::new().with_live();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let before = invocations(&fixture);
        let traffic = sandbox(fixture.path())
            .args(["traffic", "echo", "--rate", "50"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        while invocations(&fixture) == before {}
        kill(Pid::from_raw(traffic.id().try_into().unwrap()), signal).unwrap();
        let output = traffic.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{signal}: {}", output.status);
        assert!(
            said.starts_with("echo:live: ") && said.contains(" sent · version 1: "),
            "{signal}: {said}"
        );
    }
}

#[test]
fn traffic_that_cannot_keep_up_says_so() {
    let fixture = Fixture::new().with_live();
    let slow = format!("{}:latency=300ms", host());
    fixture.run(&["fault", "echo", &slow]).success();
    let traffic = [
        "traffic",
        "echo",
        "--rate",
        "50",
        "--concurrency",
        "1",
        "--duration",
        "1s",
    ];
    let said = contains("could not keep up").and(contains("--concurrency"));
    fixture.run(&traffic).success().stderr(said);
}

#[test]
fn traffic_to_nowhere_is_refused_at_once() {
    let fixture = Fixture::new();
    fixture
        .run(&["traffic", "echo"])
        .code(2)
        .stderr(contains("there is no echo:live"));
    let nothing = ["traffic", "echo", "--events", "absent"];
    fixture
        .run(&nothing)
        .code(2)
        .stderr(contains("no events (*.json) in absent"));
    fixture
        .run(&["traffic", "echo", "--rate", "0"])
        .code(2)
        .stderr(contains("0.01 to 100000"));
}

#[test]
fn status_shows_where_the_aliases_point() {
    let fixture = Fixture::new();
    fixture
        .run(&["status"])
        .success()
        .stdout(contains("no functions"));
    let fixture = fixture.with_live();
    fixture
        .run(&["status"])
        .success()
        .stdout(contains("echo: 1 versions, live -> 1\n"));
}
