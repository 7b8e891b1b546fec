//! Errors of a verification. In each case the record goes back to its queue.

use shared::{document::DocumentId, document_store::StoreError, queue::WorkFailure};

/// Why a document was not settled.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The record or its message cannot be read.
    #[error("malformed message: {reason}")]
    Malformed {
        /// What does not fit and where.
        reason: String,
    },
    /// There is no document with content of this id.
    #[error("orphaned message: there is no document {document_id} with content")]
    Orphaned {
        /// The document's id.
        document_id: DocumentId,
    },
    /// The store failed: throttled, timed out, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WorkFailure for Failure {
    fn kind(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "MalformedMessage",
            Self::Orphaned { .. } => "OrphanedMessage",
            Self::Store(error) if error.is_transient() => "StoreUnavailable",
            Self::Store(StoreError::MalformedItem { .. }) => "MalformedItem",
            Self::Store(_) => "StoreRefused",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Malformed { .. } | Self::Orphaned { .. } => false,
        }
    }
}
