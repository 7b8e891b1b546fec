//! `sandbox logs`, run as a user runs it. For the order of lines see `client/logs.rs`.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
};

use crate::common::program;
use predicates::{prelude::*, str::contains};
use program::{Fixture, Running, sandbox};

/// Lets `echo` print a line.
fn print(fixture: &Fixture, line: &str) {
    let event = serde_json::json!({"print": line}).to_string();
    fixture.run(&["invoke", "echo", &event]).success();
}

#[test]
fn the_lines_of_a_function_and_of_one_version() {
    let fixture = Fixture::new().with_live();
    print(&fixture, "first");
    let event = r#"{"print":"second"}"#;
    let latest = ["invoke", "echo", event, "--qualifier", "$LATEST"];
    fixture.run(&latest).success();
    print(&fixture, "third");

    let logs = |arguments: &[&str]| {
        let arguments = [&["logs", "echo"], arguments].concat();
        let logs = fixture.run(&arguments).success().stderr("");
        String::from_utf8(logs.get_output().stdout.clone()).unwrap()
    };
    let said = |logs: &str| {
        let lines = logs.lines().filter(|line| !line.contains("RequestId"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let all = logs(&[]);
    assert_eq!(said(&all), ["first", "second", "third"]);
    assert_eq!(all.matches("\nREPORT RequestId: ").count(), 3, "{all}");
    let last = all.lines().rev().take(2).collect::<Vec<_>>();
    let two = logs(&["-n", "2"]);
    assert_eq!(two.lines().rev().collect::<Vec<_>>(), last);
    assert_eq!(said(&logs(&["--version", "1"])), ["first", "third"]);
    assert_eq!(said(&logs(&["--version", "$LATEST"])), ["second"]);
    let absent = contains("version 2 of echo has not run").and(contains("$LATEST, 1"));
    let logs = fixture.run(&["logs", "echo", "--version", "2"]);
    logs.code(2).stderr(absent);
}

#[test]
fn a_function_that_is_not_there_is_told_from_one_that_has_not_run() {
    let fixture = Fixture::new();
    let none = contains("there are no functions in .sandbox");
    fixture.run(&["logs", "echo"]).code(2).stderr(none);
    fixture.run(&["apply", "echo"]).success();
    for follow in [&["logs", "ecco"][..], &["logs", "-f", "ecco"]] {
        let absent = contains("there is no function ecco: there is echo");
        fixture.run(follow).code(2).stderr(absent);
    }
    let not_yet = contains("echo has not run yet");
    fixture.run(&["logs", "echo"]).code(2).stderr(not_yet);
}

#[test]
fn new_lines_follow_until_nobody_reads_them() {
    let fixture = Fixture::new();
    fixture.run(&["apply", "echo"]).success();
    let mut logs = sandbox(fixture.path());
    logs.args(["logs", "--follow", "echo"]);
    logs.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut logs = Running(logs.spawn().unwrap());
    let mut lines = BufReader::new(logs.0.stdout.take().unwrap()).lines();
    for line in ["first", "second"] {
        print(&fixture, line);
        let found = lines.by_ref().find(|read| read.as_ref().unwrap() == line);
        assert!(found.is_some(), "it ended before {line}");
    }
    drop(lines);
    print(&fixture, "third");
    assert!(logs.0.wait().unwrap().success());
    let mut said = String::new();
    logs.0
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(said, "");
}
