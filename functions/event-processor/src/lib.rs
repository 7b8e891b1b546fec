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
//! A record is done when its document is verified or rejected, now or before. Otherwise it goes back to the
//! queue, for another try or, in the end, to the dead-letter queue. [`shared::queue`] does all of that; only the
//! work itself is here.
//!
//! `main.rs` makes the store during init and connects these.

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
