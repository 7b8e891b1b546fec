//! GetQueueAttributes, SetQueueAttributes, TagQueue, UntagQueue, ListQueueTags.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::input::{Answer, queue_name, required};
use crate::services::sqs::{Sqs, error::SqsError, model::queues::QueueEntry, now};

/// Attributes that a queue may have and that are left out when it has not.
const OPTIONAL: [&str; 8] = [
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "Policy",
    "RedriveAllowPolicy",
];

/// `GetQueueAttributes`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Get {
    queue_url: Option<String>,
    #[serde(default)]
    attribute_names: Vec<String>,
}

/// `SetQueueAttributes`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Set {
    queue_url: Option<String>,
    attributes: Option<BTreeMap<String, String>>,
}

pub(super) fn get(sqs: &Sqs, request: Get) -> Answer {
    let name = queue_name(request.queue_url.as_deref())?;
    let all = sqs.change(|queues| Ok(all(queues.queue_at(name, now())?)))?;
    let mut answer = Map::new();
    for name in &request.attribute_names {
        match all.get(name) {
            Some(value) => {
                answer.insert(name.clone(), value.clone());
            }
            None if name == "All" => answer.extend(all.clone()),
            None if name == "RedrivePolicy" || OPTIONAL.contains(&name.as_str()) => {}
            None => return Err(SqsError::InvalidAttributeName(name.clone())),
        }
    }
    Ok(if answer.is_empty() {
        json!({})
    } else {
        json!({ "Attributes": answer })
    })
}

/// Every attribute that a queue has. All values are texts.
fn all(entry: &QueueEntry) -> Map<String, Value> {
    let counts = entry.queue.counts();
    let own = [
        ("QueueArn", entry.arn.to_string()),
        ("ApproximateNumberOfMessages", counts.visible.to_string()),
        (
            "ApproximateNumberOfMessagesNotVisible",
            counts.in_flight.to_string(),
        ),
        (
            "ApproximateNumberOfMessagesDelayed",
            counts.delayed.to_string(),
        ),
        ("CreatedTimestamp", entry.created_s.to_string()),
        ("LastModifiedTimestamp", entry.modified_s.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), Value::from(value)));
    let set = entry.settings.values().iter();
    set.map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .chain(own)
        .collect()
}

pub(super) fn set(sqs: &Sqs, request: Set) -> Answer {
    let name = queue_name(request.queue_url.as_deref())?;
    let attributes = required(request.attributes, "Attributes")?;
    sqs.change(|queues| queues.configure(name, &attributes, now()))?;
    Ok(json!({}))
}

/// `TagQueue`, `UntagQueue` and `ListQueueTags`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tags {
    queue_url: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    tag_keys: Option<Vec<String>>,
}

pub(super) fn tag(sqs: &Sqs, request: Tags) -> Answer {
    let name = queue_name(request.queue_url.as_deref())?;
    let tags = required(request.tags, "Tags")?;
    sqs.change(|queues| {
        queues.tags_mut(name)?.extend(tags);
        Ok(json!({}))
    })
}

pub(super) fn untag(sqs: &Sqs, request: Tags) -> Answer {
    let name = queue_name(request.queue_url.as_deref())?;
    let keys = required(request.tag_keys, "TagKeys")?;
    sqs.change(|queues| {
        queues.tags_mut(name)?.retain(|key, _| !keys.contains(key));
        Ok(json!({}))
    })
}

pub(super) fn list_tags(sqs: &Sqs, request: Tags) -> Answer {
    let name = queue_name(request.queue_url.as_deref())?;
    let queues = sqs.queues();
    Ok(json!({"Tags": queues.queue(name)?.tags}))
}
