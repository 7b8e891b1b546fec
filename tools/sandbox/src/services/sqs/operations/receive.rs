//! ReceiveMessage.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    input::{Answer, queue_name, within},
    message_attributes,
};
use crate::services::sqs::{
    ReceiveOptions, Sqs,
    error::SqsError,
    model::{
        message::{Attribute, Millis, md5_of_attributes},
        queue::Delivery,
    },
};

/// System attributes that can be asked for.
const SYSTEM_ATTRIBUTES: [&str; 12] = [
    "All",
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
    // Attributes of queues that older clients ask for here; no message has them.
    "Policy",
    "SqsManagedSseEnabled",
];

/// `ReceiveMessage`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    queue_url: Option<String>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    /// What older clients send instead of the next.
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
}

pub(super) async fn receive(sqs: &Sqs, request: Request) -> Answer {
    let name = queue_name(request.queue_url.as_deref())?;
    let asked = limits(&request)?;
    let mut system = request.message_system_attribute_names;
    system.extend(request.attribute_names);
    if let Some(unknown) = system
        .iter()
        .find(|name| !SYSTEM_ATTRIBUTES.contains(&name.as_str()))
    {
        return Err(SqsError::InvalidAttributeName(unknown.clone()));
    }
    let deliveries = sqs.receive(name, asked).await?;
    if deliveries.is_empty() {
        return Ok(json!({}));
    }
    let messages = deliveries
        .iter()
        .map(|delivery| to_json(delivery, &system, &request.message_attribute_names));
    Ok(json!({"Messages": messages.collect::<Vec<_>>()}))
}

fn limits(request: &Request) -> Result<ReceiveOptions, SqsError> {
    let seconds = |seconds: u32| Millis::from(seconds) * 1000;
    let max = within(
        "MaxNumberOfMessages",
        request.max_number_of_messages.unwrap_or(1),
        1..=10,
        "Must be between 1 and 10, if provided.",
    )?;
    let wait = request.wait_time_seconds.map(|wait| {
        let reason = "Must be >= 0 and <= 20, if provided.";
        within("WaitTimeSeconds", wait, 0..=20, reason).map(seconds)
    });
    let visibility = request.visibility_timeout.map(|visibility| {
        let reason = "Must be between 0 and 43200, if provided.";
        within("VisibilityTimeout", visibility, 0..=43_200, reason).map(seconds)
    });
    Ok(ReceiveOptions {
        max: max as usize,
        visibility: visibility.transpose()?,
        wait: wait.transpose()?,
    })
}

fn to_json(delivery: &Delivery, system: &[String], attributes: &[String]) -> Value {
    let content = &delivery.message.content;
    let mut message = json!({
        "MessageId": content.id,
        "ReceiptHandle": delivery.receipt.to_handle(),
        "Body": content.body,
        "MD5OfBody": content.body_md5,
    });
    let mut own = delivery.system_attributes();
    if !system.iter().any(|name| name == "All") {
        own.retain(|name, _| system.iter().any(|asked| asked == name));
    }
    if !own.is_empty() {
        message["Attributes"] = json!(own);
    }
    let selected: BTreeMap<&String, &Attribute> = content
        .attributes
        .iter()
        .filter(|(name, _)| attributes.iter().any(|asked| selects(asked, name)))
        .collect();
    if let Some(md5) = md5_of_attributes(selected.iter().map(|(name, value)| (*name, *value))) {
        message["MD5OfMessageAttributes"] = json!(md5);
        message["MessageAttributes"] = selected
            .into_iter()
            .map(|(name, attribute)| (name.clone(), message_attributes::to_json(attribute)))
            .collect::<Map<_, _>>()
            .into();
    }
    message
}

/// Whether a name that is asked for, perhaps with `*` at its end, means this attribute.
fn selects(asked: &str, name: &str) -> bool {
    match asked.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => asked == "All" || asked == name,
    }
}
