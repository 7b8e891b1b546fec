//! Greets by the names in the messages of its queue. A message that fails goes back to the queue alone; the others
//! are done.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::Deserialize;
use serde_json::Value;
use shared::{
    queue::{self, Batch, EventError, Record, SqsBatchResponse, WorkFailure},
    telemetry,
};

/// The body of a message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    name: String,
}

/// Why a message failed. The text goes to the log: it says what does not fit, without the message's content.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("malformed message: {0}")]
    Malformed(String),
}

impl WorkFailure for Failure {
    fn kind(&self) -> &'static str {
        "MalformedMessage"
    }

    /// Whether trying again may help.
    fn is_transient(&self) -> bool {
        false
    }
}

// One invocation at a time on a fraction of a CPU: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    // Make clients and read settings here, during init, and not in the handler.
    run(telemetry.observe(service_fn(handle))).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<SqsBatchResponse, EventError> {
    let batch = Batch::parse(event.payload)?;
    let deadline = queue::deadline::for_work(event.context.deadline());
    let outcomes = queue::process(batch, deadline, greet).await;
    for outcome in &outcomes {
        let done = outcome.result.as_ref();
        telemetry::count(done.map_or_else(queue::Failure::kind, |()| "Greeted"), 1);
    }
    Ok(queue::answer(&outcomes))
}

/// Work must have the same result when it is done twice: a queue delivers at least once, and at the deadline work is
/// dropped at any await.
async fn greet(record: &Record) -> Result<(), Failure> {
    let Message { name } = record.json().map_err(Failure::Malformed)?;
    tracing::info!(
        message_id = record.message_id,
        greeting = format!("Hello {name}!"),
        "greeted"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use lambda_runtime::Context;
    use serde_json::json;

    use super::*;

    /// The answer to an event, with a minute until the deadline.
    async fn answer(event: Value) -> Result<Value, EventError> {
        let end = SystemTime::now() + Duration::from_secs(60);
        let mut context = Context::default();
        let end = end.duration_since(UNIX_EPOCH).unwrap().as_millis();
        context.deadline = end.try_into().unwrap();
        let answer = handle(LambdaEvent::new(event, context)).await?;
        Ok(serde_json::to_value(answer).unwrap())
    }

    #[tokio::test]
    async fn a_message_that_fails_goes_back_alone() {
        let bodies = [
            r#"{"name": "Ada"}"#,
            "no JSON",
            r#"{"name": "Ada"}"#,
            r#"{"name": 7}"#,
        ];
        let records: Vec<_> = (1..)
            .zip(bodies)
            .map(|(id, body)| json!({"messageId": id.to_string(), "body": body, "eventSource": "aws:sqs"}))
            .collect();
        let failures = json!([{"itemIdentifier": "2"}, {"itemIdentifier": "4"}]);
        let answer = answer(json!({ "Records": records })).await;
        assert_eq!(answer, Ok(json!({ "batchItemFailures": failures })));
    }

    #[tokio::test]
    async fn an_event_that_is_no_batch_is_refused() {
        assert!(answer(json!({"name": "Ada"})).await.is_err());
    }
}
