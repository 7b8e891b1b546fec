//! CreateQueue, GetQueueUrl, ListQueues, DeleteQueue, PurgeQueue.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{Answer, queue_name, required, within};
use crate::{
    aws::ACCOUNT_ID,
    services::sqs::{Sqs, error::SqsError, now},
};

/// `CreateQueue`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    queue_name: Option<String>,
    #[serde(default)]
    attributes: Option<BTreeMap<String, String>>,
    #[serde(default, rename = "tags")]
    tags: Option<BTreeMap<String, String>>,
}

/// `GetQueueUrl`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetUrl {
    queue_name: Option<String>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

/// `ListQueues`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    queue_name_prefix: Option<String>,
    max_results: Option<i64>,
    /// The last name of the page before.
    next_token: Option<String>,
}

/// `DeleteQueue` and `PurgeQueue`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OneQueue {
    queue_url: Option<String>,
}

pub(super) fn create(sqs: &Sqs, region: &str, request: Create) -> Answer {
    let name = required(request.queue_name, "QueueName")?;
    let attributes = request.attributes.unwrap_or_default();
    let tags = request.tags.unwrap_or_default();
    sqs.change(|queues| queues.create(&name, region, &attributes, tags, now()))?;
    Ok(json!({"QueueUrl": sqs.queue_url(&name)}))
}

pub(super) fn get_url(sqs: &Sqs, request: GetUrl) -> Answer {
    let name = required(request.queue_name, "QueueName")?;
    if request.owner.is_some_and(|owner| owner != ACCOUNT_ID) {
        return Err(SqsError::QueueDoesNotExist);
    }
    sqs.queues().queue(&name)?;
    Ok(json!({"QueueUrl": sqs.queue_url(&name)}))
}

pub(super) fn list(sqs: &Sqs, request: List) -> Answer {
    let size = match request.max_results {
        None => 1000,
        Some(asked) => within("MaxResults", asked, 1..=1000, "Must be between 1 and 1000.")?,
    };
    let prefix = request.queue_name_prefix.unwrap_or_default();
    let after = request.next_token.unwrap_or_default();
    let queues = sqs.queues();
    let mut names = queues
        .names()
        .filter(|name| name.starts_with(&prefix) && *name > after.as_str());
    let page: Vec<&str> = names.by_ref().take(size as usize).collect();
    let mut answer = json!({});
    if !page.is_empty() {
        answer["QueueUrls"] = page.iter().map(|name| sqs.queue_url(name)).collect();
    }
    if let (Some(last), Some(_), Some(_)) = (page.last(), names.next(), request.max_results) {
        answer["NextToken"] = json!(last);
    }
    Ok(answer)
}

pub(super) fn delete(sqs: &Sqs, request: OneQueue) -> Answer {
    let name = queue_name(request.queue_url.as_deref())?;
    sqs.change(|queues| queues.delete(name))?;
    Ok(Value::Object(serde_json::Map::new()))
}

pub(super) fn purge(sqs: &Sqs, request: OneQueue) -> Answer {
    let name = queue_name(request.queue_url.as_deref())?;
    sqs.change(|queues| {
        queues.queue_at(name, now())?.queue.purge();
        Ok(())
    })?;
    Ok(Value::Object(serde_json::Map::new()))
}
