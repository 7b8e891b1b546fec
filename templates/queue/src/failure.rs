//! Errors of the work. In each case the message goes back to its queue.

use shared::queue::WorkFailure;

/// Why a message failed. The text goes to the log: it says what does not fit, without the message's content.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The message cannot be read.
    #[error("malformed message: {reason}")]
    Malformed {
        /// What does not fit and where.
        reason: String,
    },
}

impl WorkFailure for Failure {
    fn kind(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "MalformedMessage",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Malformed { .. } => false,
        }
    }
}
