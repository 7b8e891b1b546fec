//! Messages: what a sender gives, and what the queue adds to it.

use std::{collections::BTreeMap, sync::Arc};

use super::digest;

/// Milliseconds since the epoch, or a length of time in milliseconds.
pub type Millis = u64;

/// Place of a message in its queue: later ones are greater, none is used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u64);

/// The value of a message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// `StringValue`: also that of a `Number`.
    Text(String),
    /// `BinaryValue`
    Binary(Vec<u8>),
}

impl AttributeValue {
    /// The bytes that count and are digested.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

/// A message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `String`, `Number` or `Binary`, perhaps with a label behind a dot.
    pub data_type: String,
    /// The value.
    pub value: AttributeValue,
}

/// Message attributes by name.
pub type Attributes = BTreeMap<String, Attribute>;

/// What the sender gave. Shared by all deliveries of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Message id.
    pub id: String,
    /// Body.
    pub body: String,
    /// MD5 of the body in hex.
    pub body_md5: String,
    /// Message attributes.
    pub attributes: Attributes,
    /// `AWSTraceHeader`
    pub trace_header: Option<String>,
    /// `MessageGroupId`
    pub group: Option<Arc<str>>,
    /// `MessageDeduplicationId`, given or derived from the body.
    pub deduplication_id: Option<String>,
}

impl Content {
    /// A content with its digest.
    #[must_use]
    pub fn new(id: String, body: String, attributes: Attributes) -> Self {
        Self {
            id,
            body_md5: digest::of_text(&body),
            body,
            attributes,
            trace_header: None,
            group: None,
            deduplication_id: None,
        }
    }

    /// Bytes that count towards `MaximumMessageSize`: the body, and names, types and values of the attributes.
    #[must_use]
    pub fn size(&self) -> usize {
        let attribute = |(name, attribute): (&String, &Attribute)| {
            name.len() + attribute.data_type.len() + attribute.value.bytes().len()
        };
        self.body.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }
}

/// A message as a queue keeps it, whether it can be seen or not.
#[derive(Debug, Clone)]
pub struct Message {
    /// What the sender gave.
    pub content: Arc<Content>,
    /// When it was sent.
    pub sent: Millis,
    /// When it was received for the first time.
    pub first_received: Option<Millis>,
    /// How often it was received, also from the queue that it was moved from.
    pub receive_count: u32,
    /// ARN of the queue that it was moved from.
    pub dead_letter_source: Option<Arc<str>>,
}

impl Message {
    /// A message that was never received.
    #[must_use]
    pub fn new(content: Content, sent: Millis) -> Self {
        Self {
            content: Arc::new(content),
            sent,
            first_received: None,
            receive_count: 0,
            dead_letter_source: None,
        }
    }
}
