//! The program: ports, signals, start and stop, and the clients that are no Rust.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::common;
use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use assert_cmd::assert::OutputAssertExt as _;
use common::{
    FUNCTION, create_function, does, eventually, external, host, is_alive, payload, probe_zip,
    program::{Running, sandbox as program},
};
use nix::sys::signal::Signal;
use predicates::{prelude::*, str::contains};

/// `sandbox serve`, and the endpoint that it says.
fn serve(folder: &Path) -> (Running, String) {
    Running::start(&mut program(folder))
}

/// Creates the probe and gives the id of its process.
async fn process_of_the_probe(endpoint: &str) -> u64 {
    answer_of_the_probe(endpoint, "who").await["pid"]
        .as_u64()
        .unwrap()
}

/// Creates the probe and gives its environment variables.
async fn variables_of_the_probe(endpoint: &str) -> serde_json::Value {
    answer_of_the_probe(endpoint, "env").await["variables"].take()
}

async fn answer_of_the_probe(endpoint: &str, what: &str) -> serde_json::Value {
    let client = common::client(endpoint);
    let create = create_function(&client, probe_zip()).architectures(host());
    create.send().await.unwrap();
    let event = aws_sdk_lambda::primitives::Blob::new(does(what).to_string());
    let output = client
        .invoke()
        .function_name(FUNCTION)
        .payload(event)
        .send()
        .await
        .unwrap();
    payload(&output)
}

#[tokio::test]
async fn a_signal_stops_the_sandbox_and_every_process() {
    for stop in [Signal::SIGINT, Signal::SIGTERM] {
        let folder = tempfile::tempdir().unwrap();
        let (mut child, endpoint) = serve(folder.path());
        let process = process_of_the_probe(&endpoint).await;
        assert!(is_alive(process));
        child.signal(stop);
        assert!(child.0.wait().unwrap().success());
        assert!(!is_alive(process), "{stop}");
        assert!(!folder.path().join(".sandbox/sandbox.json").exists());
    }
}

#[tokio::test]
async fn a_sandbox_that_is_killed_takes_its_processes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, endpoint) = serve(folder.path());
    let process = process_of_the_probe(&endpoint).await;
    child.signal(Signal::SIGKILL);
    child.0.wait().unwrap();
    eventually("the process is gone", async || !is_alive(process)).await;
    // And the folder can be used again.
    let (mut child, _) = serve(folder.path());
    child.signal(Signal::SIGINT);
    assert!(child.0.wait().unwrap().success());
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let message = format!("port {port} on 127.0.0.1 is in use: choose another with --port");
    program(folder.path())
        .args(["serve", "--port", &port])
        .assert()
        .code(2)
        .stderr(contains(&message));
    program(folder.path())
        .args(["start", "--port", &port])
        .assert()
        .code(2)
        .stderr(contains(&message));
}

#[test]
fn without_a_port_it_is_always_the_same_one() {
    // Held by this test, or by whoever has it already: either way it is taken.
    let _taken = TcpListener::bind("127.0.0.1:8664");
    let folder = tempfile::tempdir().unwrap();
    for command in ["serve", "start"] {
        let refused = program(folder.path()).arg(command).assert().code(2);
        let said = contains("port 8664 on 127.0.0.1 is in use").and(contains("--port 0"));
        refused.stderr(said);
    }
}

#[test]
fn start_and_stop_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let run = |command: &str| program(folder.path()).arg(command).assert().success();
    let start = || {
        let mut start = program(folder.path());
        start.args(["start", "--port", "0"]).assert().success()
    };
    run("stop").stdout(contains("no sandbox is running"));
    start().stdout(contains("sandbox ready at http://127.0.0.1:"));
    start().stdout(contains("already running at http://127.0.0.1:"));
    program(folder.path())
        .arg("serve")
        .assert()
        .code(2)
        .stderr(contains("a sandbox runs from .sandbox already"));
    run("stop").stdout(contains("sandbox stopped"));
    run("stop").stdout(contains("no sandbox is running"));
    assert!(!folder.path().join(".sandbox/sandbox.json").exists());
}

#[tokio::test]
async fn a_process_id_that_belongs_to_another_process_by_now_is_no_sandbox_and_is_not_signalled() {
    let folder = tempfile::tempdir().unwrap();
    let run = |command: &str| {
        let words = command.split(' ');
        program(folder.path()).args(words).assert()
    };
    let mut stranger = Running(Command::new("sleep").arg("600").spawn().unwrap());
    // A process id is not given out again within one tick of 10 ms, and so these two must not start in the same one.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let (mut child, _) = serve(folder.path());
    let path = folder.path().join(".sandbox/sandbox.json");
    let mut file: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    child.signal(Signal::SIGKILL);
    child.0.wait().unwrap();
    // As it looks when the killed sandbox's id was given out again.
    file["pid"] = stranger.0.id().into();
    let claim = || std::fs::write(&path, file.to_string()).unwrap();

    claim();
    run("stop")
        .success()
        .stdout(contains("no sandbox is running"));
    run("status")
        .code(1)
        .stdout(contains("no sandbox is running"));
    run("start --port 0")
        .success()
        .stdout(contains("sandbox ready at http://127.0.0.1:"));
    run("stop").success().stdout(contains("sandbox stopped"));
    claim();
    let (child, _) = serve(folder.path());
    drop(child);
    assert_eq!(stranger.0.try_wait().unwrap(), None, "it was signalled");
}

