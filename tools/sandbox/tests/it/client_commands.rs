//! The subcommands that talk to a running sandbox, run as a user runs them. For `traffic` see `traffic.rs`.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

use crate::common::program;
use predicates::{prelude::*, str::contains};
use program::{Fixture, built, run};
use serde_json::{Value, json};

#[test]
fn without_a_sandbox_every_command_says_how_to_start_one() {
    let folder = built();
    for arguments in [
        &["apply", "echo"][..],
        &["fault", "echo"],
        &["invoke", "echo"],
        &["test", "echo"],
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
    fixture.change_manifest(|manifest| manifest["memory_mib"] = json!(256));
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
    // Whatever the shell's region.
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:echo";
    assert_eq!(shown["FunctionArn"], arn);
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
fn apply_and_test_of_a_function_that_was_not_built_name_the_build() {
    let fixture = Fixture::new();
    for command in ["apply", "test"] {
        let said = contains("dist/absent/function.json").and(contains("scripts/build.sh absent"));
        fixture.run(&[command, "absent"]).code(2).stderr(said);
    }
}

#[test]
fn test_says_whether_both_builds_answer_as_expected() {
    let fixture = Fixture::new();
    let expect = |event: &str, answer: &str| {
        let file = format!("dist/echo/events/{event}.expected.json");
        std::fs::write(fixture.path().join(file), answer).unwrap();
    };
    fixture.run(&["test", "echo"]).success().stdout(contains(
        "hello.json: same answer of both builds, no expected answer\n",
    ));

    let fails = fixture.path().join("dist/echo/events/fails.json");
    std::fs::write(fails, r#"{"fail":true}"#).unwrap();
    expect("fails", r#"{"errorType":"Asked"}"#);
    expect("hello", r#"{"hello":1}"#);
    let all = "fails.json: as expected\nhello.json: as expected\n\
        x86_64 and arm64 answer alike to all 2 sample events, and as expected\n";
    fixture
        .run(&["test", "echo"])
        .success()
        .stdout(contains(all));

    expect("hello", r#"{"hello":2}"#);
    let wrong = "hello.json: wrong or different\n  at /hello\n    expected  2\n    x86_64    1\n    arm64     1\n";
    fixture
        .run(&["test", "echo"])
        .code(1)
        .stdout(contains(wrong));
}

#[test]
fn test_publishes_nothing_and_leaves_live_alone() {
    let fixture = Fixture::new().with_live();
    let status = || {
        String::from_utf8(
            fixture
                .run(&["status"])
                .success()
                .get_output()
                .stdout
                .clone(),
        )
    };
    let before = status().unwrap();
    assert!(before.contains("echo: 1 versions, live -> 1"), "{before}");
    fixture.run(&["test", "echo"]).success();
    assert_eq!(status().unwrap(), before);
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
fn faults_of_services_are_set_listed_and_cleared() {
    let fixture = Fixture::new();
    let run = |arguments: &[&str]| fixture.run(&[&["service-fault"], arguments].concat());
    run(&[]).success().stdout("no faults of services\n");
    let faults = [
        "dynamodb:PutItem:throttle=5%",
        "sqs:*:latency=20ms",
        "cloudwatch:AWS/Lambda:latency=60000ms",
    ];
    let all = format!("{}\n", faults.join(" "));
    run(&faults).success().stdout(all.clone());
    run(&[]).success().stdout(all);
    let rest = format!("{}\n", faults[1..].join(" "));
    run(&["dynamodb:PutItem:throttle=0%"])
        .success()
        .stdout(rest);
    run(&["--clear"])
        .success()
        .stdout("no faults of services\n");
    let wrong = contains("unknown service \"s3\"");
    run(&["s3:PutObject:errors=5%"]).code(2).stderr(wrong);
}

#[test]
fn a_fault_of_what_a_version_calls_names_its_number_and_one_for_nobody_is_refused() {
    let fixture = Fixture::new().with_live();
    let run = |fault: &str| fixture.run(&["service-fault", fault]);
    let number = "dynamodb:*:denied=5%@echo:1\n";
    run("dynamodb:*:denied=5%@echo:live")
        .success()
        .stdout(number);
    for nobody in ["ecko", "echo:7", "echo:arm64"] {
        let absent = contains(format!("there is no {nobody}"));
        run(&format!("dynamodb:*:denied=5%@{nobody}"))
            .code(2)
            .stderr(absent);
    }
}

#[test]
fn a_function_behind_http_shows_its_url() {
    let fixture = Fixture::new();
    fixture.change_manifest(|manifest| manifest["trigger"] = json!({"kind": "http"}));
    let applied = contains("trigger of echo: http://127.0.0.1:").and(contains(" invokes live"));
    fixture.run(&["apply", "echo"]).success().stdout(applied);
    let shown = contains("echo: 0 versions, http://127.0.0.1:");
    fixture.run(&["status"]).success().stdout(shown);
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

#[test]
fn the_controller_is_published_and_its_live_follows_what_was_built() {
    let fixture = Fixture::new();
    fixture.change_manifest(|manifest| manifest["trigger"] = json!({"kind": "controller"}));
    let applied = fixture.run(&["apply", "echo"]).success();
    applied.stdout(contains("live is version 1").and(contains(
        "alarms named *-live-candidate invoke live, a tick each second invokes live",
    )));
    let again = fixture.run(&["apply", "echo"]).success();
    again.stdout(contains("live is version 1"));
    fixture.change_manifest(|manifest| manifest["memory_mib"] = json!(256));
    let changed = fixture.run(&["apply", "echo"]).success();
    changed.stdout(contains("live is version 2"));
    fixture
        .run(&["delete", "echo"])
        .success()
        .stdout("echo: deleted\n");
    fixture
        .run(&["delete", "echo"])
        .success()
        .stdout("echo: was not there\n");
}

#[test]
fn events_are_printed_in_a_line_each_or_as_a_target_gets_them() {
    let fixture = Fixture::new();
    fixture.run(&["events"]).success().stdout("");
    let entry =
        json!([{"Source": "shop", "DetailType": "Sold", "Detail": "{\"n\": 3}", "Time": 0}]);
    fixture.aws(&["events", "put-events", "--entries", &entry.to_string()]);
    let line = "1970-01-01T00:00:00Z shop \"Sold\" {\"n\":3}\n";
    fixture.run(&["events"]).success().stdout(line);
    let whole = fixture.run(&["events", "--json"]).success();
    let whole: Value = serde_json::from_slice(&whole.get_output().stdout).unwrap();
    assert_eq!(whole["detail-type"], "Sold");
    assert_eq!(whole["account"], "000000000000");
}
