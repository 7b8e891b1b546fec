//! Retries for two writers of one item, which the SDK does not have by itself.
//!
//! DynamoDB answers the later of two transactions on one item with `TransactionCanceledException`
//! and the reason `TransactionConflict`, and a plain write with `TransactionConflictException`.
//! Nothing was written then. After a short wait the other transaction is done, and the condition
//! tells which was first.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>

use aws_sdk_dynamodb::{
    config::{
        interceptors::InterceptorContext,
        retry::{ClassifyRetry, RetryAction},
    },
    error::ProvideErrorMetadata as _,
    operation::{transact_write_items::TransactWriteItemsError, update_item::UpdateItemError},
    types::error::TransactionCanceledException,
};

/// The code of a plain write that conflicted with a transaction.
pub(super) const TRANSACTION_CONFLICT: &str = "TransactionConflictException";

/// Makes the SDK retry conflicts too, with its usual limits and backoff.
#[derive(Debug)]
pub(super) struct ConflictClassifier;

impl ClassifyRetry for ConflictClassifier {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = match context.output_or_error() {
            Some(Err(error)) => error.as_operation_error(),
            _ => None,
        };
        let conflict = error.is_some_and(|error| {
            if let Some(error) = error.downcast_ref::<TransactWriteItemsError>() {
                return transaction_is_worth_a_retry(error);
            }
            error
                .downcast_ref::<UpdateItemError>()
                .is_some_and(|error| error.code() == Some(TRANSACTION_CONFLICT))
        });
        if conflict {
            RetryAction::transient_error()
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "transaction conflicts"
    }
}

/// Whether a transaction that was cancelled for this reason may succeed later.
pub(super) fn is_worth_a_retry(code: &str) -> bool {
    matches!(
        code,
        "TransactionConflict" | "ProvisionedThroughputExceeded" | "ThrottlingError"
    )
}

/// The reasons' codes, one per item.
pub(super) fn codes(cancelled: &TransactionCanceledException) -> Vec<&str> {
    let reasons = cancelled.cancellation_reasons();
    reasons
        .iter()
        .map(|reason| reason.code().unwrap_or("None"))
        .collect()
}

fn transaction_is_worth_a_retry(error: &TransactWriteItemsError) -> bool {
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            codes(cancelled).iter().any(|code| is_worth_a_retry(code))
        }
        _ => false,
    }
}
