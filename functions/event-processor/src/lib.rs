//! Verifies documents from a queue: SQS batches with partial batch responses.
//!
//! ```text
//! event (JSON) --shared::queue--> a record at a time --verify.rs--> DocumentStore
//!                                                         |
//!                                             Settled or why not (failure.rs)
//!                                                         |
//!                     metrics.rs, shared::queue: {"batchItemFailures": [...]}
//! ```
//!
//! A record ends in one of three ways. It is done: its document is settled, now or before. It goes
//! back and may succeed next time: the store was throttled, the time was over. It goes back and
//! will not succeed: after the queue's `maxReceiveCount` deliveries it is in the dead-letter
//! queue, and the log says why. The invocation itself fails only when the event is no SQS batch.
//! All of that but the work itself is [`shared::queue`], for any function behind a queue.
//!
//! `main.rs` makes the store during init and joins these.

pub mod failure;
pub mod metrics;
pub mod verify;

use lambda_runtime::LambdaEvent;
use serde_json::Value;
use shared::{
    document_store::DocumentStore,
    queue::{self, Batch, EventError, SqsBatchResponse},
};

/// Verifies the documents of one event's messages.
///
/// # Errors
/// [`EventError`] when the event is no SQS batch.
pub async fn handle(
    event: LambdaEvent<Value>,
    store: &impl DocumentStore,
) -> Result<SqsBatchResponse, EventError> {
    let batch = Batch::parse(event.payload)?;
    let deadline = queue::deadline::for_work(event.context.deadline());
    let outcomes = queue::process(batch, deadline, async |record| {
        verify::verify(store, record).await
    })
    .await;
    metrics::count(&outcomes);
    Ok(queue::answer(&outcomes))
}
