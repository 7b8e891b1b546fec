//! Functions that cannot be started, or fail while they start.

use serde_json::json;

use crate::common::{Sandbox, eventually, foreign, host, probe_zip, script_zip, zip};

#[tokio::test]
async fn a_function_that_never_asks_for_an_event_times_out() {
    let sandbox = Sandbox::start().await;
    sandbox.create(host(), script_zip("exec sleep 600")).await;
    sandbox.limit_to_one_second().await;
    let error = sandbox.error(json!({})).await;
    assert_eq!(error["errorType"], json!("Sandbox.Timedout"));
    assert!(
        sandbox.logs().contains("Phase: init\tStatus: timeout"),
        "{}",
        sandbox.logs()
    );
    eventually("no process is left", async || sandbox.processes() == 0).await;
}

#[tokio::test]
async fn a_function_that_exits_while_it_initialises_is_tried_twice() {
    let sandbox = Sandbox::start().await;
    sandbox
        .create(host(), script_zip("echo once; exit 4"))
        .await;
    let error = sandbox.error(json!({})).await;
    assert_eq!(error["errorType"], json!("Runtime.ExitError"));
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .ends_with("exit status 4"),
        "{error}"
    );
    assert_eq!(
        sandbox.logs().matches("once").count(),
        2,
        "{}",
        sandbox.logs()
    );
}

#[tokio::test]
async fn an_initialisation_error_reaches_the_caller_as_it_was_posted() {
    let sandbox = Sandbox::start().await;
    let script = r#"curl -sS -d '{"errorType":"Own","errorMessage":"no config"}' \
        "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/init/error"; sleep 600"#;
    sandbox.create(host(), script_zip(script)).await;
    assert_eq!(
        sandbox.error(json!({})).await,
        json!({"errorType": "Own", "errorMessage": "no config"})
    );
}

#[tokio::test]
async fn a_zip_without_a_usable_bootstrap_fails_when_it_is_invoked() {
    for (package, why) in [
        (
            zip(&[("main", 0o755, b"x")]),
            "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
        ),
        (
            zip(&[("bootstrap", 0o644, b"#!/bin/sh\n")]),
            "fork/exec /var/task/bootstrap: permission denied",
        ),
        (
            zip(&[("bootstrap", 0o755, b"\x7fELF not for this machine")]),
            "fork/exec /var/task/bootstrap: exec format error",
        ),
    ] {
        let sandbox = Sandbox::start().await;
        sandbox.create(host(), package).await;
        let error = sandbox.error(json!({})).await;
        assert_eq!(error["errorType"], json!("Runtime.InvalidEntrypoint"));
        assert!(
            error["errorMessage"].as_str().unwrap().ends_with(why),
            "{error}"
        );
        assert_eq!(sandbox.processes(), 0);
    }
}

#[tokio::test]
async fn code_for_the_other_architecture_is_not_run_as_if_it_were_the_right_one() {
    let sandbox = Sandbox::start().await;
    sandbox.create(foreign(), probe_zip()).await;
    let error = sandbox.error(json!({})).await;
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .ends_with("exec format error"),
        "{error}"
    );
}

#[tokio::test]
async fn without_an_emulator_the_error_names_what_to_install() {
    let sandbox = Sandbox::start_with(|options| {
        options.emulators.arm64 = Some("/nonexistent/qemu".into());
        options.emulators.x86_64 = Some("/nonexistent/qemu".into());
    })
    .await;
    // Machine code of the other architecture, as far as its header says.
    let machine = if foreign().as_str() == "arm64" {
        183
    } else {
        62
    };
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
    elf.resize(18, 0);
    elf.extend([machine, 0]);
    sandbox
        .create(foreign(), zip(&[("bootstrap", 0o755, &elf)]))
        .await;
    let error = sandbox.error(json!({})).await;
    assert_eq!(error["errorType"], json!("Sandbox.NoEmulator"));
    let message = error["errorMessage"].as_str().unwrap();
    assert!(
        message.contains("apt-get install qemu-user-static libc6-"),
        "{message}"
    );
}
