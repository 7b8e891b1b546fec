//! What the tests share.
#![allow(dead_code, unreachable_pub)] // every test file uses its own part of it
#![allow(clippy::unwrap_used, clippy::expect_used)] // a helper that panics fails its test

use std::{fs, path::Path};

use serde_json::{Value, json};
use shared::document::DocumentId;

pub mod deployment;
pub mod function;
pub mod store;

/// ARN of a standard queue.
pub const QUEUE_ARN: &str = "arn:aws:sqs:us-east-1:000000000000:documents";

/// An event with these messages (id and body), as Lambda builds it.
pub fn event<'a>(messages: impl IntoIterator<Item = (&'a str, String)>) -> Value {
    let record = |(id, body): (&str, String)| {
        json!({
            "messageId": id,
            "receiptHandle": "handle",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": QUEUE_ARN,
            "awsRegion": "us-east-1"
        })
    };
    json!({"Records": messages.into_iter().map(record).collect::<Vec<_>>()})
}

/// The message for a document.
pub fn message(id: DocumentId) -> String {
    json!({ "document_id": id }).to_string()
}

/// The ids that an answer names, in its order.
pub fn failures(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array();
    let failures = failures.unwrap_or_else(|| panic!("no batch response: {answer}"));
    failures
        .iter()
        .map(|failure| failure["itemIdentifier"].as_str().unwrap())
        .collect()
}

/// The files of a folder below this crate, by name, with what is in them.
pub fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}
