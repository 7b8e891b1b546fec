//! The event: what Lambda sends from SQS, record by record.
//!
//! An event that is no SQS batch is an [`EventError`], which fails the invocation. A record that cannot be
//! read is a [`Record`] with an error: it alone goes back to the queue.

use aws_lambda_events::sqs::SqsMessage;
use lambda_runtime::Diagnostic;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::quote::{kind, shortened};

/// The `eventSource` of records that come from a queue.
const EVENT_SOURCE: &str = "aws:sqs";
/// How a FIFO queue's name and ARN end. A message group does not tell it: standard queues have
/// groups too (fair queues).
const FIFO_SUFFIX: &str = ".fifo";
/// How many characters of the event an error or a log line repeats at most.
const QUOTED_CHARS: usize = 160;

/// A batch of messages of one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The messages in the order in which the queue gave them.
    pub records: Vec<Record>,
    /// Whether the queue is FIFO.
    pub fifo: bool,
}

/// One message of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The id by which the answer names a failed message; never empty.
    pub message_id: String,
    /// The message group; within one, a FIFO queue promises order.
    pub group: Option<String>,
    /// How often the message was delivered, including this time; the queue's redrive policy counts it.
    pub receive_count: Option<u32>,
    /// The message, or why it cannot be read.
    pub body: Result<String, String>,
}

/// Why an event is no SQS batch. Lambda reports it as a function error of type `InvalidEvent`, and the
/// whole event goes back to its source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// JSON of another type.
    #[error("the event is {found}; expected an SQS batch: {{\"Records\": [...]}}")]
    NotAnObject {
        /// Its type.
        found: &'static str,
    },
    /// An object that is another event.
    #[error("the event has no Records{hint}; expected an SQS batch: {{\"Records\": [...]}}")]
    NoRecords {
        /// What it may be instead, or nothing.
        hint: &'static str,
    },
    /// `Records` is of another type.
    #[error("Records is {found}, not a list")]
    RecordsNotAList {
        /// Its type.
        found: &'static str,
    },
    /// A record of another service: S3 and SNS send lists of `Records` too.
    #[error(
        "Records[{index}] has eventSource {found}, not \"aws:sqs\": check the function's triggers"
    )]
    OtherSource {
        /// The record's place.
        index: usize,
        /// Its source.
        found: String,
    },
    /// A record without an id. The answer could not name it, and Lambda would delete it.
    #[error("Records[{index}] has no messageId, so that it cannot be given back alone")]
    NoMessageId {
        /// The record's place.
        index: usize,
    },
}

impl From<EventError> for Diagnostic {
    fn from(error: EventError) -> Self {
        Self {
            error_type: "InvalidEvent".to_owned(),
            error_message: error.to_string(),
        }
    }
}

impl Batch {
    /// Reads an event.
    ///
    /// # Errors
    /// [`EventError`] when it is no SQS batch, or has a record without an id.
    pub fn parse(event: Value) -> Result<Self, EventError> {
        let Value::Object(mut event) = event else {
            return Err(EventError::NotAnObject {
                found: kind(&event),
            });
        };
        let records = match event.remove("Records") {
            Some(Value::Array(records)) => records,
            Some(other) => {
                return Err(EventError::RecordsNotAList {
                    found: kind(&other),
                });
            }
            None if event.contains_key("requestContext") => {
                return Err(EventError::NoRecords {
                    hint: " and looks like an HTTP request",
                });
            }
            None => return Err(EventError::NoRecords { hint: "" }),
        };
        let fifo = records.iter().any(is_from_fifo_queue);
        let records = records
            .into_iter()
            .enumerate()
            .map(|(index, record)| Record::parse(index, record))
            .collect::<Result<_, _>>()?;
        Ok(Self { records, fifo })
    }
}

impl Record {
    /// The message, read as a JSON object.
    ///
    /// # Errors
    /// Why it cannot be read, in a few words for the log.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        let body = self.body.as_deref().map_err(Clone::clone)?;
        // A derived struct would also take an array, by position.
        if !body.trim_start().starts_with('{') {
            return Err("the body is not a JSON object".to_owned());
        }
        serde_json::from_str(body)
            .map_err(|error| format!("body: {}", shortened(&error.to_string(), QUOTED_CHARS)))
    }

    fn parse(index: usize, record: Value) -> Result<Self, EventError> {
        // Read before the typed parse: they are needed when that fails.
        let text = |pointer| record.pointer(pointer).and_then(Value::as_str);
        if text("/eventSource") != Some(EVENT_SOURCE) {
            return Err(EventError::OtherSource {
                index,
                found: source(&record),
            });
        }
        let message_id = text("/messageId")
            .filter(|id| !id.is_empty())
            .ok_or(EventError::NoMessageId { index })?
            .to_owned();
        let group = text("/attributes/MessageGroupId").map(str::to_owned);
        let receive_count =
            text("/attributes/ApproximateReceiveCount").and_then(|count| count.parse().ok());
        Ok(Self {
            message_id,
            group,
            receive_count,
            body: body(record),
        })
    }
}

fn body(record: Value) -> Result<String, String> {
    let message: SqsMessage = serde_path_to_error::deserialize(record)
        .map_err(|error| shortened(&error.to_string(), QUOTED_CHARS))?;
    message.body.ok_or_else(|| "body is missing".to_owned())
}

fn is_from_fifo_queue(record: &Value) -> bool {
    record["eventSourceARN"]
        .as_str()
        .is_some_and(|arn| arn.ends_with(FIFO_SUFFIX))
}

fn source(record: &Value) -> String {
    // SNS spells it with a capital letter.
    let source = record
        .get("eventSource")
        .or_else(|| record.get("EventSource"));
    source.map_or_else(
        || format!("missing ({})", kind(record)),
        |source| shortened(&source.to_string(), QUOTED_CHARS),
    )
}

#[cfg(test)]
mod tests;
