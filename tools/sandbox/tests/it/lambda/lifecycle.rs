//! What processes do between their events and at their end: freeze, work after the answer, extensions, shutdown.

use std::{path::Path, time::Duration};

use aws_sdk_lambda::types::Environment;
use serde_json::{Value, json};

use crate::common::{
    FUNCTION, Sandbox, client, create_function, does, eventually, host, is_alive, is_stopped,
    payload, probe_zip, zip,
};

/// A runtime that answers `{"pid"}`, and then, before it asks for its next event, does what the event says: waits for a
/// file, or exits. With `EXTENSION` in its environment an extension does so instead.
const WORKS_AFTER: &str = r#"#!/usr/bin/env python3
import http.client, json, os, threading, time

def call(method, path, body=None, headers={}):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    return response, response.read()

def work(event):
    if "file" in event:
        while not os.path.exists(event["file"]):
            time.sleep(0.01)
        print("worked after the answer", flush=True)
    if event.get("exit"):
        os._exit(3)

events = {}

def extension(id):
    while True:
        _, body = call("GET", "/2020-01-01/extension/event/next", headers=id)
        invoke = json.loads(body)
        print("extension got", json.dumps(invoke), flush=True)
        while invoke["requestId"] not in events:
            time.sleep(0.001)
        work(events.pop(invoke["requestId"]))

extends = os.environ.get("EXTENSION")
if extends:
    name = {"Lambda-Extension-Name": "after", "Lambda-Extension-Accept-Feature": "accountId"}
    refused, body = call("POST", "/2020-01-01/extension/register", '{"events":["SHUTDOWN"]}', name)
    print("refused", refused.status, body.decode(), flush=True)
    registered, body = call("POST", "/2020-01-01/extension/register", '{"events":["INVOKE"]}', name)
    print("registered", body.decode(), flush=True)
    id = {"Lambda-Extension-Identifier": registered.headers["Lambda-Extension-Identifier"]}
    if extends == "fails":
        call("POST", "/2020-01-01/extension/init/error", "", id | {"Lambda-Extension-Function-Error-Type": "Own.Kind"})
        os._exit(1)
    threading.Thread(target=extension, args=(id,)).start()

while True:
    invocation, body = call("GET", "/2018-06-01/runtime/invocation/next")
    request, event = invocation.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(body)
    events[request] = event
    call("POST", f"/2018-06-01/runtime/invocation/{request}/response", json.dumps({"pid": os.getpid()}))
    if not extends:
        work(event)
"#;

/// A sandbox with [`WORKS_AFTER`].
async fn works_after(extension: Option<&str>) -> Sandbox {
    let sandbox = Sandbox::start_with(|options| options.init_limit = Duration::from_secs(10)).await;
    let code = zip(&[("bootstrap", 0o755, WORKS_AFTER.as_bytes())]);
    let mut create = create_function(&client(&sandbox.endpoint), code).architectures(host());
    // On a loaded machine another start takes longer than the default.
    create = create.timeout(300);
    if let Some(extension) = extension {
        let variables = Environment::builder().variables("EXTENSION", extension);
        create = create.environment(variables.build());
    }
    create.send().await.unwrap();
    sandbox
}

/// An event whose work after the answer waits for this file.
fn until(file: &Path) -> Value {
    json!({ "file": file })
}

fn count(sandbox: &Sandbox, what: &str) -> usize {
    sandbox.logs().matches(what).count()
}

#[tokio::test]
async fn between_its_events_a_function_is_stopped_with_all_that_it_started() {
    let sandbox = Sandbox::with_probe().await;
    let child = sandbox.answer(does("spawn")).await["pid"].as_u64().unwrap();
    for earlier in 1..4 {
        let who = sandbox.answer(does("who")).await;
        assert_eq!(who["earlier"], json!(earlier));
        let process = who["pid"].as_u64().unwrap();
        eventually("both are stopped", async || {
            is_stopped(process) && is_stopped(child)
        })
        .await;
    }
}

