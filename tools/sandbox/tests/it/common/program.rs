//! A sandbox as a user starts it, and a build of a function that needs no compiler.
#![allow(dead_code, unreachable_pub)] // every test file uses its own part of it
#![allow(clippy::unwrap_used, clippy::expect_used)] // a helper that panics fails its test

use super::external;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use assert_cmd::assert::Assert;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use package::Architecture;
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
pub struct Fixture {
    folder: TempDir,
    server: Child,
}

impl Fixture {
    pub fn new() -> Self {
        let folder = built();
        let emulator = emulator(folder.path());
        let mut server = sandbox(folder.path())
            .arg("serve")
            .env("SANDBOX_QEMU_AARCH64", &emulator)
            .env("SANDBOX_QEMU_X86_64", &emulator)
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

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `sandbox` with these arguments to its end.
    pub fn run(&self, arguments: &[&str]) -> Assert {
        run(self.path(), arguments)
    }

    pub fn aws(&self, arguments: &[&str]) -> String {
        let state = std::fs::read_to_string(self.path().join(".sandbox/sandbox.json")).unwrap();
        let state: Value = serde_json::from_str(&state).unwrap();
        let endpoint = state["endpoint"].as_str().unwrap();
        let mut aws = external::aws_command("aws", endpoint);
        // In words too: for SQS, version 1 of the CLI does not look at the variable.
        aws.args(arguments)
            .args(["--output", "json", "--endpoint-url", endpoint])
            .current_dir(self.path());
        external::stdout_of(aws)
    }

    /// The function with the host's architecture, version 1 and the alias `live`.
    pub fn with_live(self) -> Self {
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

pub fn host() -> &'static str {
    if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    }
}

pub fn sandbox(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox"));
    command
        .current_dir(folder)
        .env_remove("AWS_ENDPOINT_URL")
        // Not the business of any command.
        .env("AWS_REGION", "eu-central-1");
    command
}

pub fn run(folder: &Path, arguments: &[&str]) -> Assert {
    assert_cmd::Command::from_std(sandbox(folder))
        .args(arguments)
        .assert()
}

/// What runs code of the other architecture, called with `-L SYSROOT PROGRAM`. Echo is a script: it runs on any
/// architecture, and under no real emulator.
fn emulator(folder: &Path) -> PathBuf {
    let path = folder.join("emulator");
    std::fs::write(&path, "#!/bin/sh\nshift 2\nexec \"$@\"\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// `dist/echo/` as the build writes it.
pub fn built() -> TempDir {
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

pub fn write_manifest(folder: &Path, memory_mib: u32) {
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
        "tables": [], "queues": [], "aliases": [],
        "replay": {},
        "rollout": {},
        "artifacts": serde_json::Map::from_iter(artifacts),
    });
    std::fs::write(folder.join("dist/echo/function.json"), manifest.to_string()).unwrap();
}
