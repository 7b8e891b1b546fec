//! What SQS refuses, with AWS's codes.

/// Why a request has no answer. The text is the message that the client sees.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqsError {
    /// No such queue.
    #[error("The specified queue does not exist.")]
    QueueDoesNotExist,
    /// `CreateQueue` for a queue that is there with another value of this attribute.
    #[error(
        "A queue already exists with the same name and a different value for attribute {attribute}",
        attribute = .0
    )]
    QueueNameExists(String),
    /// A handle that was never given out for this queue.
    #[error("The input receipt handle \"{0}\" is not a valid receipt handle.")]
    ReceiptHandleIsInvalid(String),
    /// A handle of a FIFO queue that came too late.
    #[error(
        "Value {0} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
    )]
    ReceiptHandleExpired(String),
    /// A handle whose message is gone, or was received again.
    #[error(
        "Value {0} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."
    )]
    NotAvailable(String),
    /// The visibility of a message that is visible.
    #[error("The specified message is not in flight.")]
    MessageNotInflight,
    /// A visibility timeout that would exceed twelve hours in total; in seconds.
    #[error(
        "Value {0} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]."
    )]
    InvisibleForTooLong(u64),
    /// Too many messages in flight.
    #[error(
        "Too many messages are in flight: at most {0} may be. Delete some, or wait until they are visible again."
    )]
    TooManyInFlight(usize),
    /// An attribute that queues do not have, or that cannot be set.
    #[error("Unknown Attribute {0}.")]
    InvalidAttributeName(String),
    /// A value that the attribute cannot have.
    #[error("Invalid value for the parameter {0}.")]
    InvalidAttributeValue(String),
    /// Characters that a message must not have.
    #[error(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    )]
    InvalidMessageContents,
    /// A parameter with a value that it cannot have. The whole message.
    #[error("{0}")]
    InvalidParameter(String),
    /// A parameter that must be there is not.
    #[error("The request must contain the parameter {0}.")]
    MissingParameter(&'static str),
    /// A batch without entries.
    #[error("There should be at least one {0} in the request.")]
    EmptyBatch(&'static str),
    /// A batch with too many entries.
    #[error("Maximum number of entries per request are 10. You have sent {0}.")]
    TooManyEntries(usize),
    /// A batch with one id for two entries.
    #[error("Id {0} repeated.")]
    EntryIdsNotDistinct(String),
    /// A batch entry with an id that is none.
    #[error(
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
    )]
    InvalidBatchEntryId,
    /// A batch that is too large as a whole; in bytes.
    #[error("Batch requests cannot be longer than {limit} bytes. You have sent {size} bytes.")]
    BatchTooLong {
        /// What is allowed.
        limit: usize,
        /// What was sent.
        size: usize,
    },
    /// Something that this kind of queue, or this sandbox, does not have.
    #[error("{0}")]
    Unsupported(String),
    /// An operation that this sandbox does not have.
    #[error("the sandbox does not have the operation {0:?} of SQS")]
    UnknownOperation(String),
    /// A change that could not be written to the file of the queues.
    #[error("the sandbox cannot save its queues: {0}")]
    NotSaved(String),
    /// The body is not what the protocol says.
    #[error("cannot read the request: {0}")]
    Malformed(String),
}

impl SqsError {
    /// `InvalidParameterValue` in AWS's words.
    pub(super) fn invalid(
        parameter: &str,
        value: impl std::fmt::Display,
        reason: impl std::fmt::Display,
    ) -> Self {
        Self::InvalidParameter(format!(
            "Value {value} for parameter {parameter} is invalid. Reason: {reason}"
        ))
    }

    /// The error's shape in AWS's model, as `__type` carries it.
    #[must_use]
    pub fn shape(&self) -> String {
        let sqs = |name: &str| format!("com.amazonaws.sqs#{name}");
        let coral = |name: &str| format!("com.amazon.coral.service#{name}");
        match self {
            Self::QueueDoesNotExist => sqs("QueueDoesNotExist"),
            Self::QueueNameExists(_) => sqs("QueueNameExists"),
            Self::ReceiptHandleIsInvalid(_) => sqs("ReceiptHandleIsInvalid"),
            Self::MessageNotInflight => sqs("MessageNotInflight"),
            Self::TooManyInFlight(_) => sqs("OverLimit"),
            Self::InvalidAttributeName(_) => sqs("InvalidAttributeName"),
            Self::InvalidAttributeValue(_) => sqs("InvalidAttributeValue"),
            Self::InvalidMessageContents => sqs("InvalidMessageContents"),
            Self::EmptyBatch(_) => sqs("EmptyBatchRequest"),
            Self::TooManyEntries(_) => sqs("TooManyEntriesInBatchRequest"),
            Self::EntryIdsNotDistinct(_) => sqs("BatchEntryIdsNotDistinct"),
            Self::InvalidBatchEntryId => sqs("InvalidBatchEntryId"),
            Self::BatchTooLong { .. } => sqs("BatchRequestTooLong"),
            Self::Unsupported(_) => sqs("UnsupportedOperation"),
            Self::ReceiptHandleExpired(_)
            | Self::NotAvailable(_)
            | Self::InvisibleForTooLong(_)
            | Self::InvalidParameter(_) => coral("InvalidParameterValueException"),
            Self::MissingParameter(_) => coral("MissingRequiredParameterException"),
            Self::UnknownOperation(_) => coral("UnknownOperationException"),
            Self::NotSaved(_) => coral("InternalFailure"),
            Self::Malformed(_) => coral("SerializationException"),
        }
    }

    /// The code of the query protocol, which clients go on reporting: they take it from `x-amzn-query-error`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue",
            Self::QueueNameExists(_) => "QueueAlreadyExists",
            Self::ReceiptHandleIsInvalid(_) => "ReceiptHandleIsInvalid",
            Self::MessageNotInflight => "AWS.SimpleQueueService.MessageNotInflight",
            Self::TooManyInFlight(_) => "OverLimit",
            Self::InvalidAttributeName(_) => "InvalidAttributeName",
            Self::InvalidAttributeValue(_) => "InvalidAttributeValue",
            Self::InvalidMessageContents => "InvalidMessageContents",
            Self::EmptyBatch(_) => "AWS.SimpleQueueService.EmptyBatchRequest",
            Self::TooManyEntries(_) => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            Self::EntryIdsNotDistinct(_) => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            Self::InvalidBatchEntryId => "AWS.SimpleQueueService.InvalidBatchEntryId",
            Self::BatchTooLong { .. } => "AWS.SimpleQueueService.BatchRequestTooLong",
            Self::Unsupported(_) => "AWS.SimpleQueueService.UnsupportedOperation",
            Self::ReceiptHandleExpired(_)
            | Self::NotAvailable(_)
            | Self::InvisibleForTooLong(_)
            | Self::InvalidParameter(_) => "InvalidParameterValue",
            Self::MissingParameter(_) => "MissingParameter",
            Self::UnknownOperation(_) => "InvalidAction",
            Self::NotSaved(_) => "InternalFailure",
            Self::Malformed(_) => "MalformedInput",
        }
    }
}
