//! The operations of SQS, one file per group.

mod attributes;
mod batch;
mod input;
mod message_attributes;
mod queues;
mod receive;
mod received;
mod send;

use self::input::{Answer, parse};
use super::{Sqs, error::SqsError};

/// Runs an operation on its input.
///
/// # Errors
/// [`SqsError`].
pub(super) async fn run(sqs: &Sqs, operation: &str, region: &str, input: &[u8]) -> Answer {
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
        "DeleteMessage" => received::delete(sqs, parse(input)?),
        "DeleteMessageBatch" => received::delete_batch(sqs, parse(input)?),
        "ChangeMessageVisibility" => received::change_visibility(sqs, parse(input)?),
        "ChangeMessageVisibilityBatch" => received::change_visibility_batch(sqs, parse(input)?),
        "TagQueue" => attributes::tag(sqs, parse(input)?),
        "UntagQueue" => attributes::untag(sqs, parse(input)?),
        "ListQueueTags" => attributes::list_tags(sqs, parse(input)?),
        other => Err(SqsError::UnknownOperation(other.to_owned())),
    }
}