#[tokio::test]
async fn the_shells_aws_variables_reach_neither_the_sandbox_nor_a_function() {
    let poison = [
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_DYNAMODB",
        "AWS_CONFIG_FILE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ];
    for command in ["serve", "start"] {
        let folder = tempfile::tempdir().unwrap();
        let mut poisoned = program(folder.path());
        poisoned
            .args([command, "--port", "0"])
            .envs(poison.map(|name| (name, "poison")));
        let mut child = Running(poisoned.stdout(Stdio::null()).spawn().unwrap());
        let path = folder.path().join(".sandbox/sandbox.json");
        eventually("it is ready", async || path.exists()).await;
        let file: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let pid = &file["pid"];
        if command == "serve" {
            assert_eq!(*pid, child.0.id());
        }
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
        let environment = String::from_utf8_lossy(&environment);
        assert!(environment.contains("PATH="), "{environment}");
        assert!(!environment.contains("poison"), "{environment}");

        let endpoint = file["endpoint"].as_str().unwrap();
        let variables = variables_of_the_probe(endpoint).await;
        for (name, value) in variables.as_object().unwrap() {
            assert!(!value.to_string().contains("poison"), "{name}={value}");
        }
        assert_eq!(variables["AWS_REGION"], "us-east-1");
        assert_eq!(variables["AWS_ENDPOINT_URL"], endpoint);
        assert_eq!(variables["AWS_LAMBDA_FUNCTION_NAME"], FUNCTION);
        for name in [
            "AWS_PROFILE",
            "AWS_CONFIG_FILE",
            "AWS_ENDPOINT_URL_DYNAMODB",
        ] {
            assert_eq!(variables.get(name), None, "{name}");
        }
        let stop = program(folder.path()).arg("stop").assert();
        stop.success().stdout(contains("sandbox stopped"));
        child.0.wait().unwrap();
    }
}

#[test]
fn faults_that_make_no_sense_are_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    for (fault, part) in [
        ("probe:arm64:errors=5", "5%"),
        ("arm64:errors=5%", "errors=5%"),
        ("x", "no function"),
    ] {
        let refused = program(folder.path())
            .args(["serve", "--fault", fault])
            .assert()
            .code(2);
        refused.stderr(contains(part).and(contains("--fault")));
    }
}

#[test]
fn the_aws_cli_creates_publishes_and_invokes() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, endpoint) = serve(folder.path());
    std::fs::write(folder.path().join("probe.zip"), probe_zip()).unwrap();
    let aws = |arguments: &str| -> serde_json::Value {
        let mut aws = external::aws_command("aws", &endpoint);
        aws.arg("lambda")
            .args(arguments.split_whitespace())
            .args(["--output", "json"])
            .current_dir(folder.path());
        serde_json::from_str(&external::stdout_of(aws)).unwrap()
    };
    let architecture = host();
    aws(&format!(
        "create-function --function-name probe --runtime provided.al2023 --handler bootstrap \
         --role arn:aws:iam::000000000000:role/probe --architectures {architecture} --zip-file fileb://probe.zip"
    ));
    let mut wait = external::aws_command("aws", &endpoint);
    wait.args([
        "lambda",
        "wait",
        "function-active-v2",
        "--function-name",
        "probe",
    ]);
    external::stdout_of(wait);
    assert_eq!(aws("publish-version --function-name probe")["Version"], "1");
    aws("create-alias --function-name probe --name live --function-version 1");
    std::fs::write(
        folder.path().join("event.json"),
        r#"{"do":"echo","by":"cli"}"#,
    )
    .unwrap();
    let invoked = aws(
        "invoke --function-name probe:live --payload fileb://event.json --log-type Tail answer.json",
    );
    assert_eq!(
        (&invoked["StatusCode"], &invoked["ExecutedVersion"]),
        (&200.into(), &"1".into())
    );
    let answer = std::fs::read_to_string(folder.path().join("answer.json")).unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer, serde_json::json!({"do": "echo", "by": "cli"}));
    child.signal(Signal::SIGINT);
    assert!(child.0.wait().unwrap().success());
}

#[test]
fn boto3_works_with_lambda_dynamodb_and_sqs() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, endpoint) = serve(folder.path());
    std::fs::write(folder.path().join("probe.zip"), probe_zip()).unwrap();
    let mut python = external::aws_command("python3", &endpoint);
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/services.py"));
    python.arg(host().as_str()).current_dir(folder.path());
    external::stdout_of(python);
    child.signal(Signal::SIGINT);
    assert!(child.0.wait().unwrap().success());
}

#[test]
fn dynamodb_does_what_public_bug_reports_of_other_emulators_say_that_aws_does() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, endpoint) = serve(folder.path());
    let mut python = external::aws_command("python3", &endpoint);
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/dynamodb.py"));
    let said = external::stdout_of(python);
    assert!(said.ends_with("0 wrong\n"), "{said}");
    child.signal(Signal::SIGINT);
    assert!(child.0.wait().unwrap().success());
}
