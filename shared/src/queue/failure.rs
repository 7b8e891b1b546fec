//! Why a record goes back to its queue, and the log line that says so.

use std::error::Error;

use super::event::Record;

/// What the work on a record can fail with. Its `Display` is the log's `reason`: it shall say what
/// happened and to what, without the message's content.
pub trait WorkFailure: Error {
    /// One name for the log's `failure` and for the metric that counts it, such as
    /// `MalformedMessage`.
    fn kind(&self) -> &'static str;

    /// Whether the next delivery may well succeed.
    fn is_transient(&self) -> bool;
}

/// Why a record was not done. All of them go back to the queue; what differs is whether another
/// delivery can help. What none helps ends in the dead-letter queue after the queue's
/// `maxReceiveCount` deliveries.
#[derive(Debug, thiserror::Error)]
pub enum Failure<E> {
    /// What the work says.
    #[error(transparent)]
    Work(E),
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

    /// Whether the next delivery may well succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Work(failure) => failure.is_transient(),
            Self::Panicked => false,
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What the work says in the tests of this module.
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
