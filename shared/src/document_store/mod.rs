//! Where documents are kept.
//!
//! [`DocumentStore`] has the operations that the functions need; [`DynamoDocumentStore`] implements
//! them with one DynamoDB table. The types here name every expected outcome of an operation, so that a
//! caller handles each; [`StoreError`] is for the rest.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `cursor` | the opaque, signed place in a listing |
//! | `error` | [`StoreError`] |
//! | `dynamodb` | the implementation, a file per operation |

mod cursor;
mod dynamodb;
mod error;

use std::future::Future;

use crate::document::{Content, Document, DocumentId, DocumentName, Root, Status, Verdict};

pub use dynamodb::DynamoDocumentStore;
pub use error::StoreError;

/// How many documents one page of a listing has at most.
pub const MAX_PAGE: u32 = 100;

/// A document to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDocument {
    /// Given by the sender.
    pub name: DocumentName,
    /// Its bytes.
    pub content: Content,
    /// The root that the sender gave, if any.
    pub claimed_root: Option<Root>,
    /// The sender's idempotency key: with the same key it is the same request.
    pub idempotency_key: String,
    /// SHA-256 over the whole request: tells a repetition from another request with the same key.
    pub fingerprint: [u8; 32],
}

/// The outcome of [`DocumentStore::create`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// Stored now.
    Created(Document),
    /// The same request stored it before; this is its present state.
    Repeated(Document),
    /// Another request has used this key.
    KeyReused,
    /// The same request stored it before, and it has been deleted since.
    Deleted,
}

/// The outcome of [`DocumentStore::settle`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It is verified or rejected now.
    Settled(Document),
    /// It was verified or rejected before: nothing was changed.
    AlreadySettled(Status),
    /// There is no such document (any more).
    Missing,
}

/// The outcome of [`DocumentStore::delete`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// The document and its content are gone.
    Deleted,
    /// There was no such document.
    Missing,
    /// It has another revision than the one that was asked for: nothing was deleted.
    RevisionMismatch,
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The documents, newest first.
    pub documents: Vec<Document>,
    /// Where the next page begins; none after the last document.
    pub next: Option<String>,
}

/// Stores documents.
///
/// Every method may be repeated after it failed.
pub trait DocumentStore: Send + Sync {
    /// Stores a document with its content, once for every idempotency key (for a day).
    ///
    /// # Errors
    /// [`StoreError`].
    fn create(&self, new: NewDocument)
    -> impl Future<Output = Result<Creation, StoreError>> + Send;

    /// The document as the last change left it.
    ///
    /// # Errors
    /// [`StoreError`].
    fn get(
        &self,
        id: DocumentId,
    ) -> impl Future<Output = Result<Option<Document>, StoreError>> + Send;

    /// The document with its content.
    ///
    /// # Errors
    /// [`StoreError`].
    fn get_with_content(
        &self,
        id: DocumentId,
    ) -> impl Future<Output = Result<Option<(Document, Content)>, StoreError>> + Send;

    /// Up to `limit` documents (1 to [`MAX_PAGE`]; other values are clamped), newest first, from the
    /// beginning or after the previous page.
    ///
    /// A listing may miss what was changed within about the last second.
    ///
    /// # Errors
    /// [`StoreError::InvalidCursor`] when the cursor is not one that this table's listing gave.
    fn list(
        &self,
        limit: u32,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// Makes a received document verified or rejected, which is final.
    ///
    /// # Errors
    /// [`StoreError`].
    fn settle(
        &self,
        id: DocumentId,
        verdict: Verdict,
    ) -> impl Future<Output = Result<Settlement, StoreError>> + Send;

    /// Deletes a document with its content; with `if_revision`, only that revision.
    ///
    /// # Errors
    /// [`StoreError`].
    fn delete(
        &self,
        id: DocumentId,
        if_revision: Option<u64>,
    ) -> impl Future<Output = Result<Deletion, StoreError>> + Send;
}