#[tokio::test]
async fn the_answer_does_not_wait_for_work_after_it_and_the_duration_has_it() {
    for extension in [None, Some("works")] {
        let sandbox = works_after(extension).await;
        let file = sandbox.folder.join("go on");
        let first = sandbox.answer(until(&file)).await;
        assert_eq!(count(&sandbox, "REPORT"), 0, "{}", sandbox.logs());
        // Not free yet.
        let second = sandbox.answer(json!({})).await;
        assert_ne!(first["pid"], second["pid"]);
        tokio::time::sleep(Duration::from_millis(100)).await;
        std::fs::write(&file, "").unwrap();
        eventually("both are over", async || count(&sandbox, "REPORT") == 2).await;
        let logs = sandbox.logs();
        let durations = logs.split("\tDuration: ").skip(1);
        let durations = durations.map(|rest| rest.split_once(" ms").unwrap().0.parse().unwrap());
        let longest = durations.fold(0.0, f64::max);
        assert!(longest >= 100.0, "{logs}");
        let worked = logs.find("worked after the answer").unwrap();
        assert!(logs.rfind("REPORT").unwrap() > worked, "{logs}");
    }
}

#[tokio::test]
async fn what_fails_after_the_answer_is_no_part_of_it() {
    let sandbox = works_after(None).await;
    let event = json!({"exit": true});
    let output = sandbox.ask(&event).send().await.unwrap();
    assert_eq!(output.function_error, None, "{}", payload(&output));
    eventually("it has exited", async || {
        count(&sandbox, "Status: error\tError Type: Runtime.ExitError") == 1
    })
    .await;

    sandbox.limit_to_one_second().await;
    let never = until(&sandbox.folder.join("never"));
    let process = sandbox.answer(never).await["pid"].as_u64().unwrap();
    eventually("it is timed out", async || {
        count(&sandbox, "Status: timeout") == 1
    })
    .await;
    eventually("it is gone", async || !is_alive(process)).await;
}

#[tokio::test]
async fn an_extension_gets_every_invocation_and_is_refused_what_lambda_refuses() {
    let sandbox = works_after(Some("works")).await;
    let output = sandbox.ask(&json!({})).send().await.unwrap();
    let logs = sandbox.logs();
    let line = |start: &str| {
        let line = logs.lines().find_map(|line| line.strip_prefix(start));
        line.unwrap_or_else(|| panic!("{start}: {logs}"))
    };
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(
        json(line("refused 403 ")),
        json!({
            "errorType": "Extension.InvalidEventType",
            "errorMessage": "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension",
        })
    );
    assert_eq!(
        json(line("registered ")),
        json!({
            "functionName": FUNCTION,
            "functionVersion": "$LATEST",
            "handler": "bootstrap",
            "accountId": "000000000000",
        })
    );
    let invoke = json(line("extension got "));
    let id = aws_sdk_lambda::operation::RequestId::request_id(&output);
    assert_eq!(invoke["eventType"], json!("INVOKE"));
    assert_eq!(invoke["requestId"].as_str(), id);
    assert_eq!(invoke["tracing"]["type"], json!("X-Amzn-Trace-Id"));
    assert!(invoke["deadlineMs"].is_u64(), "{invoke}");
    let arn = invoke["invokedFunctionArn"].as_str().unwrap();
    assert!(arn.ends_with(":function:probe"), "{arn}");
}

#[tokio::test]
async fn an_extension_that_cannot_initialise_fails_the_function() {
    let sandbox = works_after(Some("fails")).await;
    let error = sandbox.error(json!({})).await;
    assert_eq!(error["errorType"], json!("Extension.InitError"));
}

#[tokio::test]
async fn a_function_with_an_extension_shuts_down_in_order_and_one_without_is_killed() {
    for graceful in [true, false] {
        let mut sandbox = Sandbox::start().await;
        let mut create = create_function(&client(&sandbox.endpoint), probe_zip());
        if graceful {
            let variables = Environment::builder().variables("GRACEFUL", "yes");
            create = create.environment(variables.build());
        }
        create.architectures(host()).send().await.unwrap();
        let process = sandbox.answer(does("who")).await["pid"].as_u64().unwrap();
        // It is frozen: its shutdown thaws it.
        eventually("it is stopped", async || is_stopped(process)).await;
        sandbox.change("another").await;
        eventually("it is gone", async || !is_alive(process)).await;
        assert_eq!(count(&sandbox, "shut down in order"), usize::from(graceful));
        sandbox.answer(does("who")).await;
        sandbox.stop().await;
        let times = 2 * usize::from(graceful);
        assert_eq!(count(&sandbox, "shut down in order"), times);
    }
}
