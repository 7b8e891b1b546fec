//! Verifies documents from a queue: SQS batches with partial batch responses.
//!
//! ```text
//! event (JSON) --event.rs--> Batch --batch.rs--> a record at a time --verify.rs--> DocumentStore
//!                                      |                                |
//!                                 deadline.rs               Settled or why not (failure.rs)
//!                                                                       |
//!                     metrics.rs, answer.rs: {"batchItemFailures": [...]}
//! ```
//!
//! A record ends in one of three ways. It is done: its document is settled, now or before. It goes
//! back and may succeed next time: the store was throttled, the time was over. It goes back and
//! will not succeed: after the queue's `maxReceiveCount` deliveries it is in the dead-letter
//! queue, and the log says why. The invocation itself fails only when the event is no SQS batch.
//!
//! `main.rs` makes the store during init and joins these.

pub mod answer;
pub mod batch;
pub mod deadline;
pub mod event;
pub mod failure;
pub mod metrics;
pub mod verify;

use aws_lambda_events::sqs::SqsBatchResponse;
use lambda_runtime::LambdaEvent;
use serde_json::Value;
use shared::document_store::DocumentStore;

pub use event::{Batch, EventError};

/// Verifies the documents of one event's messages.
///
/// # Errors
/// [`EventError`] when the event is no SQS batch.
pub async fn handle(
    event: LambdaEvent<Value>,
    store: &impl DocumentStore,
) -> Result<SqsBatchResponse, EventError> {
    let batch = Batch::parse(event.payload)?;
    let deadline = deadline::for_work(event.context.deadline());
    let outcomes = batch::process(batch, deadline, async |record| {
        verify::verify(store, record).await
    })
    .await;
    metrics::count(&outcomes);
    Ok(answer::answer(&outcomes))
}
