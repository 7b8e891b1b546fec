//! What the work can fail with; whatever it is, the message goes back to its queue.

use shared::queue::WorkFailure;

/// Why nobody was greeted. The text goes to the log: it says what does not fit, and not what the
/// message holds.
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
