//! SendMessage, SendMessageBatch.

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    batch::{self, Batch, BatchEntry, One},
    input::{Answer, queue_name, required, within},
    message_attributes::{self, WireAttributes},
};
use crate::aws::arn;
use crate::services::sqs::{
    Sqs,
    error::SqsError,
    model::{
        message::{Content, Message, Millis, md5_of_attributes, md5_of_trace_header},
        queues::Sending,
        settings::{MAX_MESSAGE_BYTES, Settings},
    },
    now,
};

/// The one system attribute that can be sent.
const TRACE_HEADER: &str = "AWSTraceHeader";

/// A message to send.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    #[serde(default)]
    message_attributes: Option<WireAttributes>,
    #[serde(default)]
    message_system_attributes: Option<WireAttributes>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

impl Entry {
    /// Bytes that count towards the size of a batch: body and attributes.
    fn size(&self) -> usize {
        let body = self.message_body.as_ref().map_or(0, String::len);
        let attributes = self.message_attributes.as_ref();
        body + attributes.map_or(0, message_attributes::size)
    }
}

impl Sqs {
    /// Sends a message without attributes to the queue with this ARN.
    ///
    /// # Errors
    /// As `SendMessage`: when there is no such queue, it is a FIFO queue, or the message is too large.
    pub fn send_text(&self, queue_arn: &str, body: String) -> Result<(), SqsError> {
        let entry = Entry {
            message_body: Some(body),
            ..Entry::default()
        };
        send(self, arn::last_part(queue_arn), entry).map(drop)
    }
}

pub(super) fn one(sqs: &Sqs, request: One<Entry>) -> Answer {
    let name = queue_name(request.queue_url.as_deref())?;
    send(sqs, name, request.entry)
}

pub(super) fn batch(sqs: &Sqs, request: Batch<Entry>) -> Answer {
    let name = request.queue(sqs, "SendMessageBatchRequestEntry")?;
    let size = request.entries.iter().map(|entry| entry.entry.size()).sum();
    if size > MAX_MESSAGE_BYTES {
        return Err(SqsError::BatchTooLong {
            limit: MAX_MESSAGE_BYTES,
            size,
        });
    }
    let sent = request
        .entries
        .into_iter()
        .map(|BatchEntry { id, entry }| (id, send(sqs, &name, entry)));
    Ok(batch::answer(sent))
}

fn send(sqs: &Sqs, name: &str, entry: Entry) -> Answer {
    let now = now();
    let (content, sent) = sqs.change(|queues| {
        let sending = check(entry, &queues.queue(name)?.settings, now)?;
        let content = std::sync::Arc::clone(&sending.message.content);
        Ok((content, queues.send(name, sending, now)?))
    })?;
    let mut answer = json!({
        "MessageId": sent.id,
        "MD5OfMessageBody": content.body_md5,
    });
    if let Some(md5) = md5_of_attributes(content.attributes.iter()) {
        answer["MD5OfMessageAttributes"] = json!(md5);
    }
    if let Some(trace) = &content.trace_header {
        answer["MD5OfMessageSystemAttributes"] = json!(md5_of_trace_header(trace));
    }
    if let Some(number) = sent.sequence_number {
        answer["SequenceNumber"] = json!(number);
    }
    Ok(answer)
}

/// Checks a message against the limits of its queue.
fn check(entry: Entry, settings: &Settings, now: Millis) -> Result<Sending, SqsError> {
    let body = required(
        entry.message_body.filter(|body| !body.is_empty()),
        "MessageBody",
    )?;
    if !body.chars().all(is_allowed) {
        return Err(SqsError::InvalidMessageContents);
    }
    let attributes = message_attributes::read(entry.message_attributes.unwrap_or_default())?;
    let mut content = Content::new(Uuid::new_v4().to_string(), body, attributes);
    let limit = settings.maximum_message_bytes();
    if content.size() > limit {
        return Err(SqsError::InvalidParameter(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
        )));
    }
    content.trace_header = trace_header(entry.message_system_attributes.unwrap_or_default())?;
    content.group = entry
        .message_group_id
        .map(|id| check_id("MessageGroupId", id))
        .transpose()?
        .map(Into::into);
    let given = entry
        .message_deduplication_id
        .map(|id| check_id("MessageDeduplicationId", id))
        .transpose()?;
    let delay = delay(entry.delay_seconds, settings)?;
    content.deduplication_id = deduplication_id(given, &content, settings)?;
    let deduplication = content.deduplication_id.as_ref().map(|id| {
        match content
            .group
            .as_ref()
            .filter(|_| settings.deduplicates_by_group())
        {
            // No id can contain the line break.
            Some(group) => format!("{group}\n{id}"),
            None => id.clone(),
        }
    });
    Ok(Sending {
        message: Message::new(content, now),
        delay,
        deduplication,
    })
}

fn delay(asked: Option<i64>, settings: &Settings) -> Result<Option<Millis>, SqsError> {
    let Some(seconds) = asked else {
        return Ok(None);
    };
    if settings.is_fifo() && seconds != 0 {
        return Err(not_for_this_queue("DelaySeconds", seconds));
    }
    let reason = "DelaySeconds must be >= 0 and <= 900.";
    let seconds = within("DelaySeconds", seconds, 0..=900, reason)?;
    Ok((!settings.is_fifo()).then(|| Millis::from(seconds) * 1000))
}

/// What tells a message of a FIFO queue from others.
fn deduplication_id(
    given: Option<String>,
    content: &Content,
    settings: &Settings,
) -> Result<Option<String>, SqsError> {
    match given {
        Some(id) if !settings.is_fifo() => Err(not_for_this_queue("MessageDeduplicationId", id)),
        _ if !settings.is_fifo() => Ok(None),
        _ if content.group.is_none() => Err(SqsError::MissingParameter("MessageGroupId")),
        Some(id) => Ok(Some(id)),
        None if settings.deduplicates_by_content() => {
            Ok(Some(hex::encode(Sha256::digest(content.body.as_bytes()))))
        }
        None => Err(SqsError::InvalidParameter(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
             explicitly"
                .to_owned(),
        )),
    }
}

fn not_for_this_queue(parameter: &str, value: impl std::fmt::Display) -> SqsError {
    let reason = "The request include parameter that is not valid for this queue type.";
    SqsError::invalid(parameter, value, reason)
}

fn check_id(parameter: &str, id: String) -> Result<String, SqsError> {
    if (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(id);
    }
    let reason = format!(
        "{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length."
    );
    Err(SqsError::invalid(parameter, id, reason))
}

fn trace_header(attributes: WireAttributes) -> Result<Option<String>, SqsError> {
    let mut trace = None;
    for (name, attribute) in attributes {
        if name != TRACE_HEADER {
            return Err(SqsError::InvalidParameter(format!(
                "Message system attribute name '{name}' is invalid: the only one that can be sent is {TRACE_HEADER}."
            )));
        }
        let attribute = message_attributes::read_one(&name, attribute)?;
        trace = String::from_utf8(attribute.value.bytes().to_vec()).ok();
    }
    Ok(trace)
}

/// Characters that a message may contain: those of XML 1.0.
const fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}
