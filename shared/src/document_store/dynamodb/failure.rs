//! Turns the SDK's errors into [`StoreError`].

use std::error::Error;

use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_sdk_dynamodb::{
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
};

use super::conflict;
use crate::document_store::StoreError;

const TRANSACTION: &str = "TransactWriteItems";

/// A call that failed after the SDK's retries.
pub(super) fn failure<E>(operation: &'static str, error: &SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if is_transient(error) {
        unavailable(operation, explain(error))
    } else {
        let reason = explain(error);
        StoreError::Refused { operation, reason }
    }
}

/// A transaction that lacks a required field: nothing was sent.
pub(super) fn incomplete(error: &BuildError) -> StoreError {
    StoreError::Refused {
        operation: TRANSACTION,
        reason: error.to_string(),
    }
}

/// A transaction that failed: DynamoDB's error holds a reason for every item.
pub(super) fn transaction_failure(error: &SdkError<TransactWriteItemsError>) -> StoreError {
    let codes = cancellation_codes(error);
    if codes.is_empty() {
        return failure(TRANSACTION, error);
    }
    let reason = format!("the transaction was cancelled: {}", codes.join(", "));
    if codes.iter().any(|code| conflict::is_worth_a_retry(code)) {
        unavailable(TRANSACTION, reason)
    } else {
        StoreError::Refused {
            operation: TRANSACTION,
            reason,
        }
    }
}

/// Whether the condition on the transaction's item `index` did not hold.
pub(super) fn condition_failed(error: &SdkError<TransactWriteItemsError>, index: usize) -> bool {
    cancellation_codes(error)
        .get(index)
        .is_some_and(|code| *code == "ConditionalCheckFailed")
}

/// Why the transaction was cancelled, one code per item in the order of the request.
pub(super) fn cancellation_codes(error: &SdkError<TransactWriteItemsError>) -> Vec<&str> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            conflict::codes(cancelled)
        }
        _ => Vec::new(),
    }
}

pub(super) fn unavailable(operation: &'static str, reason: impl Into<String>) -> StoreError {
    StoreError::Unavailable {
        operation,
        reason: reason.into(),
    }
}

fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
        SdkError::DispatchFailure(failure) => failure.is_io() || failure.is_timeout(),
        SdkError::ServiceError(context) => {
            let code = context.err().code().unwrap_or_default();
            context.raw().status().is_server_error()
                || code == conflict::TRANSACTION_CONFLICT
                || THROTTLING_ERRORS.contains(&code)
                || TRANSIENT_ERRORS.contains(&code)
        }
        _ => false,
    }
}

/// What DynamoDB answered, or why no answer came, in one line.
fn explain<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let SdkError::ServiceError(context) = error {
        let code = context.err().code().unwrap_or("unknown error");
        let message = context.err().message().unwrap_or("no message");
        return format!("{code}: {message}");
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
