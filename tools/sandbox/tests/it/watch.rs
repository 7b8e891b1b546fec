//! `sandbox watch`, run as a user runs it, on a workspace whose one function needs no crate.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

use std::{
    fs::{self, File},
    process::{Command, Stdio},
};

use crate::common::{
    eventually,
    program::{Running, run, sandbox as program},
};
use nix::sys::signal::Signal;
use predicates::str::contains;
use tempfile::TempDir;

const WORKSPACE: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"functions/*\"]\n";
const FUNCTION: &str = "[package]\nname = \"says\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

/// Answers every event with `WORD`.
const SAYS: &str = r#"
use std::{io::{Read, Write}, net::TcpStream};

fn main() {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let (host, prefix) = api.split_once('/').unwrap_or((&api, ""));
    let slash = if prefix.is_empty() { "" } else { "/" };
    let ask = |method: &str, path: &str, body: &str| {
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{method} {slash}{prefix}/2018-06-01/runtime/invocation/{path} HTTP/1.1\r\nHost: {host}\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    loop {
        let next = ask("GET", "next", "").to_lowercase();
        let id = next.lines().find_map(|line| line.strip_prefix("lambda-runtime-aws-request-id: ")).unwrap();
        ask("POST", &format!("{id}/response"), "\"WORD\"");
    }
}
"#;

/// A workspace with the function `says`, and a sandbox that runs from it.
struct Fixture {
    // Dropped in this order: the sandbox is stopped before its folder is removed.
    _server: Running,
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("functions/says/src")).unwrap();
        fs::write(folder.path().join("Cargo.toml"), WORKSPACE).unwrap();
        fs::write(folder.path().join("functions/says/Cargo.toml"), FUNCTION).unwrap();
        let (server, _) = Running::start(&mut program(folder.path()));
        Self {
            _server: server,
            folder,
        }
    }

    fn save(&self, code: &str) {
        let path = self.folder.path().join("functions/says/src/main.rs");
        fs::write(path, code).unwrap();
    }

    fn watch(&self) -> Running {
        let log = File::create(self.folder.path().join("watch.log")).unwrap();
        let mut watch = program(self.folder.path());
        // Cargo builds where a user's would, and not where this test was built.
        watch.args(["watch", "says"]).env_remove("CARGO_TARGET_DIR");
        let log_too = log.try_clone().unwrap();
        Running(watch.stdout(log).stderr(log_too).spawn().unwrap())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("watch.log")).unwrap()
    }

    fn invoke(&self) -> String {
        let mut invoke: Command = program(self.folder.path());
        let output = invoke.args(["invoke", "says"]).stderr(Stdio::null());
        String::from_utf8(output.output().unwrap().stdout).unwrap()
    }

    async fn says(&self, word: &str) {
        let expected = format!("\"{word}\"\n");
        eventually(word, async || self.invoke() == expected).await;
    }
}

#[tokio::test]
async fn what_is_saved_is_what_is_invoked_and_what_does_not_compile_changes_nothing() {
    let fixture = Fixture::new();
    fixture.save(&SAYS.replace("WORD", "one"));
    let mut watch = fixture.watch();
    fixture.says("one").await;
    fixture.save(&SAYS.replace("WORD", "two"));
    fixture.says("two").await;
    run(fixture.folder.path(), &["watch", "says"])
        .code(2)
        .stderr(contains("says is watched already"));

    fixture.save("fn main() { nothing }");
    let stays = "says does not compile, and stays as it is";
    eventually(stays, async || fixture.log().contains(stays)).await;
    assert!(
        fixture.log().contains("cannot find value `nothing`"),
        "{}",
        fixture.log()
    );
    assert_eq!(fixture.invoke(), "\"two\"\n");
    fixture.save(&SAYS.replace("WORD", "three"));
    fixture.says("three").await;

    watch.signal(Signal::SIGINT);
    assert!(watch.0.wait().unwrap().success());
    assert!(fixture.log().contains("says:live follows $LATEST"));
    run(fixture.folder.path(), &["invoke", "says"]).stdout("\"three\"\n");
}
