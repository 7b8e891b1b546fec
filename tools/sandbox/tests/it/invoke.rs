//! `sandbox invoke`, run as a user runs it.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

use crate::common::program;
use predicates::{prelude::*, str::contains};
use program::{Fixture, sandbox};

#[test]
fn an_event_is_json_a_file_a_sample_event_or_standard_input() {
    let fixture = Fixture::new();
    fixture.run(&["apply", "echo"]).success();
    std::fs::write(fixture.path().join("mine.json"), r#"["mine"]"#).unwrap();
    for (event, answer) in [
        (r#"{"a":1}"#, "{\"a\": 1}\n"),
        (r#" ["a"]"#, "[\"a\"]\n"),
        (r#""a""#, "\"a\"\n"),
        ("5", "5\n"),
        ("null", "null\n"),
        ("mine.json", "[\"mine\"]\n"),
        ("hello", "{\"hello\": 1}\n"),
        ("hello.json", "{\"hello\": 1}\n"),
    ] {
        let invoked = fixture.run(&["invoke", "echo", event]).success();
        invoked.stdout(answer).stderr("version $LATEST\n");
    }
    fixture.run(&["invoke", "echo"]).success().stdout("{}\n");
    assert_cmd::Command::from_std(sandbox(fixture.path()))
        .args(["invoke", "echo", "-"])
        .write_stdin(r#"{"read":1}"#)
        .assert()
        .success()
        .stdout("{\"read\": 1}\n");
}

#[test]
fn live_is_invoked_where_there_is_one_unless_it_is_watched_or_another_version_is_asked_for() {
    let fixture = Fixture::new().with_live();
    let live = fixture.run(&["invoke", "echo"]).success();
    live.stderr("version 1\n");
    let latest = ["invoke", "echo", "--qualifier", "$LATEST"];
    fixture.run(&latest).success().stderr("version $LATEST\n");
    let folder = fixture.path().join(".sandbox");
    let watched = ::sandbox::client::watch::Watched::mark(&folder, "echo").unwrap();
    let latest = fixture.run(&["invoke", "echo"]).success();
    latest.stderr("version $LATEST\n");
    drop(watched);
    let live = fixture.run(&["invoke", "echo"]).success();
    live.stderr("version 1\n");
    for (qualified, version) in [("echo:$LATEST", "$LATEST"), ("echo:live", "1")] {
        let invoked = fixture.run(&["invoke", qualified, "hello"]).success();
        invoked.stderr(format!("version {version}\n"));
    }
    let said = contains("there is no echo:7");
    for absent in [
        &["invoke", "echo", "--qualifier", "7"][..],
        &["invoke", "echo:7"],
    ] {
        fixture.run(absent).code(2).stderr(said.clone());
    }
    let both = ["invoke", "echo:live", "--qualifier", "1"];
    fixture.run(&both).code(2).stderr(contains("which one"));
}

#[test]
fn a_function_that_fails_is_told_from_an_invocation_that_cannot_be_made() {
    let fixture = Fixture::new();
    let absent = contains("there is no function echo").and(contains("sandbox apply echo"));
    fixture.run(&["invoke", "echo"]).code(2).stderr(absent);
    fixture.run(&["apply", "echo"]).success();

    let failed = fixture.run(&["invoke", "echo", r#"{"fail":true}"#]);
    let said = contains("version $LATEST failed (Unhandled): ").and(contains("asked to fail"));
    failed.code(1).stdout("").stderr(said);

    let missing = contains("no file goodbye").and(contains("dist/echo/events has hello.json"));
    let invoked = fixture.run(&["invoke", "echo", "goodbye"]);
    invoked.code(2).stdout("").stderr(missing);
    let invoked = fixture.run(&["invoke", "echo", "{no JSON"]);
    let said = contains("cannot invoke echo:$LATEST").and(contains("Could not parse"));
    invoked.code(2).stdout("").stderr(said);
}
