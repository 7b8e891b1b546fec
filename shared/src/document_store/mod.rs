//! Where documents are kept.
//!
//! [`DocumentStore`] is what the functions may ask for, and no more; [`DynamoDocumentStore`]
//! answers from one DynamoDB table. The types here say how a request can end, so that a caller
//! has to think of every ending; [`StoreError`] is left for what is nobody's answer.
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

/// Most documents that one page of a listing holds.
pub const MAX_PAGE: u32 = 100;

/// What a sender wants stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDocument {
    /// Given by the sender.
    pub name: DocumentName,
    /// Its bytes.
    pub content: Content,
    /// The root that the sender says it has; none: whatever it has.
    pub claimed_root: Option<Root>,
    /// The sender's name for this request: sent again, it is the same request.
    pub idempotency_key: String,
    /// SHA-256 over all that was asked: tells a repetition from another request with the same key.
    pub fingerprint: [u8; 32],
}

/// How [`DocumentStore::create`] ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// Stored now.
    Created(Document),
    /// The same request stored it before; this is what it is now.
    Repeated(Document),
    /// Another request had this key.
    KeyReused,
    /// The same request stored it before, and it has been deleted since.
    Deleted,
}

/// How [`DocumentStore::settle`] ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It has its verdict now.
    Settled(Document),
    /// It had one before, maybe this one: nothing was changed.
    AlreadySettled(Status),
    /// There is no such document (any more).
    Missing,
}

/// How [`DocumentStore::delete`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// The document and its content are gone.
    Deleted,
    /// There was no such document.
    Missing,
    /// It has another revision than the caller has seen: nothing was deleted.
    RevisionMismatch,
}

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The documents, newest first.
    pub documents: Vec<Document>,
    /// Where the next page begins; none after the last document.
    pub next: Option<String>,
}

/// Documents, kept.
///
/// Every method may be called again after it failed, whatever had been done by then.
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

    /// The same, with its content.
    ///
    /// # Errors
    /// [`StoreError`].
    fn get_with_content(
        &self,
        id: DocumentId,
    ) -> impl Future<Output = Result<Option<(Document, Content)>, StoreError>> + Send;

    /// Up to `limit` documents (1 to [`MAX_PAGE`]; what is outside counts as the nearest), newest
    /// first, from the beginning or from where the page before ended.
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

    /// Gives a received document its verdict, once and for good.
    ///
    /// # Errors
    /// [`StoreError`].
    fn settle(
        &self,
        id: DocumentId,
        verdict: Verdict,
    ) -> impl Future<Output = Result<Settlement, StoreError>> + Send;

    /// Deletes a document with its content; where `if_revision` is given, only that revision.
    ///
    /// # Errors
    /// [`StoreError`].
    fn delete(
        &self,
        id: DocumentId,
        if_revision: Option<u64>,
    ) -> impl Future<Output = Result<Deletion, StoreError>> + Send;
}
