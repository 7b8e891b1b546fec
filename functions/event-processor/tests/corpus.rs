//! Malformed events through the real Runtime API: typed errors, no panic, no message lost.
//!
//! Each file in `corpus/refused` is no SQS batch and must be a function error. Each in `corpus/given-back` is a batch of
//! messages that cannot be processed, and the answer must name all of them.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod common;

use std::{collections::BTreeSet, process::Stdio, time::Duration};

use common::{
    events::{event, failures},
    files,
    function::{Answer, Function, command},
};
use serde_json::{Value, json};

/// A store that does not exist: no event of the corpus may get that far.
const NOWHERE: [(&str, &str); 2] = [
    ("DOCUMENTS_TABLE", "documents"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
];

async fn still_well(function: &mut Function, after: &str) {
    let nothing = function.ask(r#"{"Records": []}"#).await;
    let all_done = Answer::Response(json!({"batchItemFailures": []}));
    assert_eq!(nothing, all_done, "after {after}");
    assert!(function.is_running(), "after {after}");
}

/// `errorType` and `errorMessage` of a refusal.
async fn refusal(function: &mut Function, name: &str, event: Vec<u8>) -> (String, String) {
    let Answer::Error(error) = function.ask(event).await else {
        panic!("{name} was taken for an SQS batch");
    };
    let text = |field: &str| error[field].as_str().unwrap().to_owned();
    (text("errorType"), text("errorMessage"))
}

#[tokio::test]
async fn what_is_no_sqs_batch_is_a_typed_function_error_and_the_process_lives_on() {
    let mut function = Function::start(&NOWHERE).await;
    let mut refused = files("tests/corpus/refused");
    refused.push(("deep JSON".to_owned(), "[".repeat(100_000).into_bytes()));
    for (name, event) in refused {
        let (error_type, message) = refusal(&mut function, &name, event).await;
        let known = error_type == "InvalidEvent" || error_type.ends_with("DeserializeError");
        assert!(known, "{name}: {error_type}");
        assert!(message.len() > 20, "{name}: {message}");
        still_well(&mut function, &name).await;
    }
}

#[tokio::test]
async fn a_batch_of_messages_that_nobody_can_do_is_given_back_by_name() {
    let mut function = Function::start(&NOWHERE).await;
    let mut given_back = files("tests/corpus/given-back");
    let huge = event([("huge", "x".repeat(1024 * 1024))]).to_string();
    given_back.push(("body of 1 MiB".to_owned(), huge.into_bytes()));
    let many = event((0..10_000).map(|_| ("many", String::new()))).to_string();
    given_back.push(("10,000 records".to_owned(), many.into_bytes()));
    for (name, batch) in given_back {
        let sent: Value = serde_json::from_slice(&batch).unwrap();
        let sent = sent["Records"].as_array().unwrap();
        let sent: BTreeSet<&str> = sent
            .iter()
            .map(|record| record["messageId"].as_str().unwrap())
            .collect();
        let answer = match function.ask(batch).await {
            Answer::Response(answer) => answer,
            Answer::Error(error) => panic!("{name}: {error}"),
        };
        let named = failures(&answer);
        let distinct: BTreeSet<&str> = named.iter().copied().collect();
        assert_eq!(distinct, sent, "{name}");
        assert_eq!(named.len(), sent.len(), "{name}: one is named twice");
        still_well(&mut function, &name).await;
    }
}

#[tokio::test]
async fn an_invocation_with_no_time_left_gives_everything_back_at_once() {
    let mut function = Function::start(&NOWHERE).await;
    let document = r#"{"document_id": "01890a5d-ac96-774b-bcce-b302099a0001"}"#;
    let batch = event([("a", document.to_owned()), ("b", document.to_owned())]);
    let time = Duration::from_millis(400);
    let Answer::Response(answer) = function.ask_within(batch.to_string(), time).await else {
        panic!("an invocation without time is no error");
    };
    assert_eq!(failures(&answer), ["a", "b"]);
}

#[tokio::test]
async fn a_missing_variable_stops_the_init_with_a_message_that_names_it() {
    let output = command("127.0.0.1:9")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("DOCUMENTS_TABLE"), "{said}");
}
