//! Errors of a document store.

/// What failed, at which operation, and whether a retry may help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Not a cursor, a changed one, or one of another table.
    #[error("the cursor is not one that this listing gave: start again without a cursor")]
    InvalidCursor,
    /// An item that this code has not written.
    #[error("item {key} in the table is malformed: attribute {attribute}: {problem}")]
    MalformedItem {
        /// The item's partition key.
        key: String,
        /// The attribute that does not fit.
        attribute: &'static str,
        /// What does not fit.
        problem: String,
    },
    /// Throttling, a timeout, a lost connection, an error of AWS's, a conflict: after the SDK's retries.
    #[error("{operation} on the documents table is not possible for now: {reason}")]
    Unavailable {
        /// DynamoDB's operation.
        operation: &'static str,
        /// What DynamoDB or the connection said.
        reason: String,
    },
    /// A request that will fail again: missing permission, missing table, a defect of ours.
    #[error("{operation} on the documents table was refused: {reason}")]
    Refused {
        /// DynamoDB's operation.
        operation: &'static str,
        /// What DynamoDB said.
        reason: String,
    },
}

impl StoreError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
