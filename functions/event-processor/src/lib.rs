//! Verifies documents from a queue: SQS batches with partial batch responses.
//!
//! ```text
//! SqsEvent --shared::queue--> a message at a time --verify--> notary::store
//! ```
//!
//! A message is done when its document is verified or rejected, now or before, or was deleted since. Otherwise it goes
//! back to the queue, for another try or, in the end, to the dead-letter queue. [`shared::queue`] does all of that; only
//! the work itself is here.
//!
//! | metric | counts |
//! | --- | --- |
//! | `DocumentsVerified`, `DocumentsRejected` | documents verified, rejected |
//! | `DocumentsAlreadySettled` | messages whose document was settled before |
//! | `DocumentsDeleted` | messages whose document was deleted before its verification |
//! | `MalformedMessage`, `StoreUnavailable`, and the other kinds of [`Failure`] | messages that go back to the queue |

use lambda_runtime::LambdaEvent;
use notary::{
    document::{DocumentQueued, Status, content_root},
    store::{DocumentStore, Settlement, StoreError},
};
use shared::{
    queue::{self, BatchError, Failure, SqsBatchResponse, SqsEvent, SqsMessage},
    telemetry,
};

const VERIFIED: &str = "DocumentsVerified";
const REJECTED: &str = "DocumentsRejected";
const ALREADY_SETTLED: &str = "DocumentsAlreadySettled";
const DELETED: &str = "DocumentsDeleted";

/// Verifies the documents of one event's messages.
///
/// # Errors
/// [`BatchError`] when the event is no SQS batch.
pub async fn handle(
    event: LambdaEvent<SqsEvent>,
    store: &DocumentStore,
) -> Result<SqsBatchResponse, BatchError> {
    // As zero too, so that an alarm on missing progress can tell zero from no data.
    for name in [VERIFIED, REJECTED, ALREADY_SETTLED, DELETED] {
        telemetry::count(name, 0);
    }
    queue::process(event, async |message| {
        telemetry::count(verify(store, message).await?, 1);
        Ok(())
    })
    .await
}

/// Does the content of the message's document have the root that it claims? Stores the answer; gives the metric that
/// counts it.
///
/// Any number of deliveries, one after another or at once, settle a document once: the store changes the status only
/// from `received`. So this may be dropped at any await: what was written stays, and the next delivery finds it.
async fn verify(store: &DocumentStore, message: &SqsMessage) -> Result<&'static str, Failure> {
    let DocumentQueued { document_id } = queue::json(message)?;
    // A message is sent when its document is stored: one that is not there has been deleted since.
    let found = store.get_with_content(document_id).await;
    let Some((document, content)) = found.map_err(store_failed)? else {
        return Ok(DELETED);
    };
    if document.status != Status::Received {
        return Ok(ALREADY_SETTLED);
    }
    // On the async thread: 256 KiB take 0.2 ms with the SHA instructions, which both builds detect at run time, and the
    // other messages mostly wait for the network. Measured with ten documents at once, pinned to one CPU (`cargo run
    // --release -p event-processor --features bench --bin hashing`): 1.7 ms inline and 1.9 ms through `spawn_blocking`
    // for 256 KiB each, 0.10 ms and 0.21 ms for 16 KiB. With two CPUs, `spawn_blocking` is a tenth faster at 256 KiB
    // and slower below.
    let verified = content_root(&content) == document.root;
    let settlement = store.settle(document_id, verified).await;
    Ok(match settlement.map_err(store_failed)? {
        Settlement::Settled(_) if verified => VERIFIED,
        Settlement::Settled(_) => REJECTED,
        Settlement::AlreadySettled(_) => ALREADY_SETTLED,
        // After it was read.
        Settlement::Missing => DELETED,
    })
}

fn store_failed(error: StoreError) -> Failure {
    match error {
        StoreError::Unavailable { .. } => Failure::transient("StoreUnavailable", error),
        StoreError::MalformedItem { .. } => Failure::permanent("MalformedItem", error),
        StoreError::Refused { .. } => Failure::permanent("StoreRefused", error),
    }
}
