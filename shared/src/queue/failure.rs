//! Why a record goes back to its queue, and the log line that says so.

use std::error::Error;

use super::event::Record;

/// An error of the work on a record. Its `Display` is the log's `reason`: it says what happened and to what,
/// without the message's content.
pub trait WorkFailure: Error {
    /// One name for the log's `failure` and for the metric that counts it, such as
    /// `MalformedMessage`.
    fn kind(&self) -> &'static str;

    /// Whether the next delivery may succeed.
    fn is_transient(&self) -> bool;
}

/// Why a record failed. Every failed record goes back to the queue, and after `maxReceiveCount`
/// deliveries to the dead-letter queue. They differ in whether another delivery can help.
#[derive(Debug, thiserror::Error)]
pub enum Failure<E> {
    /// The work returned an error.
    #[error(transparent)]
    Work(E),
    /// The work panicked. The rest of the batch goes on.
    #[error("the work on this record panicked")]
    Panicked,
    /// The invocation's deadline came first.
    #[error("the invocation's time was over")]
    OutOfTime,
    /// An earlier message of the same group goes back to the queue, and this one must not be processed before it.
    #[error("waits for message {message_id} of the same group, which goes back")]
    BehindAFailure {
        /// The earlier message.
        message_id: String,
    },
}

impl<E: WorkFailure> Failure<E> {
    /// One name for the log's `failure` and for the metric that counts it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Work(failure) => failure.kind(),
            Self::Panicked => "Panicked",
            Self::OutOfTime => "OutOfTime",
            Self::BehindAFailure { .. } => "BehindAFailure",
        }
    }

    /// Whether the next delivery may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Work(failure) => failure.is_transient(),
            Self::Panicked => false,
            Self::OutOfTime | Self::BehindAFailure { .. } => true,
        }
    }

    /// Logs that `record` goes back to the queue and why: a warning when the next delivery may succeed, else an
    /// error, which somebody must look at.
    pub fn log(&self, record: &Record) {
        // The level of a tracing event is part of its call site, so each has its own.
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An error of the work, for the tests of this module.
    #[derive(Debug, thiserror::Error)]
    #[error("malformed message: as told")]
    pub(crate) struct Malformed;

    impl WorkFailure for Malformed {
        fn kind(&self) -> &'static str {
            "MalformedMessage"
        }

        fn is_transient(&self) -> bool {
            false
        }
    }

    #[test]
    fn the_work_s_own_failure_speaks_for_itself() {
        let failure = Failure::Work(Malformed);
        assert_eq!(failure.to_string(), "malformed message: as told");
        assert_eq!(
            (failure.kind(), failure.is_transient()),
            ("MalformedMessage", false)
        );
    }

    #[test]
    fn what_ran_out_of_time_may_succeed_next_time_and_a_panic_is_a_defect() {
        let behind: Failure<Malformed> = Failure::BehindAFailure {
            message_id: "a".to_owned(),
        };
        for (failure, transient) in [
            (Failure::OutOfTime, true),
            (behind, true),
            (Failure::Panicked, false),
        ] {
            assert_eq!(failure.is_transient(), transient, "{failure}");
        }
    }
}
