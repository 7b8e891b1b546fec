//! What every operation does with its input.

use std::ops::RangeInclusive;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{aws::ACCOUNT_ID, services::sqs::error::SqsError};

/// What an operation gives.
pub(super) type Answer = Result<Value, SqsError>;

/// Reads an input; an empty one is `{}`.
pub(super) fn parse<T: DeserializeOwned>(input: &[u8]) -> Result<T, SqsError> {
    let input: &[u8] = if input.is_empty() { b"{}" } else { input };
    serde_json::from_slice(input).map_err(|error| SqsError::Malformed(error.to_string()))
}

/// A parameter that must be there.
pub(super) fn required<T>(value: Option<T>, name: &'static str) -> Result<T, SqsError> {
    value.ok_or(SqsError::MissingParameter(name))
}

/// The name of a queue from its URL, of which the host does not matter: `http://…/000000000000/<name>`.
pub(super) fn queue_name(url: Option<&str>) -> Result<&str, SqsError> {
    let url = required(url.filter(|url| !url.is_empty()), "QueueUrl")?;
    let mut segments = url.rsplit('/');
    match (segments.next(), segments.next()) {
        (Some(name), Some(ACCOUNT_ID)) => Ok(name),
        _ => Err(SqsError::QueueDoesNotExist),
    }
}

/// A number within its limits.
pub(super) fn within(
    name: &str,
    value: i64,
    range: RangeInclusive<u32>,
    reason: &str,
) -> Result<u32, SqsError> {
    u32::try_from(value)
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| SqsError::invalid(name, value, reason))
}
