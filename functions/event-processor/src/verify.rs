//! Verifies one document: does its content have the root that it claims?

use shared::{
    document::{Document, DocumentQueued, Status, Verdict, content_root},
    document_store::{DocumentStore, Settlement},
    queue::Record,
};

use crate::failure::Failure;

/// The result for a record that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// The document was settled now.
    Settled(Verdict),
    /// It was settled before: the message was delivered twice, or there were two.
    AlreadySettled(Status),
}

/// Verifies the document that `record` names, and stores the result.
///
/// Any number of deliveries, one after another or at once, settle a document once: the store changes the status only
/// from `received`. So this may be dropped at any await: what was written stays, and the next delivery finds it.
///
/// # Errors
/// [`Failure`] when the message cannot be read, names nothing, or the store fails.
pub async fn verify(store: &impl DocumentStore, record: &Record) -> Result<Verification, Failure> {
    let message: DocumentQueued = record
        .json()
        .map_err(|reason| Failure::Malformed { reason })?;
    let document_id = message.document_id;
    let orphaned = || Failure::Orphaned { document_id };
    let found = store.get_with_content(document_id).await?;
    let (document, content) = found.ok_or_else(orphaned)?;
    if document.status != Status::Received {
        return Ok(Verification::AlreadySettled(document.status));
    }
    let verdict = check_root(&document, content.as_ref());
    match store.settle(document_id, verdict).await? {
        Settlement::Settled(_) => Ok(Verification::Settled(verdict)),
        Settlement::AlreadySettled(status) => Ok(Verification::AlreadySettled(status)),
        // Deleted after it was read.
        Settlement::Missing => Err(orphaned()),
    }
}

/// Hashes on the async thread: 256 KiB take 0.2 ms with the SHA instructions, which both builds detect at run time, and
/// the other records mostly wait for the network. Measured with ten documents at once, pinned to one CPU (`cargo run
/// --release -p event-processor --features bench --bin hashing`): 1.7 ms inline and 1.9 ms through `spawn_blocking`
/// for 256 KiB each, 0.10 ms and 0.21 ms for 16 KiB. With two CPUs, `spawn_blocking` is a tenth faster at 256 KiB and
/// slower below.
fn check_root(document: &Document, content: &[u8]) -> Verdict {
    if content_root(content) == document.root {
        Verdict::Verified
    } else {
        Verdict::Rejected
    }
}
