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
            let digest = of_attributes(std::iter::once((&name.to_owned(), &attribute)));
            assert_eq!(digest.as_deref(), Some(md5), "{name} {data_type}");
        }
        assert_eq!(of_text("derp"), "58fd9edd83341c29f1aebba81c31e257");
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
        let digest = |attribute| of_attributes(std::iter::once((&name, attribute)));
        assert_ne!(digest(&text), digest(&binary));
        assert_eq!(of_attributes(std::iter::empty()), None);
    }
}
