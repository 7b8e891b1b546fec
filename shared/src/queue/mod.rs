//! SQS batches with partial batch responses: everything but the work of a function behind a queue.
//!
//! ```text
//! SqsEvent --batch.rs--> a message at a time --> your work: done, or a Failure
//!                                                    |
//!                answer: {"batchItemFailures": [...]}, a log line for each, metrics
//! ```
//!
//! A message is done, or it goes back to the queue, alone. One that fails at every delivery is in the dead-letter queue
//! after `maxReceiveCount` deliveries, and the log says why. The invocation itself fails only when the event is no batch
//! of a queue. Work must give the same when it is done twice: a queue delivers at least once, and at the invocation's
//! deadline ([`crate::deadline`]) work is dropped at any await.
//!
//! For Lambda an answer that gives messages back is a success. So they are counted: `Records`, and among them
//! `RecordsFailed`, which a rollout compares, and each kind of failure by its name.
//!
//! ```
//! use lambda_runtime::LambdaEvent;
//! use serde::Deserialize;
//! use shared::queue::{self, BatchError, Failure, SqsBatchResponse, SqsEvent, SqsMessage};
//!
//! #[derive(Deserialize)]
//! struct Order {
//!     id: u64,
//! }
//!
//! async fn work(message: &SqsMessage) -> Result<(), Failure> {
//!     let order: Order = queue::json(message)?;
//!     tracing::info!(order.id, "done");
//!     Ok(())
//! }
//!
//! async fn handle(event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, BatchError> {
//!     queue::process(event, work).await
//! }
//! ```

mod batch;

use std::collections::HashSet;

pub use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
pub use batch::CONCURRENCY;
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::de::DeserializeOwned;

use crate::{
    deadline,
    quote::shortened,
    telemetry::{self, RECORDS, RECORDS_FAILED, count_own},
};
use batch::Outcome;

/// How many characters of a message a log line repeats at most, where an error quotes it.
const QUOTED_CHARS: usize = 160;

/// Why a message goes back to its queue. They all do; they differ in whether another delivery can help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// One name for the log and for the metric that counts it, such as `MalformedMessage`.
    pub kind: &'static str,
    /// For the log: what happened and to what, without the message's content.
    pub reason: String,
    /// Whether the next delivery may succeed.
    pub is_transient: bool,
}

impl Failure {
    /// The next delivery may succeed.
    #[must_use]
    pub fn transient(kind: &'static str, reason: impl ToString) -> Self {
        Self {
            kind,
            reason: reason.to_string(),
            is_transient: true,
        }
    }

    /// No delivery will succeed: somebody must look at it.
    #[must_use]
    pub fn permanent(kind: &'static str, reason: impl ToString) -> Self {
        Self {
            is_transient: false,
            ..Self::transient(kind, reason)
        }
    }
}

/// Why a batch is not answered message by message: the invocation fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// A record of another service, as S3 and SNS send them too, or one without an id: the answer could not name it.
    #[error(
        "Records[{index}] is no message of a queue (eventSource: {source:?}): check the function's triggers",
        source = .event_source.as_deref().unwrap_or("missing")
    )]
    NotOfAQueue {
        /// The record's place.
        index: usize,
        /// Where it is from.
        event_source: Option<String>,
    },
    /// See [`process_or_fail`].
    #[error("all {0} messages of the batch failed")]
    AllFailed(usize),
}

