// Events and answers. `tools/tests` includes this file.

use serde_json::{Value, json};

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

/// The ids that an answer names, in its order.
pub fn failures(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array();
    let failures = failures.unwrap_or_else(|| panic!("no batch response: {answer}"));
    failures
        .iter()
        .map(|failure| failure["itemIdentifier"].as_str().unwrap())
        .collect()
}
