//! The MD5 digests by which SDKs check what was sent and received.

use md5::{Digest as _, Md5};

use super::message::{Attribute, AttributeValue};

/// MD5 in hex.
#[must_use]
pub fn of_text(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}

/// MD5 of message attributes in hex, as the SQS developer guide defines it ("Calculating the MD5 message digest for
/// message attributes"): by name in order, each name, type and value behind its length in 4 bytes, the value also
/// behind a byte that tells text (1) from binary (2). None without attributes.
#[must_use]
pub fn of_attributes<'a>(
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
pub fn of_trace_header(value: &str) -> Option<String> {
    let attribute = Attribute {
        data_type: "String".to_owned(),
        value: AttributeValue::Text(value.to_owned()),
    };
    of_attributes(std::iter::once((&"AWSTraceHeader".to_owned(), &attribute)))
}
