//! A sandbox as a user starts it, and a build of a function that needs no compiler.
#![allow(dead_code, unreachable_pub)] // every test file uses its own part of it
#![allow(clippy::unwrap_used, clippy::expect_used)] // a helper that panics fails its test

use super::{external, manifest, write_build, zip};

use std::{
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use assert_cmd::assert::Assert;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sandbox::execution::emulation::HOST;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A function without dependencies: prints what the event says, and answers with the event, or with an error when that
/// says so.
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
    asked = event if isinstance(event, dict) else {}
    if "print" in asked:
        print(asked["print"], flush=True)
    if asked.get("fail"):
        body = {"errorType": "Asked", "errorMessage": "asked to fail"}
        connection.request("POST", answer + "/error", json.dumps(body))
    else:
        connection.request("POST", answer + "/response", json.dumps(event))
    connection.getresponse().read()
"#;

/// `sandbox serve`, which does not outlive its test.
pub struct Running(pub Child);

impl Running {
    /// Starts it, and waits until it says its endpoint.
    pub fn start(command: &mut Command) -> (Self, String) {
        Self::start_with(command, &[])
    }

    /// The same with further arguments.
    pub fn start_with(command: &mut Command, arguments: &[&str]) -> (Self, String) {
        let child = command
            .args(["serve", "--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped());
        let mut running = Self(child.spawn().unwrap());
        let mut ready = String::new();
        let stdout = running.0.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut ready).unwrap();
        let endpoint = ready.trim().strip_prefix("sandbox ready at ");
        let endpoint = endpoint.unwrap_or_else(|| panic!("{ready:?}")).to_owned();
        (running, endpoint)
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().try_into().unwrap()), signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            self.signal(Signal::SIGINT);
            let _ = self.0.wait();
        }
    }
}

/// A folder with a build of the function `echo`, and a sandbox that runs from it.
pub struct Fixture {
    // Dropped in this order: the sandbox is stopped before its folder is removed.
    _server: Running,
    endpoint: String,
    folder: TempDir,
}

impl Fixture {
    pub fn new() -> Self {
        let folder = built();
        let emulator = emulator(folder.path());
        let mut serve = sandbox(folder.path());
        serve
            .env("SANDBOX_QEMU_AARCH64", &emulator)
            .env("SANDBOX_QEMU_X86_64", &emulator)
            .stderr(Stdio::null());
        let (server, endpoint) = Running::start(&mut serve);
        Self {
            _server: server,
            endpoint,
            folder,
        }
    }

    /// Changes the manifest of `echo`.
    pub fn change_manifest(&self, change: impl FnOnce(&mut Value)) {
        let path = self.path().join("dist/echo/function.json");
        let manifest = std::fs::read(&path).unwrap();
        let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
        change(&mut manifest);
        std::fs::write(path, manifest.to_string()).unwrap();
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `sandbox` with these arguments to its end.
    pub fn run(&self, arguments: &[&str]) -> Assert {
        run(self.path(), arguments)
    }

    pub fn aws(&self, arguments: &[&str]) -> String {
        let endpoint = &self.endpoint;
        let mut aws = external::aws_command("aws", endpoint);
        // As an argument too: for SQS, version 1 of the CLI does not look at the variable.
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
            HOST.as_str(),
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

/// The program, run from a folder.
pub fn sandbox(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox"));
    command
        .current_dir(folder)
        .env_remove("AWS_ENDPOINT_URL")
        .env_remove("SANDBOX_PORT")
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
    let mut manifest = manifest("echo", "Says what it hears");
    manifest["environment"] = json!({"GREETING": "hello"});
    let code = zip(&[("bootstrap", 0o755, ECHO.as_bytes())]);
    write_build(&folder.path().join("dist"), &manifest, &code);
    let event = folder.path().join("dist/echo/events/hello.json");
    std::fs::write(event, r#"{"hello":1}"#).unwrap();
    folder
}
