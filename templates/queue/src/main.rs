//! Greets by the names in the messages of its queue. A message that fails goes back to the queue alone; the others
//! are done.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::Deserialize;
use shared::{
    queue::{self, BatchError, Failure, SqsBatchResponse, SqsEvent, SqsMessage},
    telemetry,
};

/// The body of a message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    name: String,
}

// One invocation at a time on a fraction of a CPU: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    // Make clients and read settings here, during init, and not in the handler.
    run(telemetry.observe(service_fn(handle))).await
}

async fn handle(event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, BatchError> {
    queue::process(event, greet).await
}

/// Work must have the same result when it is done twice: a queue delivers at least once, and at the deadline work is
/// dropped at any await. For what may succeed at the next delivery there is `Failure::transient`.
async fn greet(message: &SqsMessage) -> Result<(), Failure> {
    let Message { name } = queue::json(message)?;
    telemetry::count("Greeted", 1);
    tracing::info!(greeting = format!("Hello {name}!"), "greeted");
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The answer to an event, with all the time of the world.
    async fn answer(event: Value) -> Result<Value, BatchError> {
        let mut context = lambda_runtime::Context::default();
        context.deadline = u64::MAX;
        let event = serde_json::from_value(event).unwrap();
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
    async fn an_event_that_is_no_batch_of_a_queue_is_refused() {
        let record = json!({"eventSource": "aws:s3"});
        assert!(answer(json!({ "Records": [record] })).await.is_err());
    }
}
