//! Operations on messages that were received: DeleteMessage and ChangeMessageVisibility, each also as a batch.

use serde::Deserialize;
use serde_json::json;

use super::{
    batch::{self, Batch, BatchEntry, One},
    input::{Answer, queue_name, required, within},
};
use crate::services::sqs::{Sqs, error::SqsError, model::message::Millis, now};

/// A delivery, and for `ChangeMessageVisibility` for how long it stays invisible.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

pub(super) fn delete(sqs: &Sqs, request: One<Entry>) -> Answer {
    let name = queue_name(request.queue_url.as_deref())?;
    delete_one(sqs, name, &request.entry)
}

pub(super) fn delete_batch(sqs: &Sqs, request: Batch<Entry>) -> Answer {
    for_each(sqs, request, "DeleteMessageBatchRequestEntry", delete_one)
}

pub(super) fn change_visibility(sqs: &Sqs, request: One<Entry>) -> Answer {
    let name = queue_name(request.queue_url.as_deref())?;
    change_one(sqs, name, &request.entry)
}

pub(super) fn change_visibility_batch(sqs: &Sqs, request: Batch<Entry>) -> Answer {
    let entry = "ChangeMessageVisibilityBatchRequestEntry";
    for_each(sqs, request, entry, change_one)
}

fn for_each(
    sqs: &Sqs,
    request: Batch<Entry>,
    entry: &'static str,
    run: fn(&Sqs, &str, &Entry) -> Answer,
) -> Answer {
    let name = request.queue(sqs, entry)?;
    let entries = request.entries.into_iter();
    Ok(batch::answer(entries.map(|BatchEntry { id, entry }| {
        let result = run(sqs, &name, &entry);
        (id, result)
    })))
}

fn delete_one(sqs: &Sqs, name: &str, entry: &Entry) -> Answer {
    let handle = handle(entry)?;
    sqs.change(|queues| queues.delete_message(name, handle, now()))?;
    Ok(json!({}))
}

fn change_one(sqs: &Sqs, name: &str, entry: &Entry) -> Answer {
    let handle = handle(entry)?;
    let seconds = required(entry.visibility_timeout, "VisibilityTimeout")?;
    let reason = "Must be between 0 and 43200.";
    let seconds = within("VisibilityTimeout", seconds, 0..=43_200, reason)?;
    let visibility = Millis::from(seconds) * 1000;
    sqs.change(|queues| queues.change_visibility(name, handle, visibility, now()))?;
    Ok(json!({}))
}

fn handle(entry: &Entry) -> Result<&str, SqsError> {
    required(entry.receipt_handle.as_deref(), "ReceiptHandle")
}
