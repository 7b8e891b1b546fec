//! `PutEvents` of EventBridge, and `sandbox events`.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::common;
use aws_sdk_eventbridge::{Client, primitives::DateTime, types::PutEventsRequestEntry};
use common::refusal;
use sandbox::testing::Sandbox;
use serde_json::{Value, json};

async fn sandbox() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.unwrap();
    let client = Client::new(&sandbox.sdk_config());
    (sandbox, client)
}

fn entry(source: &str, detail: &str) -> PutEventsRequestEntry {
    let entry = PutEventsRequestEntry::builder().source(source);
    entry.detail_type("Rollout step").detail(detail).build()
}

#[tokio::test]
async fn an_event_is_kept_as_a_target_would_get_it() {
    let (sandbox, client) = sandbox().await;
    let entry = PutEventsRequestEntry::builder()
        .source("rollout")
        .detail_type("Rollout step")
        .detail(r#"{"percent": 25}"#)
        .resources("arn:aws:lambda:us-east-1:000000000000:function:hasher")
        .time(DateTime::from_secs(1_796_000_000));
    let put = client.put_events().entries(entry.build()).send().await;
    let put = put.unwrap();
    assert_eq!(put.failed_entry_count, 0);
    let expected = json!({
        "version": "0",
        "id": put.entries()[0].event_id().unwrap(),
        "detail-type": "Rollout step",
        "source": "rollout",
        "account": "000000000000",
        "time": "2026-11-30T00:53:20Z",
        "region": "us-east-1",
        "resources": ["arn:aws:lambda:us-east-1:000000000000:function:hasher"],
        "detail": {"percent": 25},
    });
    assert_eq!(sandbox.events(), [expected]);
}

#[tokio::test]
async fn an_entry_that_is_wrong_fails_alone_and_says_why() {
    let (sandbox, client) = sandbox().await;
    let put = client
        .put_events()
        .entries(entry("rollout", "{}"))
        .entries(entry("aws.lambda", "{}"))
        .entries(entry("rollout", "[]"))
        .entries(entry("", "{}"))
        .entries(PutEventsRequestEntry::builder().source("rollout").build())
        .send()
        .await
        .unwrap();
    assert_eq!(put.failed_entry_count, 4);
    let said = put.entries().iter();
    let said: Vec<_> = said
        .map(|entry| {
            let (code, message) = (entry.error_code(), entry.error_message());
            (code.unwrap_or("kept"), message.unwrap_or_default())
        })
        .collect();
    let missing = |name| match name {
        "Source" => "Parameter Source is not valid. Reason: Source is a required argument.",
        _ => "Parameter DetailType is not valid. Reason: DetailType is a required argument.",
    };
    let expected = [
        ("kept", ""),
        (
            "NotAuthorizedForSourceException",
            "Not authorized for the source.",
        ),
        ("MalformedDetail", "Detail is malformed."),
        ("InvalidArgument", missing("Source")),
        ("InvalidArgument", missing("DetailType")),
    ];
    assert_eq!(said, expected);
    assert_eq!(sandbox.events().len(), 1);
}

#[tokio::test]
async fn more_than_ten_entries_or_256_kib_are_refused_as_a_whole() {
    let (sandbox, client) = sandbox().await;
    let put = |entries: Vec<PutEventsRequestEntry>| {
        let put = client.put_events().set_entries(Some(entries));
        async { refusal(put.send().await) }
    };
    let (code, status, message) = put(vec![entry("rollout", "{}"); 11]).await;
    assert_eq!((code.as_str(), status), ("ValidationException", 400));
    assert!(message.contains("less than or equal to 10"), "{message}");
    let half = format!(r#"{{"a": "{}"}}"#, "x".repeat(128 * 1024));
    let (code, _, message) = put(vec![entry("rollout", &half); 2]).await;
    assert_eq!(code, "ValidationException");
    assert!(message.contains("over the limit"), "{message}");
    assert_eq!(sandbox.events(), [Value::Null; 0]);
}

#[tokio::test]
async fn the_oldest_go_first_and_what_is_for_another_bus_goes_nowhere() {
    let (sandbox, client) = sandbox().await;
    for first in (0..1_010).step_by(10) {
        let entries = (first..first + 10).map(|n| entry("rollout", &format!(r#"{{"n": {n}}}"#)));
        let put = client.put_events().set_entries(Some(entries.collect()));
        put.send().await.unwrap();
    }
    let elsewhere = PutEventsRequestEntry::builder().source("rollout");
    let elsewhere = elsewhere.detail_type("step").detail("{}");
    let put = client
        .put_events()
        .entries(elsewhere.event_bus_name("other").build());
    assert_eq!(put.send().await.unwrap().failed_entry_count, 0);
    let events = sandbox.events();
    assert_eq!(events.len(), 1_000);
    assert_eq!(events[0]["detail"]["n"], 10);
    assert_eq!(events[999]["detail"]["n"], 1_009);
}

#[tokio::test]
async fn an_operation_that_is_missing_is_refused_by_name() {
    let (_sandbox, client) = sandbox().await;
    let (code, _, message) = refusal(client.list_rules().send().await);
    assert_eq!(code, "UnknownOperationException");
    assert!(message.contains("ListRules"), "{message}");
}

#[tokio::test]
async fn a_fault_hits_it_as_any_service() {
    let (sandbox, client) = sandbox().await;
    let put = || client.put_events().entries(entry("rollout", "{}")).send();
    let expect = async |fault: &str, code: &str, status: u16| {
        sandbox.service_fault(fault).unwrap();
        let (found, answered, _) = refusal(put().await);
        assert_eq!((found.as_str(), answered), (code, status), "{fault}");
    };
    expect("events:PutEvents:throttle=100%", "ThrottlingException", 400).await;
    expect("events:*:errors=100%", "InternalException", 500).await;
    sandbox.service_faults().clear();
    assert_eq!(put().await.unwrap().failed_entry_count, 0);
}
