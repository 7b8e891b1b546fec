//! Invocations: answers, errors in Lambda's words, the life of environments, weighted routing.

mod common;

use std::time::Duration;

use aws_sdk_lambda::{
    primitives::Blob,
    types::{AliasRoutingConfiguration, InvocationType, LogType},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use common::{
    FUNCTION, Sandbox, does, eventually, foreign, host, is_alive, payload, refusal, script_zip, zip,
};
use sandbox::faults::FaultPlan;
use serde_json::{Value, json};
use statrs::distribution::{Binomial, DiscreteCDF as _};

#[tokio::test]
async fn a_function_answers_its_event_and_says_which_version_ran() {
    let sandbox = Sandbox::with_probe().await;
    let event = json!({"do": "echo", "text": "ä"});
    let output = sandbox.ask(&event).send().await.unwrap();
    assert_eq!(
        (output.status_code, output.executed_version.as_deref()),
        (200, Some("$LATEST"))
    );
    assert_eq!(payload(&output), event);
}

#[tokio::test]
async fn the_context_is_lambdas() {
    let sandbox = Sandbox::with_probe().await;
    sandbox.publish().await;
    let create = sandbox
        .lambda
        .create_alias()
        .function_name(FUNCTION)
        .name("live");
    create.function_version("1").send().await.unwrap();
    let output = sandbox
        .ask(&does("context"))
        .qualifier("live")
        .send()
        .await
        .unwrap();
    let context = payload(&output);
    assert_eq!(
        context["arn"],
        json!("arn:aws:lambda:us-east-1:000000000000:function:probe:live")
    );
    assert_eq!(
        (&context["version"], &context["memory_mib"]),
        (&json!("1"), &json!(128))
    );
    let request_id = aws_sdk_lambda::operation::RequestId::request_id(&output);
    assert_eq!(context["request_id"].as_str(), request_id);
    let left_ms = context["deadline_ms"].as_i64().unwrap() - chrono::Utc::now().timestamp_millis();
    assert!((0..=3000).contains(&left_ms), "{left_ms}");
    assert!(
        context["trace"].as_str().unwrap().starts_with("Root=1-"),
        "{context}"
    );
}

#[tokio::test]
async fn a_function_sees_lambdas_environment_and_nothing_of_the_hosts() {
    let sandbox = Sandbox::with_probe().await;
    let answer = sandbox.answer(does("env")).await;
    let variables = answer["variables"].as_object().unwrap();
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", "probe"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/probe"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_REGION", "us-east-1"),
        ("_HANDLER", "bootstrap"),
        ("TZ", ":UTC"),
        ("AWS_ENDPOINT_URL", &sandbox.endpoint),
    ] {
        assert_eq!(
            variables.get(name).and_then(Value::as_str),
            Some(value),
            "{name}"
        );
    }
    assert_eq!(variables.get("LAMBDA_TASK_ROOT"), Some(&answer["folder"]));
    for name in ["HOME", "CARGO_MANIFEST_DIR", "USER", "RUST_BACKTRACE"] {
        assert!(!variables.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn one_environment_serves_one_event_after_the_other() {
    let sandbox = Sandbox::with_probe().await;
    let first = sandbox.answer(does("who")).await;
    for earlier in 1..20 {
        assert_eq!(
            sandbox.answer(does("who")).await,
            json!({"pid": first["pid"], "earlier": earlier})
        );
    }
    assert_eq!(sandbox.processes(), 1);
}

#[tokio::test]
async fn events_at_the_same_time_get_environments_of_their_own() {
    let sandbox = Sandbox::with_probe().await;
    let event = json!({"do": "sleep", "ms": 1000});
    let (one, two, three) = tokio::join!(
        sandbox.answer(event.clone()),
        sandbox.answer(event.clone()),
        sandbox.answer(event.clone())
    );
    assert!(one["pid"] != two["pid"] && two["pid"] != three["pid"] && one["pid"] != three["pid"]);
    assert_eq!(sandbox.processes(), 3);
}

#[tokio::test]
async fn with_all_environments_busy_the_next_event_is_throttled() {
    let sandbox = Sandbox::start_with(|options| options.max_environments = 2).await;
    sandbox.create(host(), common::probe_zip()).await;
    let event = json!({"do": "sleep", "ms": 1500});
    let busy = async { tokio::join!(sandbox.answer(event.clone()), sandbox.answer(event.clone())) };
    let third = async {
        eventually("both are busy", async || sandbox.processes() == 2).await;
        refusal(sandbox.ask(&does("who")).send().await)
    };
    let (_, (kind, status, message)) = tokio::join!(busy, third);
    assert_eq!((kind.as_str(), status), ("TooManyRequestsException", 429));
    assert_eq!(message, "Rate Exceeded.");
    sandbox.answer(does("who")).await;
}

#[tokio::test]
async fn an_idle_environment_gives_way_to_another_version() {
    let sandbox = Sandbox::start_with(|options| options.max_environments = 1).await;
    sandbox.create(host(), common::probe_zip()).await;
    let latest = sandbox.answer(does("who")).await;
    let version = sandbox.publish().await;
    let output = sandbox
        .ask(&does("who"))
        .qualifier(version)
        .send()
        .await
        .unwrap();
    assert_ne!(payload(&output)["pid"], latest["pid"]);
    let pid = latest["pid"].as_u64().unwrap();
    eventually("the idle process is gone", async || !is_alive(pid)).await;
}

#[tokio::test]
async fn an_idle_environment_is_stopped_after_a_while() {
    let sandbox =
        Sandbox::start_with(|options| options.idle_limit = Duration::from_millis(10)).await;
    sandbox.create(host(), common::probe_zip()).await;
    sandbox.answer(does("who")).await;
    eventually("no process is left", async || sandbox.processes() == 0).await;
}

#[tokio::test]
async fn an_update_of_latest_is_what_runs_next() {
    let sandbox = Sandbox::with_probe().await;
    let before = sandbox.answer(does("who")).await;
    let update = sandbox
        .lambda
        .update_function_configuration()
        .function_name(FUNCTION);
    let variables = aws_sdk_lambda::types::Environment::builder()
        .variables("COLOUR", "blue")
        .build();
    update.environment(variables).send().await.unwrap();
    assert_ne!(sandbox.answer(does("who")).await["pid"], before["pid"]);
    assert_eq!(
        sandbox.answer(does("env")).await["variables"]["COLOUR"],
        json!("blue")
    );
}

#[tokio::test]
async fn a_handler_error_reaches_the_caller_as_it_was_posted() {
    let sandbox = Sandbox::with_probe().await;
    let error = sandbox.error(does("error")).await;
    assert_eq!(
        error,
        json!({"errorType": "Probe", "errorMessage": "asked to fail"})
    );
    // The process lives on.
    assert_eq!(sandbox.answer(does("who")).await["earlier"], json!(1));
}

#[tokio::test]
async fn a_panic_is_an_error_that_names_its_message() {
    let sandbox = Sandbox::with_probe().await;
    let error = sandbox.error(does("panic")).await;
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .contains("asked to panic"),
        "{error}"
    );
}

#[tokio::test]
async fn a_process_that_ends_is_an_exit_error_and_is_replaced() {
    let sandbox = Sandbox::with_probe().await;
    for (event, how) in [
        (
            json!({"do": "exit", "code": 3}),
            "Runtime exited with error: exit status 3",
        ),
        (
            json!({"do": "exit", "code": 0}),
            "Runtime exited without providing a reason",
        ),
        (does("abort"), "Runtime exited with error: signal: aborted"),
    ] {
        let before = sandbox.answer(does("who")).await;
        let error = sandbox.error(event).await;
        assert_eq!(error["errorType"], json!("Runtime.ExitError"));
        let message = error["errorMessage"].as_str().unwrap();
        assert!(
            message.starts_with("RequestId: ") && message.ends_with(&format!(" Error: {how}")),
            "{message}"
        );
        let after = sandbox.answer(does("who")).await;
        assert_ne!(after["pid"], before["pid"]);
    }
}

#[tokio::test]
async fn a_process_that_died_while_idle_is_replaced_unseen() {
    let sandbox = Sandbox::with_probe().await;
    for _ in 0..3 {
        let pid = sandbox.answer(does("who")).await["pid"].as_u64().unwrap();
        sandbox::environments::process::kill_group(pid.try_into().unwrap());
        eventually("its death is noticed", async || sandbox.processes() == 0).await;
        assert_eq!(sandbox.answer(does("who")).await["earlier"], json!(0));
    }
}

#[tokio::test]
async fn at_the_time_limit_the_process_is_killed_with_all_that_it_started() {
    let sandbox = Sandbox::with_probe().await;
    let update = sandbox
        .lambda
        .update_function_configuration()
        .function_name(FUNCTION);
    update.timeout(1).send().await.unwrap();
    let process = sandbox.answer(does("who")).await["pid"].as_u64().unwrap();
    let child = sandbox.answer(does("spawn")).await["pid"].as_u64().unwrap();
    assert!(is_alive(process) && is_alive(child));
    let error = sandbox.error(json!({"do": "sleep", "ms": 60_000})).await;
    assert_eq!(error["errorType"], json!("Sandbox.Timedout"));
    let message = error["errorMessage"].as_str().unwrap();
    assert!(
        message.ends_with("Error: Task timed out after 1.00 seconds"),
        "{message}"
    );
    eventually("both are gone", async || {
        !is_alive(process) && !is_alive(child)
    })
    .await;
    assert!(
        sandbox.logs().contains("Status: timeout"),
        "{}",
        sandbox.logs()
    );
}

#[tokio::test]
async fn a_function_that_never_asks_for_an_event_times_out() {
    let sandbox = Sandbox::start().await;
    sandbox.create(host(), script_zip("exec sleep 600")).await;
    let update = sandbox
        .lambda
        .update_function_configuration()
        .function_name(FUNCTION);
    update.timeout(1).send().await.unwrap();
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
async fn a_response_that_is_no_json_is_passed_on_as_it_is() {
    let sandbox = Sandbox::start().await;
    let script = r#"
        api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
        while true; do
            id=$(curl -sS -D - -o /dev/null "$api/next" | tr -d '\r' | sed -n 's/^lambda-runtime-aws-request-id: //Ip')
            curl -sS -o /dev/null -d 'no { json' "$api/$id/response"
        done"#;
    sandbox.create(host(), script_zip(script)).await;
    for _ in 0..3 {
        let output = sandbox.ask(&json!({})).send().await.unwrap();
        assert_eq!(output.payload.unwrap().as_ref(), b"no { json");
        assert_eq!(output.function_error, None);
    }
    assert_eq!(sandbox.processes(), 1);
}

#[tokio::test]
async fn too_large_a_response_is_an_error_of_the_function() {
    let sandbox = Sandbox::with_probe().await;
    // With its quotes exactly at the limit, and one byte above.
    let limit = 6 * 1024 * 1024 + 100;
    let fits = sandbox
        .answer(json!({"do": "big", "bytes": limit - 2}))
        .await;
    assert_eq!(fits.as_str().unwrap().len(), limit - 2);
    let error = sandbox
        .error(json!({"do": "big", "bytes": limit - 1}))
        .await;
    assert_eq!(
        error,
        json!({
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        })
    );
}

#[tokio::test]
async fn too_large_an_event_and_one_that_is_no_json_are_refused() {
    let sandbox = Sandbox::with_probe().await;
    let send = |kind: InvocationType, event: String| {
        sandbox
            .lambda
            .invoke()
            .function_name(FUNCTION)
            .invocation_type(kind)
            .payload(Blob::new(event))
            .send()
    };
    let event = |bytes: usize| format!(r#"{{"do":"who","x":"{}"}}"#, "x".repeat(bytes - 19));
    let limit = 6 * 1024 * 1024;
    assert_eq!(event(limit).len(), limit);
    assert!(
        send(InvocationType::RequestResponse, event(limit))
            .await
            .is_ok()
    );
    let (kind, status, message) =
        refusal(send(InvocationType::RequestResponse, event(limit + 1)).await);
    assert_eq!((kind.as_str(), status), ("RequestTooLargeException", 413));
    assert_eq!(
        message,
        "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"
    );
    let (kind, status, _) = refusal(send(InvocationType::Event, event(1024 * 1024 + 1)).await);
    assert_eq!((kind.as_str(), status), ("RequestTooLargeException", 413));
    let (kind, status, message) =
        refusal(send(InvocationType::RequestResponse, "{".to_owned()).await);
    assert_eq!(
        (kind.as_str(), status),
        ("InvalidRequestContentException", 400)
    );
    assert!(
        message.starts_with("Could not parse request body into json"),
        "{message}"
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
    sandbox.create(foreign(), common::probe_zip()).await;
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

#[tokio::test]
async fn the_tail_of_the_log_has_the_output_between_lambdas_lines() {
    let sandbox = Sandbox::with_probe().await;
    let event = json!({"do": "print", "text": "hello from the function"});
    let output = sandbox
        .ask(&event)
        .log_type(LogType::Tail)
        .send()
        .await
        .unwrap();
    let log = String::from_utf8(BASE64.decode(output.log_result().unwrap()).unwrap()).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert!(
        lines[0].starts_with("START RequestId: ") && lines[0].ends_with(" Version: $LATEST"),
        "{log}"
    );
    assert_eq!(lines[1], "hello from the function");
    assert!(lines[2].starts_with("END RequestId: "), "{log}");
    for part in [
        "REPORT RequestId: ",
        "\tBilled Duration: ",
        "\tMemory Size: 128 MB",
        "\tInit Duration: ",
    ] {
        assert!(lines[3].contains(part), "{part}: {log}");
    }
    // The second one is warm.
    let output = sandbox
        .ask(&event)
        .log_type(LogType::Tail)
        .send()
        .await
        .unwrap();
    let log = String::from_utf8(BASE64.decode(output.log_result().unwrap()).unwrap()).unwrap();
    assert!(
        log.contains("REPORT") && !log.contains("Init Duration"),
        "{log}"
    );
    assert_eq!(sandbox.ask(&event).send().await.unwrap().log_result, None);
}

#[tokio::test]
async fn peak_memory_is_what_the_function_used() {
    let sandbox = Sandbox::with_probe().await;
    let output = sandbox
        .ask(&json!({"do": "allocate", "mib": 100}))
        .log_type(LogType::Tail)
        .send()
        .await
        .unwrap();
    let log = String::from_utf8(BASE64.decode(output.log_result().unwrap()).unwrap()).unwrap();
    let (_, rest) = log.split_once("Max Memory Used: ").unwrap();
    let used: u64 = rest.split_once(" MB").unwrap().0.parse().unwrap();
    assert!((100..200).contains(&used), "{used}");
}

#[tokio::test]
async fn every_environment_has_a_temporary_folder_of_its_own_as_long_as_it_lives() {
    let sandbox = Sandbox::with_probe().await;
    let first = sandbox.answer(does("write_temporary")).await;
    assert_eq!(first["files_before"], json!(0));
    assert_eq!(
        sandbox.answer(does("write_temporary")).await["files_before"],
        json!(1)
    );
    sandbox.error(json!({"do": "exit", "code": 1})).await;
    let second = sandbox.answer(does("write_temporary")).await;
    assert_eq!(second["files_before"], json!(0));
    assert_ne!(first["folder"], second["folder"]);
    assert!(!std::path::Path::new(first["folder"].as_str().unwrap()).exists());
}

#[tokio::test]
async fn an_asynchronous_event_runs_later_and_is_tried_again_after_errors() {
    let sandbox = Sandbox::with_probe().await;
    let event = sandbox
        .ask(&does("error"))
        .invocation_type(InvocationType::Event)
        .send()
        .await
        .unwrap();
    assert_eq!((event.status_code, event.function_error), (202, None));
    eventually("three attempts", async || {
        sandbox.logs().matches("END RequestId: ").count() == 3
    })
    .await;
    let dry = sandbox
        .ask(&does("error"))
        .invocation_type(InvocationType::DryRun)
        .send()
        .await
        .unwrap();
    assert_eq!(dry.status_code, 204);
}

#[tokio::test]
async fn the_weight_of_an_alias_is_the_share_of_its_invocations() {
    const INVOCATIONS: u64 = 10_000;
    const WEIGHT: f64 = 0.05;
    let sandbox = Sandbox::with_probe().await;
    sandbox.publish().await;
    sandbox.change("candidate").await;
    sandbox.publish().await;
    let routing = AliasRoutingConfiguration::builder()
        .additional_version_weights("2", WEIGHT)
        .build();
    let create = sandbox
        .lambda
        .create_alias()
        .function_name(FUNCTION)
        .name("live")
        .function_version("1");
    create.routing_config(routing).send().await.unwrap();
    let (mut candidate, event) = (0, does("echo"));
    for _ in 0..INVOCATIONS / 4 {
        let invoke = || sandbox.ask(&event).qualifier("live").send();
        let (a, b, c, d) = tokio::join!(invoke(), invoke(), invoke(), invoke());
        for output in [a, b, c, d] {
            candidate += u64::from(output.unwrap().executed_version.as_deref() == Some("2"));
        }
    }
    let expected = Binomial::new(WEIGHT, INVOCATIONS).unwrap();
    let (low, high) = (expected.inverse_cdf(0.0005), expected.inverse_cdf(0.9995));
    assert!(
        (low..=high).contains(&candidate),
        "{candidate} is outside {low}..={high}"
    );
}

#[tokio::test]
async fn injected_faults_look_as_real_ones_and_stop_when_cleared() {
    let sandbox = Sandbox::with_probe().await;
    sandbox
        .inject(FaultPlan {
            errors: 1.0,
            ..FaultPlan::default()
        })
        .await;
    assert_eq!(
        sandbox.error(does("who")).await["errorType"],
        json!("Sandbox.InjectedError")
    );

    sandbox
        .inject(FaultPlan {
            crash: 1.0,
            ..FaultPlan::default()
        })
        .await;
    let error = sandbox.error(does("who")).await;
    assert_eq!(error["errorType"], json!("Runtime.ExitError"));
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .ends_with("signal: killed"),
        "{error}"
    );

    sandbox
        .inject(FaultPlan {
            throttle: 1.0,
            ..FaultPlan::default()
        })
        .await;
    assert_eq!(refusal(sandbox.ask(&does("who")).send().await).1, 429);

    sandbox
        .inject(FaultPlan {
            latency_ms: 250,
            ..FaultPlan::default()
        })
        .await;
    let output = sandbox
        .ask(&does("who"))
        .log_type(LogType::Tail)
        .send()
        .await
        .unwrap();
    let log = String::from_utf8(BASE64.decode(output.log_result().unwrap()).unwrap()).unwrap();
    let (_, rest) = log.split_once("\tDuration: ").unwrap();
    let duration_ms: f64 = rest.split_once(" ms").unwrap().0.parse().unwrap();
    assert!(duration_ms >= 250.0, "{log}");

    sandbox.inject(FaultPlan::default()).await;
    sandbox.answer(does("who")).await;
}

#[tokio::test]
async fn an_injected_share_hits_that_share_of_invocations() {
    let sandbox = Sandbox::with_probe().await;
    sandbox
        .inject(FaultPlan {
            errors: 0.2,
            ..FaultPlan::default()
        })
        .await;
    let mut errors = 0;
    for _ in 0..1000 {
        errors += u64::from(
            sandbox
                .ask(&does("echo"))
                .send()
                .await
                .unwrap()
                .function_error
                .is_some(),
        );
    }
    let expected = Binomial::new(0.2, 1000).unwrap();
    let (low, high) = (expected.inverse_cdf(0.0005), expected.inverse_cdf(0.9995));
    assert!(
        (low..=high).contains(&errors),
        "{errors} is outside {low}..={high}"
    );
}

#[tokio::test]
async fn latency_beyond_the_time_limit_is_a_timeout() {
    let sandbox = Sandbox::with_probe().await;
    let update = sandbox
        .lambda
        .update_function_configuration()
        .function_name(FUNCTION);
    update.timeout(1).send().await.unwrap();
    sandbox
        .inject(FaultPlan {
            latency_ms: 2000,
            ..FaultPlan::default()
        })
        .await;
    assert_eq!(
        sandbox.error(does("who")).await["errorType"],
        json!("Sandbox.Timedout")
    );
}

#[tokio::test]
async fn a_stopped_sandbox_leaves_no_process() {
    let mut sandbox = Sandbox::with_probe().await;
    let idle = sandbox.answer(does("who")).await["pid"].as_u64().unwrap();
    let child = sandbox.answer(does("spawn")).await["pid"].as_u64().unwrap();
    assert!(is_alive(idle) && is_alive(child));
    sandbox.stop().await;
    assert!(!is_alive(idle));
    eventually("its child is gone too", async || !is_alive(child)).await;
}
