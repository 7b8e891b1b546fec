//! What the operations on messages have in common: one entry, or a batch of entries that succeed or fail one by one.

use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{Answer, queue_name};
use crate::{
    aws::arn,
    services::sqs::{Sqs, error::SqsError},
};

/// An operation on one message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct One<E> {
    pub(super) queue_url: Option<String>,
    #[serde(flatten)]
    pub(super) entry: E,
}

/// The same operation on several.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound = "E: Deserialize<'de>")]
pub(super) struct Batch<E> {
    queue_url: Option<String>,
    #[serde(default)]
    pub(super) entries: Vec<BatchEntry<E>>,
}

/// An entry, and the id by which the answer names it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchEntry<E> {
    #[serde(default)]
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) entry: E,
}

impl<E> Batch<E> {
    /// The name of the queue, when it is there and the entries have proper ids.
    ///
    /// # Errors
    /// When there is no such queue, or as [`check`] says.
    pub(super) fn queue(&self, sqs: &Sqs, entry: &'static str) -> Result<String, SqsError> {
        let name = queue_name(self.queue_url.as_deref())?;
        sqs.queues().queue(name)?;
        check(self.entries.iter().map(|entry| entry.id.as_str()), entry)?;
        Ok(name.to_owned())
    }
}

/// Most entries of a batch.
const MAX_ENTRIES: usize = 10;

/// Checks the ids of a batch's entries.
///
/// # Errors
/// When there are none, too many, two of the same, or one that is no id.
fn check<'a>(ids: impl Iterator<Item = &'a str>, entry: &'static str) -> Result<(), SqsError> {
    let mut ids: Vec<&str> = ids.collect();
    if ids.is_empty() {
        return Err(SqsError::EmptyBatch(entry));
    }
    if ids.len() > MAX_ENTRIES {
        return Err(SqsError::TooManyEntries(ids.len()));
    }
    if !ids.iter().all(|id| arn::is_name(id, 80)) {
        return Err(SqsError::InvalidBatchEntryId);
    }
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(SqsError::EntryIdsNotDistinct(pair[0].to_owned())),
        None => Ok(()),
    }
}

/// The answer to a batch, from the results of its entries by id.
pub(super) fn answer(results: impl Iterator<Item = (String, Answer)>) -> Value {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, result) in results {
        match result {
            Ok(mut entry) => {
                entry["Id"] = json!(id);
                successful.push(entry);
            }
            Err(error) => failed.push(json!({
                "Id": id,
                "Code": error.code(),
                "Message": error.to_string(),
                "SenderFault": true,
            })),
        }
    }
    let mut answer = json!({ "Successful": successful });
    if !failed.is_empty() {
        answer["Failed"] = Value::Array(failed);
    }
    answer
}
