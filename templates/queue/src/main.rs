//! Greets by the names in the messages of its queue.
//!
//! ```text
//! event (JSON) --shared::queue--> a record at a time --greeting.rs--> greeted, or why not (failure.rs)
//!                                                                             |
//!                                         shared::queue: {"batchItemFailures": [...]}
//! ```
//!
//! A message that fails goes back to the queue alone; the others are done.

mod failure;
mod greeting;

use failure::Failure;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use shared::{
    queue::{self, Batch, EventError, Outcome, SqsBatchResponse},
    telemetry,
};

/// The metric that counts messages that were done.
const GREETED: &str = "Greeted";

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
    let outcomes = queue::process(batch, deadline, greeting::greet).await;
    count(&outcomes);
    Ok(queue::answer(&outcomes))
}

/// Counts every outcome in the invocation's metrics: `Greeted`, also as zero, and the kinds of failures.
fn count(outcomes: &[Outcome<(), Failure>]) {
    telemetry::count(GREETED, 0);
    for Outcome { result, .. } in outcomes {
        let name = result
            .as_ref()
            .map_or_else(queue::Failure::kind, |()| GREETED);
        telemetry::count(name, 1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use lambda_runtime::Context;
    use serde_json::json;

    use super::*;

    fn record(id: &str, body: &str) -> Value {
        json!({"messageId": id, "body": body, "eventSource": "aws:sqs"})
    }

    /// The answer to an event, with a minute until the deadline.
    async fn answer(event: Value) -> Result<Value, EventError> {
        let end = SystemTime::now() + Duration::from_secs(60);
        let mut context = Context::default();
        context.deadline = end
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis()
            .try_into()
            .unwrap();
        let answer = handle(LambdaEvent::new(event, context)).await?;
        Ok(serde_json::to_value(answer).unwrap())
    }

    #[tokio::test]
    async fn a_message_that_fails_goes_back_alone() {
        let good = r#"{"name": "Ada"}"#;
        let records = [
            record("1", good),
            record("2", "no JSON"),
            record("3", good),
            record("4", r#"{"name": 7}"#),
        ];
        let answer = answer(json!({ "Records": records })).await;
        let failures = json!([{"itemIdentifier": "2"}, {"itemIdentifier": "4"}]);
        assert_eq!(answer, Ok(json!({ "batchItemFailures": failures })));
    }

    #[tokio::test]
    async fn an_event_that_is_no_batch_is_refused() {
        assert!(answer(json!({"name": "Ada"})).await.is_err());
    }
}
