//! TagQueue, UntagQueue, ListQueueTags.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{Answer, queue_name, required};
use crate::sqs::{Sqs, now};

/// All three.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    queue_url: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    tag_keys: Option<Vec<String>>,
}

pub(super) fn tag(sqs: &Sqs, request: Request) -> Answer {
    let name = queue_name(request.queue_url.as_deref())?;
    let tags = required(request.tags, "Tags")?;
    sqs.account().queue_at(name, now())?.tags.extend(tags);
    Ok(json!({}))
}

pub(super) fn untag(sqs: &Sqs, request: Request) -> Answer {
    let name = queue_name(request.queue_url.as_deref())?;
    let keys = required(request.tag_keys, "TagKeys")?;
    let mut account = sqs.account();
    let slot = account.queue_at(name, now())?;
    slot.tags.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}

pub(super) fn list(sqs: &Sqs, request: Request) -> Answer {
    let name = queue_name(request.queue_url.as_deref())?;
    let account = sqs.account();
    Ok(json!({"Tags": account.queue(name)?.tags}))
}
