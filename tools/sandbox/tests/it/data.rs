//! `--data`: tables and queues that outlive the sandbox.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

use std::path::Path;

use crate::common::program::{Running, sandbox as program};
use assert_cmd::assert::OutputAssertExt as _;
use nix::sys::signal::Signal;
use predicates::str::contains;
use sandbox::client::{
    endpoint::Clients,
    http::Service::{self, Dynamodb, Sqs},
};
use serde_json::{Value, json};

/// A sandbox that keeps its data in `data`, and what asks it.
struct Kept(Running, Clients);

impl Kept {
    fn start(folder: &Path) -> Self {
        let (running, endpoint) = Running::start_with(&mut program(folder), &["--data", "data"]);
        let config = sandbox::client::endpoint::sdk_config(&endpoint, "us-east-1");
        Self(running, Clients::new(&config).unwrap())
    }

    async fn ask(&self, service: Service, operation: &str, input: Value) -> Value {
        self.1.json.call(service, operation, &input).await.unwrap()
    }

    /// Messages of a group, in order.
    async fn send(&self, group: &str, body: &str) -> Value {
        let message =
            json!({"QueueUrl": url("q.fifo"), "MessageGroupId": group, "MessageBody": body});
        self.ask(Sqs, "SendMessage", message).await
    }

    /// Bodies and receipt handles of what can be received.
    async fn receive(&self) -> Vec<(String, String)> {
        let receive =
            json!({"QueueUrl": url("q.fifo"), "MaxNumberOfMessages": 10, "VisibilityTimeout": 600});
        let received = self.ask(Sqs, "ReceiveMessage", receive).await;
        let messages = received["Messages"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let messages = messages.iter();
        messages
            .map(|message| (text(&message["Body"]), text(&message["ReceiptHandle"])))
            .collect()
    }

    fn kill(mut self) {
        self.0.signal(Signal::SIGKILL);
        self.0.0.wait().unwrap();
    }
}

fn url(queue: &str) -> String {
    format!("http://any/000000000000/{queue}")
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_the_sandbox_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let kept = Kept::start(folder.path());
    let attributes = json!({"FifoQueue": "true", "ContentBasedDeduplication": "true"});
    let create = json!({"QueueName": "q.fifo", "Attributes": attributes});
    kept.ask(Sqs, "CreateQueue", create).await;
    let table = json!({
        "TableName": "notes", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    });
    kept.ask(Dynamodb, "CreateTable", table).await;
    let note = json!({"TableName": "notes", "Item": {"id": {"S": "1"}}});
    kept.ask(Dynamodb, "PutItem", note).await;
    let first = kept.send("a", "a1").await;
    for (group, body) in [("a", "a2"), ("b", "b1"), ("b", "b2"), ("c", "c1")] {
        kept.send(group, body).await;
    }
    // Group a is in flight, and c is done.
    let mut in_flight = kept.receive().await;
    assert_eq!(in_flight.len(), 5, "{in_flight:?}");
    let back = |handle: &str| json!({"QueueUrl": url("q.fifo"), "ReceiptHandle": handle, "VisibilityTimeout": 0});
    for (body, handle) in in_flight.split_off(2) {
        match body.as_str() {
            "c1" => {
                let done = json!({"QueueUrl": url("q.fifo"), "ReceiptHandle": handle});
                kept.ask(Sqs, "DeleteMessage", done).await;
            }
            _ => drop(
                kept.ask(Sqs, "ChangeMessageVisibility", back(&handle))
                    .await,
            ),
        }
    }
    kept.kill();

    let kept = Kept::start(folder.path());
    let note = json!({"TableName": "notes", "Key": {"id": {"S": "1"}}});
    let note = kept.ask(Dynamodb, "GetItem", note).await;
    assert_eq!(note["Item"]["id"]["S"], "1", "{note}");
    // The same message again: known, with the number that it had.
    assert_eq!(kept.send("a", "a1").await, first);
    let bodies = async || {
        let received = kept.receive().await.into_iter();
        received.map(|(body, _)| body).collect::<Vec<_>>()
    };
    assert_eq!(bodies().await, ["b1", "b2"]);
    // What was in flight is visible again in its time, here by its handle of before.
    for (_, handle) in in_flight {
        kept.ask(Sqs, "ChangeMessageVisibility", back(&handle))
            .await;
    }
    assert_eq!(bodies().await, ["a1", "a2"]);
    kept.send("a", "a3").await;
    assert_eq!(bodies().await, [""; 0], "a3 waits for a1 and a2");
}

#[test]
fn two_sandboxes_do_not_share_their_data() {
    let folder = tempfile::tempdir().unwrap();
    let _kept = Kept::start(folder.path());
    let mut other = program(folder.path());
    other.args([
        "serve", "--port", "0", "--folder", "other", "--data", "data",
    ]);
    let said = contains("another sandbox uses data: stop it, or choose another folder with --data");
    other.assert().code(2).stderr(said);
}
