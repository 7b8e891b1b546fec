//! The operations of SQS, one file per group.

mod attributes;
mod batch;
mod message_attributes;
mod queues;
mod receive;
mod send;
mod settle;
mod tags;

use std::ops::RangeInclusive;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Sqs, error::SqsError};
use crate::lambda::names::ACCOUNT_ID;

/// What an operation gives.
type Answer = Result<Value, SqsError>;

/// Runs an operation on its input.
///
/// # Errors
/// [`SqsError`].
pub async fn run(sqs: &Sqs, operation: &str, region: &str, input: &[u8]) -> Answer {
    match operation {
        "CreateQueue" => queues::create(sqs, region, parse(input)?),
        "GetQueueUrl" => queues::get_url(sqs, parse(input)?),
        "ListQueues" => queues::list(sqs, parse(input)?),
        "DeleteQueue" => queues::delete(sqs, parse(input)?),
        "PurgeQueue" => queues::purge(sqs, parse(input)?),
        "GetQueueAttributes" => attributes::get(sqs, parse(input)?),
        "SetQueueAttributes" => attributes::set(sqs, parse(input)?),
        "SendMessage" => send::one(sqs, parse(input)?),
        "SendMessageBatch" => send::batch(sqs, parse(input)?),
        "ReceiveMessage" => receive::receive(sqs, parse(input)?).await,
        "DeleteMessage" => settle::delete(sqs, parse(input)?),
        "DeleteMessageBatch" => settle::delete_batch(sqs, parse(input)?),
        "ChangeMessageVisibility" => settle::change_visibility(sqs, parse(input)?),
        "ChangeMessageVisibilityBatch" => settle::change_visibility_batch(sqs, parse(input)?),
        "TagQueue" => tags::tag(sqs, parse(input)?),
        "UntagQueue" => tags::untag(sqs, parse(input)?),
        "ListQueueTags" => tags::list(sqs, parse(input)?),
        other => Err(SqsError::UnknownOperation(other.to_owned())),
    }
}

fn parse<T: DeserializeOwned>(input: &[u8]) -> Result<T, SqsError> {
    let input: &[u8] = if input.is_empty() { b"{}" } else { input };
    serde_json::from_slice(input).map_err(|error| SqsError::Malformed(error.to_string()))
}

/// A parameter that must be there.
fn required<T>(value: Option<T>, name: &'static str) -> Result<T, SqsError> {
    value.ok_or(SqsError::MissingParameter(name))
}

/// The name of a queue from its URL, of which the host does not matter: `http://…/000000000000/<name>`.
fn queue_name(url: Option<&str>) -> Result<&str, SqsError> {
    let url = required(url.filter(|url| !url.is_empty()), "QueueUrl")?;
    let mut segments = url.rsplit('/');
    match (segments.next(), segments.next()) {
        (Some(name), Some(ACCOUNT_ID)) => Ok(name),
        _ => Err(SqsError::QueueDoesNotExist),
    }
}

/// A number within its limits.
fn within(
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
