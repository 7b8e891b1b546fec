//! Messages: what a sender gives, what the queue adds to it, and the MD5 digests by which SDKs check both.

use std::{collections::BTreeMap, sync::Arc};

use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

/// Milliseconds since the epoch, or a length of time in milliseconds.
pub type Millis = u64;

/// Place of a message in its queue: later ones are greater, none is used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u64);

/// The value of a message attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// `String`, `Number` or `Binary`, perhaps with a label behind a dot.
    pub data_type: String,
    /// The value.
    pub value: AttributeValue,
}

/// Message attributes by name.
pub type Attributes = BTreeMap<String, Attribute>;

/// What the sender has sent. Shared by all deliveries of the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
            body_md5: md5_of_text(&body),
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
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Message {
    /// What the sender has sent.
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

/// MD5 in hex.
#[must_use]
pub fn md5_of_text(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}

/// MD5 of message attributes in hex, as the SQS developer guide defines it ("Calculating the MD5 message digest for
/// message attributes"): by name in order, each name, type and value behind its length in 4 bytes, the value also
/// behind a byte that tells text (1) from binary (2). None without attributes.
#[must_use]
pub fn md5_of_attributes<'a>(
    attributes: impl Iterator<Item = (&'a String, &'a Attribute)>,
) -> Option<String> {
    let mut attributes: Vec<_> = attributes.collect();
    attributes.sort_unstable_by_key(|(name, _)| *name);
    if attributes.is_empty() {
        return None;
    }
    let mut digest = Md5::new();
    let mut field = |prefix: &[u8], bytes: &[u8]| {
        digest.update(prefix);
        digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        digest.update(bytes);
    };
    for (name, attribute) in attributes {
        field(&[], name.as_bytes());
        field(&[], attribute.data_type.as_bytes());
        let kind = match attribute.value {
            AttributeValue::Text(_) => 1,
            AttributeValue::Binary(_) => 2,
        };
        field(&[kind], attribute.value.bytes());
    }
    Some(hex::encode(digest.finalize()))
}

/// MD5 of the one system attribute that can be sent.
#[must_use]
pub fn md5_of_trace_header(value: &str) -> Option<String> {
    let attribute = Attribute {
        data_type: "String".to_owned(),
        value: AttributeValue::Text(value.to_owned()),
    };
    md5_of_attributes(std::iter::once((&"AWSTraceHeader".to_owned(), &attribute)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digests of AWS, as the tests of moto and LocalStack have recorded them.
    #[test]
    fn digests_are_those_of_aws() {
        for (name, data_type, md5) in [
            ("timestamp", "Number", "235c5c510d26fb653d073faed50ae77c"),
            (
                "timestamp",
                "Number.java.lang.Long",
                "2e2e4876d8e0bd6b8c2c8f556831c349",
            ),
            (
                "SOME_Valid.attribute-Name",
                "Number",
                "36655e7e9d7c0e8479fa3f3f42247ae7",
            ),
        ] {
            let attribute = Attribute {
                data_type: data_type.to_owned(),
                value: AttributeValue::Text("1493147359900".to_owned()),
            };
            let digest = md5_of_attributes(std::iter::once((&name.to_owned(), &attribute)));
            assert_eq!(digest.as_deref(), Some(md5), "{name} {data_type}");
        }
        assert_eq!(md5_of_text("derp"), "58fd9edd83341c29f1aebba81c31e257");
    }

    #[test]
    fn binary_values_are_told_from_text_and_no_attributes_have_no_digest() {
        let attribute = |value| Attribute {
            data_type: "Binary".to_owned(),
            value,
        };
        let name = "a".to_owned();
        let text = attribute(AttributeValue::Text("x".to_owned()));
        let binary = attribute(AttributeValue::Binary(b"x".to_vec()));
        let digest = |attribute| md5_of_attributes(std::iter::once((&name, attribute)));
        assert_ne!(digest(&text), digest(&binary));
        assert_eq!(md5_of_attributes(std::iter::empty()), None);
    }
}