impl From<BatchError> for Diagnostic {
    fn from(error: BatchError) -> Self {
        let error_type = match error {
            BatchError::NotOfAQueue { .. } => "InvalidEvent",
            BatchError::AllFailed(_) => "AllFailed",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// Does `work` for every message of the batch until the invocation's deadline, and answers which failed.
///
/// # Errors
/// [`BatchError::NotOfAQueue`].
pub async fn process(
    event: LambdaEvent<SqsEvent>,
    work: impl AsyncFn(&SqsMessage) -> Result<(), Failure>,
) -> Result<SqsBatchResponse, BatchError> {
    check(&event.payload)?;
    let deadline = deadline::for_work(event.context.deadline());
    Ok(answer(
        &batch::run(event.payload.records, deadline, work).await,
    ))
}

/// The same as [`process`], but for a batch of which every message failed: then the invocation itself fails, and Lambda
/// counts it among its `Errors`. Lambda slows a mapping down whose invocations fail, which protects what the work
/// depends on, and makes a queue behind one poison message wait. So it is nothing for everybody, and never for a FIFO
/// queue, where it would hold up every message group.
///
/// # Errors
/// [`BatchError`].
pub async fn process_or_fail(
    event: LambdaEvent<SqsEvent>,
    work: impl AsyncFn(&SqsMessage) -> Result<(), Failure>,
) -> Result<SqsBatchResponse, BatchError> {
    let messages = event.payload.records.len();
    let fifo = event.payload.records.iter().any(batch::is_of_a_fifo_queue);
    let answer = process(event, work).await?;
    match answer.batch_item_failures.len() == messages && messages > 0 && !fifo {
        true => Err(BatchError::AllFailed(messages)),
        false => Ok(answer),
    }
}

/// The message's body, a JSON object.
///
/// # Errors
/// [`Failure`] of the kind `MalformedMessage`, with what does not fit.
pub fn json<T: DeserializeOwned>(message: &SqsMessage) -> Result<T, Failure> {
    let body = message.body.as_deref().unwrap_or_default();
    let malformed = |reason: &str| {
        let reason = shortened(reason, QUOTED_CHARS);
        Failure::permanent("MalformedMessage", format!("malformed message: {reason}"))
    };
    // A derived struct would also take an array, by position.
    if !body.trim_start().starts_with('{') {
        return Err(malformed("the body is not a JSON object"));
    }
    serde_json::from_str(body).map_err(|error| malformed(&error.to_string()))
}

fn check(event: &SqsEvent) -> Result<(), BatchError> {
    for (index, message) in event.records.iter().enumerate() {
        let has_id = message.message_id.as_ref().is_some_and(|id| !id.is_empty());
        if message.event_source.as_deref() != Some("aws:sqs") || !has_id {
            return Err(BatchError::NotOfAQueue {
                index,
                event_source: message
                    .event_source
                    .as_deref()
                    .map(|it| shortened(it, QUOTED_CHARS)),
            });
        }
    }
    Ok(())
}

/// Names the messages that failed, each once and in the batch's order; Lambda deletes the others.
///
/// An empty list means that all is done. Only ids of the batch are in it, because Lambda takes an unknown one for a
/// failure of the whole batch. When an id is in the batch twice, one failure is enough for a redelivery.
fn answer(outcomes: &[Outcome]) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    let mut named = HashSet::new();
    let mut failed = 0;
    for Outcome { message, result } in outcomes {
        if let Err(failure) = result {
            failed += 1;
            telemetry::count(failure.kind, 1);
            log(message, failure);
            let id = message.message_id.as_deref().unwrap_or_default();
            if named.insert(id) {
                response.add_failure(id);
            }
        }
    }
    count_own(RECORDS, outcomes.len() as u64);
    count_own(RECORDS_FAILED, failed);
    response
}

/// A warning when the next delivery may succeed, else an error, which somebody must look at.
fn log(message: &SqsMessage, failure: &Failure) {
    let Failure { kind, reason, .. } = failure;
    let id = message.message_id.as_deref();
    let deliveries = message.attributes.get("ApproximateReceiveCount");
    let deliveries: Option<u32> = deliveries.and_then(|count| count.parse().ok());
    // The level of a tracing event is part of its call site, so each has its own.
    if failure.is_transient {
        tracing::warn!(
            messageId = id,
            receiveCount = deliveries,
            failure = kind,
            reason,
            "given back to the queue"
        );
    } else {
        tracing::error!(
            messageId = id,
            receiveCount = deliveries,
            failure = kind,
            reason,
            "given back to the queue, will not succeed"
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn message(id: &str, body: &str) -> Value {
        json!({"messageId": id, "body": body, "eventSource": "aws:sqs"})
    }

    fn event(records: impl IntoIterator<Item = Value>) -> LambdaEvent<SqsEvent> {
        let records: Vec<Value> = records.into_iter().collect();
        let mut context = lambda_runtime::Context::default();
        context.deadline = u64::MAX;
        LambdaEvent::new(
            serde_json::from_value(json!({ "Records": records })).unwrap(),
            context,
        )
    }

    /// Fails when the body is `bad`.
    async fn work(message: &SqsMessage) -> Result<(), Failure> {
        match message.body.as_deref() {
            Some("bad") => Err(Failure::permanent("Bad", "as told")),
            _ => Ok(()),
        }
    }

    #[tokio::test]
    async fn failures_are_named_as_lambda_reads_them_and_an_empty_list_says_that_all_is_done() {
        let batch = [
            message("a", "good"),
            message("b", "bad"),
            message("c", "bad"),
        ];
        let failures = json!([{"itemIdentifier": "b"}, {"itemIdentifier": "c"}]);
        let answer = process(event(batch), work).await.unwrap();
        assert_eq!(
            serde_json::to_value(answer).unwrap(),
            json!({"batchItemFailures": failures})
        );
        let answer = process(event([message("a", "good")]), work).await.unwrap();
        assert_eq!(
            serde_json::to_value(answer).unwrap(),
            json!({"batchItemFailures": []})
        );
    }

    #[tokio::test]
    async fn a_batch_of_failures_fails_the_invocation_only_where_asked_and_never_of_a_fifo_queue() {
        let all = || event([message("a", "bad"), message("b", "bad")]);
        assert_eq!(
            process_or_fail(all(), work).await,
            Err(BatchError::AllFailed(2))
        );
        assert_eq!(
            process(all(), work)
                .await
                .unwrap()
                .batch_item_failures
                .len(),
            2
        );
        let some = event([message("a", "bad"), message("b", "good")]);
        assert!(process_or_fail(some, work).await.is_ok());
        assert!(process_or_fail(event([]), work).await.is_ok());
        let mut fifo = message("a", "bad");
        fifo["eventSourceARN"] = json!("arn:aws:sqs:eu-west-1:123456789012:orders.fifo");
        assert!(process_or_fail(event([fifo]), work).await.is_ok());
    }

    #[tokio::test]
    async fn a_record_of_another_service_or_without_an_id_fails_the_invocation() {
        for (record, source) in [
            (
                json!({"messageId": "b", "body": "good", "eventSource": "aws:s3"}),
                "eventSource: \"aws:s3\"",
            ),
            (
                json!({"EventSource": "aws:sns"}),
                "eventSource: \"missing\"",
            ),
            (message("", "good"), "eventSource: \"aws:sqs\""),
        ] {
            let error = process(event([message("a", "good"), record]), work)
                .await
                .unwrap_err();
            assert!(error.to_string().contains("Records[1]"), "{error}");
            assert!(error.to_string().contains(source), "{error}");
            assert_eq!(Diagnostic::from(error).error_type, "InvalidEvent");
        }
    }

    #[test]
    fn a_body_that_does_not_fit_is_malformed_with_the_reason_and_not_all_of_its_text() {
        #[derive(Debug, serde::Deserialize)]
        struct Order {
            #[expect(dead_code, reason = "read by serde alone")]
            id: u64,
        }
        let long = format!(r#"{{"id": "{}"}}"#, "x".repeat(1000));
        for (body, reason) in [
            ("", "the body is not a JSON object"),
            ("[7]", "the body is not a JSON object"),
            ("{}", "missing field `id`"),
            (long.as_str(), "invalid type: string"),
        ] {
            let mut message = SqsMessage::default();
            message.body = Some(body.to_owned());
            let failure = json::<Order>(&message).unwrap_err();
            assert_eq!(
                (failure.kind, failure.is_transient),
                ("MalformedMessage", false)
            );
            assert!(failure.reason.contains(reason), "{failure:?}");
            assert!(failure.reason.len() < 200, "{failure:?}");
        }
    }

    proptest! {
        #[test]
        fn an_id_is_in_the_answer_once_or_was_done_every_time(
            batch in prop::collection::vec(("[a-e]", any::<bool>()), 0..20)
        ) {
            let outcome = |(id, done): &(String, bool)| {
                let mut message = SqsMessage::default();
                message.message_id = Some(id.clone());
                let failure = Failure::transient("OutOfTime", "as told");
                Outcome { message, result: if *done { Ok(()) } else { Err(failure) } }
            };
            let outcomes: Vec<_> = batch.iter().map(outcome).collect();
            let failures = answer(&outcomes).batch_item_failures;
            for (id, _) in &batch {
                let named = failures.iter().filter(|failure| failure.item_identifier == *id).count();
                let failed = batch.iter().any(|(other, done)| other == id && !done);
                prop_assert_eq!(named, usize::from(failed), "{} in {:?}", id, batch);
            }
            prop_assert!(failures.len() <= batch.len());
        }
    }
}
