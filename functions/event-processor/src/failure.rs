//! Why a record goes back to its queue, and the log line that says so.

use shared::{document::DocumentId, document_store::StoreError};

use crate::event::Record;

/// Why a record was not done. All of them go back to the queue; what differs is whether another
/// delivery can help. What none helps ends in the dead-letter queue after the queue's
/// `maxReceiveCount` deliveries.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The record or its message cannot be read.
    #[error("malformed message: {reason}")]
    Malformed {
        /// What does not fit and where.
        reason: String,
    },
    /// The message names no document that is there with its content.
    #[error("orphaned message: there is no document {document_id} with content")]
    Orphaned {
        /// The document's id.
        document_id: DocumentId,
    },
    /// The store gave no answer: throttled, timed out, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work panicked: a defect, isolated so that the rest of the batch is done.
    #[error("the work on this record panicked")]
    Panicked,
    /// The invocation's deadline came first.
    #[error("the invocation's time was over")]
    OutOfTime,
    /// Order: an earlier message of the same group goes back, so this one must not be done before it.
    #[error("waits for message {message_id} of the same group, which goes back")]
    BehindAFailure {
        /// The earlier message.
        message_id: String,
    },
}

impl Failure {
    /// One name for the log's `failure` and for the metric that counts it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "MalformedMessage",
            Self::Orphaned { .. } => "OrphanedMessage",
            Self::Store(error) if error.is_transient() => "StoreUnavailable",
            Self::Store(StoreError::MalformedItem { .. }) => "MalformedItem",
            Self::Store(_) => "StoreRefused",
            Self::Panicked => "Panicked",
            Self::OutOfTime => "OutOfTime",
            Self::BehindAFailure { .. } => "BehindAFailure",
        }
    }

    /// Whether the next delivery may well succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Malformed { .. } | Self::Orphaned { .. } | Self::Panicked => false,
            Self::OutOfTime | Self::BehindAFailure { .. } => true,
        }
    }

    /// Says once that `record` goes back and why: a warning where the next delivery may succeed,
    /// an error where somebody must look.
    pub fn log(&self, record: &Record) {
        // The level of a tracing event is part of its call site, hence one for each.
        if self.is_transient() {
            tracing::warn!(
                message_id = record.message_id,
                receive_count = record.receive_count,
                failure = self.kind(),
                reason = %self,
                "given back to the queue"
            );
        } else {
            tracing::error!(
                message_id = record.message_id,
                receive_count = record.receive_count,
                failure = self.kind(),
                reason = %self,
                "given back to the queue, will not succeed"
            );
        }
    }
}
