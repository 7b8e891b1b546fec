//! What a function is told, and what its caller gets.

use aws_sdk_lambda::{
    operation::RequestId as _,
    primitives::Blob,
    types::{
        ApplicationLogLevel, InvocationType, LogFormat, LogType, LoggingConfig, SystemLogLevel,
        TracingConfig, TracingMode,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value, json};

use super::create_live;
use crate::common::{
    FUNCTION, Sandbox, does, eventually, host, payload, refusal, script_zip, tail,
};

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
    create_live(&sandbox, "1").send().await.unwrap();
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
    assert_eq!(context["request_id"].as_str(), output.request_id());
    let left_ms = context["deadline_ms"].as_i64().unwrap() - chrono::Utc::now().timestamp_millis();
    assert!((0..=3000).contains(&left_ms), "{left_ms}");
    assert!(
        context["trace"].as_str().unwrap().starts_with("Root=1-"),
        "{context}"
    );
}

#[tokio::test]
async fn the_callers_trace_and_client_context_reach_the_function() {
    let sandbox = Sandbox::with_probe().await;
    let client = json!({
        "client": {
            "installation_id": "i", "app_title": "t", "app_version_name": "n",
            "app_version_code": "c", "app_package_name": "p",
        },
        "custom": {"colour": "blue"}, "env": {},
    });
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let output = sandbox
        .ask(&does("context"))
        .client_context(BASE64.encode(client.to_string()))
        .customize()
        .mutate_request(move |request| {
            request.headers_mut().insert("X-Amzn-Trace-Id", trace);
        })
        .send()
        .await
        .unwrap();
    let context = payload(&output);
    assert_eq!(context["trace"], json!(trace));
    assert_eq!(context["client"]["custom"], json!({"colour": "blue"}));
    let refused = sandbox.ask(&does("context")).client_context("no base64");
    let (kind, status, _) = refusal(refused.send().await);
    let invalid = "InvalidRequestContentException";
    assert_eq!((kind.as_str(), status), (invalid, 400));
    // Without a caller's, it is sampled when the function asks for that.
    for (mode, sampled) in [(TracingMode::PassThrough, "0"), (TracingMode::Active, "1")] {
        let update = sandbox.lambda.update_function_configuration();
        let tracing = TracingConfig::builder().mode(mode).build();
        let update = update.function_name(FUNCTION).tracing_config(tracing);
        update.send().await.unwrap();
        let context = sandbox.answer(does("context")).await;
        let trace = context["trace"].as_str().unwrap();
        assert!(trace.ends_with(&format!(";Sampled={sampled}")), "{trace}");
    }
}

#[tokio::test]
async fn every_answer_has_the_id_of_its_request_also_a_refusal() {
    let sandbox = Sandbox::with_probe().await;
    let lambda = &sandbox.lambda;
    let id = |id: Option<&str>| id.unwrap().parse::<uuid::Uuid>().unwrap();
    let function = lambda.get_function().function_name(FUNCTION).send().await;
    let first = id(function.unwrap().request_id());
    let list = lambda.list_event_source_mappings().send().await;
    assert_ne!(id(list.unwrap().request_id()), first);
    let missing = lambda.get_function().function_name("nobody").send().await;
    assert_ne!(id(missing.unwrap_err().request_id()), first);
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
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
        ("AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129:2000"),
        ("_AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129"),
        ("_AWS_XRAY_DAEMON_PORT", "2000"),
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
    // As in provided.al2023, with the code's folder for /var/task.
    let root = answer["folder"].as_str().unwrap();
    let libraries =
        format!("/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:{root}:{root}/lib:/opt/lib");
    assert_eq!(variables["LD_LIBRARY_PATH"], json!(libraries));
    for name in ["HOME", "CARGO_MANIFEST_DIR", "USER", "RUST_BACKTRACE"] {
        assert!(!variables.contains_key(name), "{name}");
    }
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
    for number in 1..=3 {
        let output = sandbox.ask(&json!({})).send().await.unwrap();
        assert_eq!(output.payload.unwrap().as_ref(), b"no { json");
        assert_eq!(output.function_error, None);
        // The script takes a while until it asks again.
        eventually("it is free again", async || {
            sandbox.logs().matches("REPORT").count() == number
        })
        .await;
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
async fn the_tail_of_the_log_has_the_output_between_lambdas_lines() {
    let sandbox = Sandbox::with_probe().await;
    let event = json!({"do": "print", "text": "hello from the function"});
    let output = sandbox
        .ask(&event)
        .log_type(LogType::Tail)
        .send()
        .await
        .unwrap();
    let log = tail(&output);
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
    let log = tail(&output);
    assert!(
        log.contains("REPORT") && !log.contains("Init Duration"),
        "{log}"
    );
    assert_eq!(sandbox.ask(&event).send().await.unwrap().log_result, None);
}

#[tokio::test]
async fn a_log_in_json_has_lambdas_records_and_the_functions_lines_by_their_levels() {
    let sandbox = Sandbox::with_probe().await;
    let logging = LoggingConfig::builder()
        .log_format(LogFormat::Json)
        .application_log_level(ApplicationLogLevel::Warn)
        .system_log_level(SystemLogLevel::Debug);
    let update = sandbox.lambda.update_function_configuration();
    let update = update
        .function_name(FUNCTION)
        .logging_config(logging.build());
    update.send().await.unwrap();
    let line = |level: &str| {
        json!({"level": level, "timestamp": "2026-01-31T12:00:00Z", "message": "hello"}).to_string()
    };
    let text = [&line("INFO"), "plain", &line("ERROR"), &line("debug")].join("\n");
    let event = json!({"do": "print", "text": text});
    for cold in [true, false] {
        let output = sandbox.ask(&event).log_type(LogType::Tail);
        let output = output.send().await.unwrap();
        let log = tail(&output);
        let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
        let lines: Vec<Value> = lines.collect();
        let kinds = lines.iter().map(|line| line["type"].as_str());
        let kinds: Vec<_> = kinds.map(|kind| kind.unwrap_or("function")).collect();
        let expected = [
            "platform.start",
            "function",
            "platform.runtimeDone",
            "platform.report",
        ];
        assert_eq!(kinds, expected, "{log}");
        assert_eq!(lines[1]["level"], json!("ERROR"));
        let report = &lines[3]["record"];
        assert_eq!(report["requestId"].as_str(), output.request_id());
        assert_eq!(report["status"], json!("success"));
        let metrics = &report["metrics"];
        assert_eq!(metrics["memorySizeMB"], json!(128));
        assert_eq!(metrics["initDurationMs"].is_number(), cold, "{log}");
    }
    let answer = sandbox.answer(does("env")).await;
    let variables = &answer["variables"];
    assert_eq!(variables["AWS_LAMBDA_LOG_FORMAT"], json!("JSON"));
    assert_eq!(variables["AWS_LAMBDA_LOG_LEVEL"], json!("WARN"));
    sandbox.error(json!({"do": "exit", "code": 3})).await;
    let logs = sandbox.logs();
    let first = logs.lines().next().unwrap();
    let first: Value = serde_json::from_str(first).unwrap();
    assert_eq!(first["type"], json!("platform.initStart"), "{logs}");
    let last: Value = serde_json::from_str(logs.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], json!("platform.report"), "{logs}");
    assert_eq!(last["record"]["errorType"], json!("Runtime.ExitError"));
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
    let log = tail(&output);
    let (_, rest) = log.split_once("Max Memory Used: ").unwrap();
    let used: u64 = rest.split_once(" MB").unwrap().0.parse().unwrap();
    assert!((100..200).contains(&used), "{used}");
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
