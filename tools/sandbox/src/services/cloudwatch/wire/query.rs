//! AWS query: a form with dotted names in, XML out.

use std::fmt::Write as _;

use ciborium::value::Value;
use serde_json::{Map, Value as Json};

use super::{input::Call, value::EPOCH_TIME};
use crate::services::cloudwatch::error::CloudWatchError;

const NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";

pub(super) fn read(body: &[u8]) -> Result<Call, CloudWatchError> {
    let mut operation = None;
    let mut input = Json::Object(Map::new());
    for (name, value) in form_urlencoded::parse(body) {
        match name.as_ref() {
            "Action" => operation = Some(value.into_owned()),
            "Version" => {}
            _ => place(&mut input, &name, value.into_owned())?,
        }
    }
    let operation = operation.ok_or_else(|| CloudWatchError::Missing("Action".into()))?;
    Ok(Call { operation, input })
}

/// Puts a value where its name says: `Dimensions.member.1.Name` is `Dimensions[0].Name`.
fn place(root: &mut Json, name: &str, value: String) -> Result<(), CloudWatchError> {
    let mut slot = root;
    let mut parts = name.split('.');
    while let Some(part) = parts.next() {
        if part != "member" {
            let object = slot.as_object_mut().ok_or_else(|| bad_name(name))?;
            slot = object.entry(part).or_insert(Json::Null);
        } else {
            let number = parts.next().and_then(|number| number.parse::<usize>().ok());
            let index = number
                .and_then(|number| number.checked_sub(1))
                .ok_or_else(|| bad_name(name))?;
            slot = element(slot, index).ok_or_else(|| bad_name(name))?;
        }
        if slot.is_null() && parts.clone().next().is_some_and(|next| next != "member") {
            *slot = Json::Object(Map::new());
        }
    }
    *slot = Json::String(value);
    Ok(())
}

/// The element of a list, which may be one longer than so far: clients number without gaps.
fn element(slot: &mut Json, index: usize) -> Option<&mut Json> {
    if slot.is_null() {
        *slot = Json::Array(Vec::new());
    }
    let list = slot.as_array_mut()?;
    if index == list.len() {
        list.push(Json::Null);
    }
    list.get_mut(index)
}

fn bad_name(name: &str) -> CloudWatchError {
    CloudWatchError::Malformed(format!("no such parameter: {name}"))
}

pub(super) fn write(operation: &str, output: &Value, request_id: &str) -> Vec<u8> {
    let mut xml = format!("<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>");
    append(&mut xml, output);
    let _ = write!(
        xml,
        "</{operation}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    );
    xml.into_bytes()
}

pub(super) fn write_error(error: &CloudWatchError, request_id: &str) -> Vec<u8> {
    let (code, message) = (error.code(), escaped(&error.to_string()));
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    .into_bytes()
}

fn append(xml: &mut String, value: &Value) {
    match value {
        Value::Text(text) => xml.push_str(&escaped(text)),
        Value::Float(number) => {
            let _ = write!(xml, "{number}");
        }
        Value::Integer(number) => {
            let _ = write!(xml, "{}", i128::from(*number));
        }
        Value::Bool(value) => {
            let _ = write!(xml, "{value}");
        }
        Value::Tag(EPOCH_TIME, seconds) => {
            let seconds = seconds
                .as_integer()
                .and_then(|seconds| seconds.try_into().ok());
            let time = chrono::DateTime::from_timestamp(seconds.unwrap_or_default(), 0);
            let time = time.unwrap_or_default().format("%Y-%m-%dT%H:%M:%SZ");
            let _ = write!(xml, "{time}");
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| element_of(xml, "member", item)),
        Value::Map(members) => {
            for (name, value) in members {
                match (name.as_text().unwrap_or_default(), value) {
                    // The one member that is a map of names that the caller chose.
                    (name @ "ExtendedStatistics", Value::Map(entries)) => {
                        let _ = write!(xml, "<{name}>");
                        for (key, value) in entries {
                            xml.push_str("<entry>");
                            element_of(xml, "key", key);
                            element_of(xml, "value", value);
                            xml.push_str("</entry>");
                        }
                        let _ = write!(xml, "</{name}>");
                    }
                    (name, value) => element_of(xml, name, value),
                }
            }
        }
        // Answers have no others.
        _ => {}
    }
}

fn element_of(xml: &mut String, name: &str, value: &Value) {
    let _ = write!(xml, "<{name}>");
    append(xml, value);
    let _ = write!(xml, "</{name}>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use ciborium::tag::Required;
    use serde::Serialize;
    use serde_json::json;

    use super::*;
    use crate::services::cloudwatch::wire::value::{Time, to_value};

    #[test]
    fn dotted_names_become_lists_and_structures() {
        let call = read(
            b"Action=ListMetrics&Version=2010-08-01&Dimensions.member.1.Name=A&Dimensions.member.1.Value=x%20y\
              &Dimensions.member.2.Name=B&Namespace=AWS%2FLambda",
        )
        .unwrap();
        assert_eq!(call.operation, "ListMetrics");
        assert_eq!(
            call.input,
            json!({"Dimensions": [{"Name": "A", "Value": "x y"}, {"Name": "B"}], "Namespace": "AWS/Lambda"})
        );
    }

    #[test]
    fn names_that_do_not_fit_together_are_refused() {
        for body in [
            "A=1&A.b=2",
            "A.member.0=1",
            "A.member.x=1",
            "A.member.9999999=1",
            "A.member.1.b=1&A.c=2",
        ] {
            let error = read(format!("Action=X&{body}").as_bytes()).unwrap_err();
            assert!(
                matches!(error, CloudWatchError::Malformed(_)),
                "{body}: {error:?}"
            );
        }
        assert_eq!(
            read(b"A=1").unwrap_err(),
            CloudWatchError::Missing("Action".into())
        );
    }

    #[test]
    fn times_are_iso_8601_and_text_is_escaped() {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            at: [Time; 1],
            label: &'static str,
        }
        let output = to_value(&Output {
            at: [Required(1_800_000_000)],
            label: "a<b&c",
        });
        let xml = String::from_utf8(write("Op", &output, "1")).unwrap();
        assert!(
            xml.contains(
                "<At><member>2027-01-15T08:00:00Z</member></At><Label>a&lt;b&amp;c</Label>"
            ),
            "{xml}"
        );
    }
}
