//! An SQS queue with its dead-letter queue.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use package::manifest::Queue;
use serde_json::{Value, json};

use crate::client::http::{JsonClient, Service::Sqs};

/// The largest message, in bytes: what Terraform's provider sets where nobody sets another one. SQS's own default is
/// 1 MiB.
const LARGEST_MESSAGE_BYTES: &str = "262144";

/// What nobody could process is kept for as long as SQS keeps anything: 14 days, in seconds.
const DEAD_LETTER_RETENTION_S: &str = "1209600";

/// Attributes of a queue by name.
type Attributes = BTreeMap<String, String>;

/// Makes the queue and its dead-letter queue or changes what differs; gives its URL and says what it did.
///
/// # Errors
/// When the sandbox cannot be reached or refuses.
pub(super) async fn apply(client: &JsonClient, queue: &Queue) -> Result<(String, String)> {
    let dead_letter = queue.dead_letter_queue_name.clone();
    let kept = [("MessageRetentionPeriod", DEAD_LETTER_RETENTION_S.to_owned())];
    let (dead_letter_url, made) = ensure(client, &dead_letter, queue.fifo, kept).await?;
    let dead_letter_arn = arn(client, &dead_letter, &dead_letter_url).await?;
    let redrive = json!({
        "deadLetterTargetArn": dead_letter_arn,
        "maxReceiveCount": queue.max_receive_count,
    });
    let attributes = [
        ("VisibilityTimeout", queue.visibility_timeout_s.to_string()),
        ("RedrivePolicy", redrive.to_string()),
    ];
    let (url, done) = ensure(client, &queue.queue_name, queue.fifo, attributes).await?;
    // Only its own queue may send messages to it.
    let source = arn(client, &queue.queue_name, &url).await?;
    let allow = json!({"redrivePermission": "byQueue", "sourceQueueArns": [source]});
    let allow = [("RedriveAllowPolicy", allow.to_string())];
    let (_, allowed) = ensure(client, &dead_letter, queue.fifo, allow).await?;
    let dead_letter_done = match made {
        Done::Unchanged => allowed,
        made => made,
    };
    let done = match (done, dead_letter_done) {
        (Done::Created, _) => format!("created, with {dead_letter}"),
        (Done::Unchanged, Done::Unchanged) => "unchanged".to_owned(),
        _ => "updated".to_owned(),
    };
    Ok((url, done))
}

#[derive(Clone, Copy)]
enum Done {
    Created,
    Updated,
    Unchanged,
}

/// Makes one queue or sets its attributes; gives its URL.
async fn ensure<const N: usize>(
    client: &JsonClient,
    name: &str,
    fifo: bool,
    attributes: [(&str, String); N],
) -> Result<(String, Done)> {
    let mut attributes: Attributes = attributes
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    let largest = LARGEST_MESSAGE_BYTES.to_owned();
    attributes.insert("MaximumMessageSize".to_owned(), largest);
    let Some(url) = url(client, name).await? else {
        if fifo {
            attributes.insert("FifoQueue".to_owned(), "true".to_owned());
        }
        let create = json!({"QueueName": name, "Attributes": attributes});
        let created = client.call(Sqs, "CreateQueue", &create).await;
        let created = created.with_context(|| format!("cannot create the queue {name}"))?;
        let url = created["QueueUrl"]
            .as_str()
            .context("a queue without a URL")?;
        return Ok((url.to_owned(), Done::Created));
    };
    let found = attributes_of(client, name, &url).await?;
    let changed: Attributes = attributes
        .into_iter()
        .filter(|(name, wanted)| found.get(name).is_none_or(|found| !same(found, wanted)))
        .collect();
    if changed.is_empty() {
        return Ok((url, Done::Unchanged));
    }
    let set = json!({"QueueUrl": url, "Attributes": changed});
    let set = client.call(Sqs, "SetQueueAttributes", &set).await;
    set.with_context(|| format!("cannot update the queue {name}"))?;
    Ok((url, Done::Updated))
}

/// Attributes are text; a redrive policy is JSON in text, whose spaces and order mean nothing.
fn same(found: &str, wanted: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok().map(normal);
    found == wanted || parse(found).is_some_and(|found| Some(found) == parse(wanted))
}

/// SQS gives `maxReceiveCount` back as it got it: as a number or as a string.
fn normal(mut policy: Value) -> Value {
    if let Some(count) = policy.get_mut("maxReceiveCount")
        && let Some(number) = count.as_str().and_then(|text| text.parse::<u64>().ok())
    {
        *count = number.into();
    }
    policy
}

/// The URL of a queue, if there is one of this name.
///
/// # Errors
/// When the sandbox cannot be asked.
pub async fn url(client: &JsonClient, name: &str) -> Result<Option<String>> {
    let asked = json!({"QueueName": name});
    let found = client.call_if_there(Sqs, "GetQueueUrl", &asked, "QueueDoesNotExist");
    let found = found.await;
    let found = found.with_context(|| format!("cannot ask the sandbox about the queue {name}"))?;
    Ok(found.and_then(|output| output["QueueUrl"].as_str().map(str::to_owned)))
}

/// ARN of a queue.
pub(super) async fn arn(client: &JsonClient, name: &str, url: &str) -> Result<String> {
    let mut attributes = attributes_of(client, name, url).await?;
    let arn = attributes.remove("QueueArn");
    arn.with_context(|| format!("the queue {name} has no ARN"))
}

/// ARN of a queue that exists.
///
/// # Errors
/// When it does not.
pub(super) async fn arn_of(client: &JsonClient, name: &str) -> Result<String> {
    let url = url(client, name).await?;
    let url = url.with_context(|| format!("there is no queue {name}"))?;
    arn(client, name, &url).await
}

async fn attributes_of(client: &JsonClient, name: &str, url: &str) -> Result<Attributes> {
    let get = json!({"QueueUrl": url, "AttributeNames": ["All"]});
    let output = client.call(Sqs, "GetQueueAttributes", &get).await;
    let mut output = output.with_context(|| format!("cannot read the attributes of {name}"))?;
    Ok(serde_json::from_value(output["Attributes"].take()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redrive_policy_is_the_same_in_another_spelling() {
        let wanted = r#"{"deadLetterTargetArn":"arn:d","maxReceiveCount":5}"#;
        let spelt = r#"{ "maxReceiveCount": "5", "deadLetterTargetArn": "arn:d" }"#;
        assert!(same(spelt, wanted));
        assert!(!same(&spelt.replace('5', "6"), wanted));
        assert!(same("60", "60") && !same("30", "60"));
    }
}
