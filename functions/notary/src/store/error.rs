//! What can go wrong with the table: DynamoDB's errors, and which of them are worth a retry.

use std::error::Error;

use aws_sdk_dynamodb::{
    config::{
        interceptors::InterceptorContext,
        retry::{ClassifyRetry, RetryAction},
    },
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::{transact_write_items::TransactWriteItemsError, update_item::UpdateItemError},
};
use shared::aws;

const TRANSACTION: &str = "TransactWriteItems";
/// The code of a plain write that met a transaction on the same item.
const CONFLICT: &str = "TransactionConflictException";

/// What failed, at which operation, and whether a retry may help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// An item that this code has not written.
    #[error("item {key} in the table is malformed: {problem}")]
    MalformedItem {
        /// The item's key.
        key: String,
        /// Which attribute does not fit, and why.
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
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    fn new(operation: &'static str, reason: String, transient: bool) -> Self {
        match transient {
            true => Self::Unavailable { operation, reason },
            false => Self::Refused { operation, reason },
        }
    }
}

/// An item or a request that cannot be written: a defect of ours, nothing was sent.
impl From<serde_dynamo::Error> for StoreError {
    fn from(error: serde_dynamo::Error) -> Self {
        Self::new("a write", error.to_string(), false)
    }
}

impl From<BuildError> for StoreError {
    fn from(error: BuildError) -> Self {
        Self::new("a write", error.to_string(), false)
    }
}

/// A call that failed after the SDK's retries.
pub(super) fn failure<E>(operation: &'static str, error: &SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let transient = aws::is_transient(error) || error.code() == Some(CONFLICT);
    StoreError::new(operation, aws::explain(error), transient)
}

/// A transaction that failed: DynamoDB's error has a code for every item.
pub(super) fn transaction_failure(error: &SdkError<TransactWriteItemsError>) -> StoreError {
    let codes = error.as_service_error().map(codes).unwrap_or_default();
    if codes.is_empty() {
        return failure(TRANSACTION, error);
    }
    let reason = format!("the transaction was cancelled: {}", codes.join(", "));
    StoreError::new(TRANSACTION, reason, codes.iter().any(may_succeed_later))
}

/// Whether the condition on the transaction's item `index` did not hold.
pub(super) fn condition_failed(error: &SdkError<TransactWriteItemsError>, index: usize) -> bool {
    let codes = error.as_service_error().map(codes).unwrap_or_default();
    codes.get(index) == Some(&"ConditionalCheckFailed")
}

/// Why the transaction was cancelled, one code per item in the order of the request.
fn codes(error: &TransactWriteItemsError) -> Vec<&str> {
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            let reasons = cancelled.cancellation_reasons().iter();
            reasons
                .map(|reason| reason.code().unwrap_or("None"))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn may_succeed_later(code: &&str) -> bool {
    matches!(
        *code,
        "TransactionConflict" | "ProvisionedThroughputExceeded" | "ThrottlingError"
    )
}

/// Makes the SDK retry also when two writers of one item meet, with its usual limits and backoff: nothing was written
/// then, and after a short wait the condition tells which was first
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>).
#[derive(Debug)]
pub(super) struct ConflictClassifier;

impl ClassifyRetry for ConflictClassifier {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = match context.output_or_error() {
            Some(Err(error)) => error.as_operation_error(),
            _ => None,
        };
        let conflict = error.is_some_and(|error| {
            let cancelled = error.downcast_ref::<TransactWriteItemsError>();
            let update = error.downcast_ref::<UpdateItemError>();
            cancelled.is_some_and(|error| codes(error).iter().any(may_succeed_later))
                || update.is_some_and(|error| error.code() == Some(CONFLICT))
        });
        match conflict {
            true => RetryAction::transient_error(),
            false => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "transaction conflicts"
    }
}
