//! What the batch operations have in common: an entry may fail, and the others do not.

use serde_json::{Value, json};

use super::Answer;
use crate::sqs::error::SqsError;

/// Most entries of a batch.
const MAX_ENTRIES: usize = 10;

/// Checks the ids of a batch's entries.
///
/// # Errors
/// When there are none, too many, two of the same, or one that is no id.
pub(super) fn check<'a>(
    ids: impl Iterator<Item = &'a str>,
    entry: &'static str,
) -> Result<(), SqsError> {
    let mut ids: Vec<&str> = ids.collect();
    if ids.is_empty() {
        return Err(SqsError::EmptyBatch(entry));
    }
    if ids.len() > MAX_ENTRIES {
        return Err(SqsError::TooManyEntries(ids.len()));
    }
    let is_word_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !ids
        .iter()
        .all(|id| (1..=80).contains(&id.len()) && id.bytes().all(is_word_byte))
    {
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
