//! Message attributes on the wire.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    aws::arn,
    services::sqs::{
        error::SqsError,
        model::message::{Attribute, AttributeValue, Attributes},
    },
};

/// Most attributes of a message.
const MAX_ATTRIBUTES: usize = 10;

/// `MessageAttributeValue` and `MessageSystemAttributeValue`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireAttribute {
    data_type: Option<String>,
    string_value: Option<String>,
    binary_value: Option<String>,
}

/// Attributes as they come.
pub(super) type WireAttributes = BTreeMap<String, WireAttribute>;

/// The bytes of attributes that count towards the size of a message: names, types and values.
pub(super) fn size(attributes: &WireAttributes) -> usize {
    let attribute = |(name, attribute): (&String, &WireAttribute)| {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let binary = attribute
            .binary_value
            .as_ref()
            .map(|base64| BASE64.decode(base64));
        let binary = binary.and_then(Result::ok).map_or(0, |bytes| bytes.len());
        name.len() + length(&attribute.data_type) + length(&attribute.string_value) + binary
    };
    attributes.iter().map(attribute).sum()
}

/// Reads and checks the attributes of a message.
pub(super) fn read(attributes: WireAttributes) -> Result<Attributes, SqsError> {
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(SqsError::InvalidParameter(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{MAX_ATTRIBUTES}].",
            attributes.len()
        )));
    }
    attributes
        .into_iter()
        .map(|(name, attribute)| {
            check_name(&name)?;
            let attribute = read_one(&name, attribute)?;
            Ok((name, attribute))
        })
        .collect()
}

fn check_name(name: &str) -> Result<(), SqsError> {
    let is_allowed = |byte: u8| arn::is_name_byte(byte) || byte == b'.';
    let lower = name.to_ascii_lowercase();
    let reserved = lower.starts_with("aws.") || lower.starts_with("amazon.");
    let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    if (1..=256).contains(&name.len()) && name.bytes().all(is_allowed) && !reserved && !dots {
        return Ok(());
    }
    Err(SqsError::InvalidParameter(format!(
        "Message (user) attribute name '{name}' is invalid: it can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), \
         and period (.), must not start or end with a period or have two in succession, nor start with AWS. or Amazon., \
         and is 1 to 256 in length."
    )))
}

/// Reads one attribute.
pub(super) fn read_one(name: &str, attribute: WireAttribute) -> Result<Attribute, SqsError> {
    let data_type = attribute.data_type.unwrap_or_default();
    let kind = data_type.split('.').next().unwrap_or_default();
    let value = match (kind, attribute.string_value, attribute.binary_value) {
        ("String" | "Number", Some(text), None) => AttributeValue::Text(text),
        ("Binary", None, Some(base64)) => AttributeValue::Binary(
            BASE64
                .decode(base64)
                .map_err(|error| SqsError::Malformed(format!("{name}: {error}")))?,
        ),
        ("String" | "Number" | "Binary", ..) => return Err(empty(name, kind)),
        _ => {
            return Err(SqsError::InvalidParameter(format!(
                "The type of message (user) attribute '{name}' is invalid. You must use only the following supported \
                 type prefixes: Binary, Number, String."
            )));
        }
    };
    if value.bytes().is_empty() {
        return Err(empty(name, kind));
    }
    if let ("Number", AttributeValue::Text(text)) = (kind, &value)
        && text.parse::<f64>().is_err()
    {
        return Err(SqsError::InvalidParameter(format!(
            "Can't cast the value of message (user) attribute '{name}' to a number."
        )));
    }
    Ok(Attribute { data_type, value })
}

fn empty(name: &str, kind: &str) -> SqsError {
    SqsError::InvalidParameter(format!(
        "Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
    ))
}

/// `MessageAttributeValue`, with members in AWS's spelling.
pub(super) fn to_json(attribute: &Attribute) -> Value {
    match &attribute.value {
        AttributeValue::Text(text) => {
            json!({"DataType": attribute.data_type, "StringValue": text})
        }
        AttributeValue::Binary(bytes) => {
            json!({"DataType": attribute.data_type, "BinaryValue": BASE64.encode(bytes)})
        }
    }
}
