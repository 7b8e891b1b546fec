//! Asynchronous invocations whose ends are reported to queues.

use std::time::Duration;

use aws_sdk_lambda::types::InvocationType;
use sandbox::{
    aws::DEFAULT_REGION,
    client::endpoint::sdk_config,
    execution::faults::FaultPlan,
    server::{Options, Server},
    services::lambda::{
        Lambda,
        model::{event_invoke::EventInvokeSettings, function::Function},
    },
};
use serde_json::{Value, json};

use crate::common::{FUNCTION, client, create_function, does, host, probe_zip};

struct Sandbox {
    endpoint: String,
    functions: Lambda,
    sqs: aws_sdk_sqs::Client,
    queue: String,
    _folder: tempfile::TempDir,
}

impl Sandbox {
    /// One with the probe, whose asynchronous invocations go by this.
    async fn start(change: impl FnOnce(&mut EventInvokeSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::bind(Options::new(folder.path().to_owned()));
        let server = server.await.unwrap();
        let endpoint = server.endpoint().to_owned();
        let functions = server.lambda().clone();
        tokio::spawn(server.run(std::future::pending()));
        let create = create_function(&client(&endpoint), probe_zip()).architectures(host());
        create.send().await.unwrap();
        let sqs = aws_sdk_sqs::Client::new(&sdk_config(&endpoint, DEFAULT_REGION));
        let queue = sqs.create_queue().queue_name("ends").send().await.unwrap();
        let arn = Some("arn:aws:sqs:us-east-1:000000000000:ends".to_owned());
        let mut settings = EventInvokeSettings {
            maximum_event_age_s: None,
            maximum_retry_attempts: None,
            on_failure: arn.clone(),
            on_success: arn,
            last_modified: chrono::Utc::now(),
        };
        change(&mut settings);
        let sandbox = Self {
            endpoint,
            functions,
            sqs,
            queue: queue.queue_url.unwrap(),
            _folder: folder,
        };
        sandbox.change(FUNCTION, |function| {
            function.event_invoke.insert("$LATEST".to_owned(), settings);
        });
        sandbox
    }

    fn change(&self, function: &str, change: impl FnOnce(&mut Function)) {
        let mut functions = self.functions.write();
        change(functions.function_mut(function, DEFAULT_REGION).unwrap());
    }

    /// Sends an event; gives its request id and what is reported about it.
    async fn report(&self, event: &Value) -> (String, Value) {
        let invoke = client(&self.endpoint)
            .invoke()
            .function_name(FUNCTION)
            .invocation_type(InvocationType::Event)
            .payload(aws_sdk_lambda::primitives::Blob::new(event.to_string()));
        let accepted = invoke.send().await.unwrap();
        let id = aws_sdk_lambda::operation::RequestId::request_id(&accepted);
        let receive = self.sqs.receive_message().queue_url(&self.queue);
        let received = receive.wait_time_seconds(20).send().await.unwrap();
        let body = received.messages()[0].body().unwrap();
        (id.unwrap().to_owned(), serde_json::from_str(body).unwrap())
    }
}

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:probe:$LATEST";

#[tokio::test]
async fn an_event_that_was_processed_is_reported_as_lambda_does() {
    let sandbox = Sandbox::start(|_| {}).await;
    let event = json!({"do": "echo", "text": "hello"});
    let (id, mut report) = sandbox.report(&event).await;
    let time = report["timestamp"].take();
    assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
    assert_eq!(
        report,
        json!({
            "version": "1.0",
            "timestamp": null,
            "requestContext": {
                "requestId": id,
                "functionArn": ARN,
                "condition": "Success",
                "approximateInvokeCount": 1,
            },
            "requestPayload": event,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
            "responsePayload": event,
        })
    );
}

#[tokio::test]
async fn an_event_whose_retries_are_exhausted_is_reported_with_its_error() {
    let sandbox = Sandbox::start(|settings| settings.maximum_retry_attempts = Some(1)).await;
    let (id, report) = sandbox.report(&does("error")).await;
    assert_eq!(
        report["requestContext"],
        json!({
            "requestId": id,
            "functionArn": ARN,
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 2,
        })
    );
    assert_eq!(
        report["responseContext"],
        json!({"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"})
    );
    let error = json!({"errorType": "Probe", "errorMessage": "asked to fail"});
    assert_eq!(report["responsePayload"], error);
    assert_eq!(report["requestPayload"], does("error"));
}

#[tokio::test]
async fn an_event_that_is_throttled_until_it_is_too_old_is_reported_without_a_response() {
    let sandbox = Sandbox::start(|settings| {
        settings.maximum_retry_attempts = Some(0);
        settings.maximum_event_age_s = Some(1);
    })
    .await;
    let plan = FaultPlan {
        throttle: 1.0,
        ..FaultPlan::default()
    };
    let architecture = sandbox::execution::emulation::HOST;
    sandbox.functions.faults.set(FUNCTION, architecture, plan);
    let begun = std::time::Instant::now();
    let (_, report) = sandbox.report(&does("who")).await;
    let context = &report["requestContext"];
    assert_eq!(context["condition"], json!("EventAgeExceeded"));
    assert_eq!(context["approximateInvokeCount"], json!(0));
    assert!(report.get("responseContext").is_none(), "{report}");
    // 0.1 s, 0.2 s, and 0.4 s would be too long with the next pause.
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn without_reserved_concurrency_an_event_is_reported_at_once() {
    let sandbox = Sandbox::start(|_| {}).await;
    sandbox.change(FUNCTION, |function| function.reserved = Some(0));
    let (id, report) = sandbox.report(&json!({})).await;
    assert_eq!(
        report["requestContext"],
        json!({
            "requestId": id,
            "functionArn": ARN,
            "condition": "ZeroReservedConcurrency",
            "approximateInvokeCount": 0,
        })
    );
    assert_eq!(report["requestPayload"], json!({}));
}

#[tokio::test]
async fn a_function_that_is_a_destination_gets_the_record_as_its_event() {
    const OTHER: &str = "arn:aws:lambda:us-east-1:000000000000:function:other";
    let sandbox = Sandbox::start(|settings| settings.on_success = Some(OTHER.to_owned())).await;
    let create = create_function(&client(&sandbox.endpoint), probe_zip()).architectures(host());
    create.function_name("other").send().await.unwrap();
    // The probe fails on an event that does not say what to do, and what it got is reported.
    let settings = EventInvokeSettings {
        maximum_event_age_s: None,
        maximum_retry_attempts: Some(0),
        on_failure: Some("arn:aws:sqs:us-east-1:000000000000:ends".to_owned()),
        on_success: None,
        last_modified: chrono::Utc::now(),
    };
    sandbox.change("other", |function| {
        function.event_invoke.insert("$LATEST".to_owned(), settings);
    });
    let (id, report) = sandbox.report(&json!({"do": "echo"})).await;
    let record = &report["requestPayload"];
    assert_eq!(record["requestContext"]["requestId"], json!(id));
    assert_eq!(record["requestPayload"], json!({"do": "echo"}));
}
