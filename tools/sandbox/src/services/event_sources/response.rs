//! What a function's response says about its batch, where it reports failures.
//!
//! The rules are those of "Implementing partial batch responses" (Lambda developer guide): no response and an empty list
//! mean success; a response that cannot be read, or that names a message which is not in the batch, fails the whole batch.

use std::collections::HashSet;

use serde_json::Value;

/// The one member that counts.
const LIST: &str = "batchItemFailures";

/// The whole batch has failed: the response does not say which messages have not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadResponse {
    /// Not JSON, or not of the shape that it must have.
    #[error("the response is not {{\"batchItemFailures\": [{{\"itemIdentifier\": …}}]}}: {0}")]
    Shape(String),
    /// A message that was not in the batch, or none.
    #[error("the response names the message {0:?}, which is not in the batch")]
    Unknown(String),
}

/// The message ids that have failed.
///
/// # Errors
/// [`BadResponse`] when all have.
pub fn failures(body: &[u8], batch: &HashSet<&str>) -> Result<HashSet<String>, BadResponse> {
    if body.trim_ascii().is_empty() {
        return Ok(HashSet::new());
    }
    let response: Value =
        serde_json::from_slice(body).map_err(|error| BadResponse::Shape(error.to_string()))?;
    listed(&response)?
        .iter()
        .map(|failure| identifier(failure, batch))
        .collect()
}

/// The list in a response. Read by hand: serde would accept an array in place of an object.
fn listed(response: &Value) -> Result<&[Value], BadResponse> {
    let list = match response {
        Value::Null => return Ok(&[]),
        Value::Object(members) => members.get(LIST).unwrap_or(&Value::Null),
        other => return Err(BadResponse::Shape(format!("it is {other}"))),
    };
    match list {
        Value::Null => Ok(&[]),
        Value::Array(failures) => Ok(failures),
        other => Err(BadResponse::Shape(format!("{LIST} is {other}"))),
    }
}

fn identifier(failure: &Value, batch: &HashSet<&str>) -> Result<String, BadResponse> {
    let id = failure
        .as_object()
        .and_then(|failure| failure.get("itemIdentifier"))
        .and_then(Value::as_str)
        .ok_or_else(|| BadResponse::Shape(format!("{LIST} contains {failure}")))?;
    if batch.contains(id) {
        Ok(id.to_owned())
    } else {
        Err(BadResponse::Unknown(id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed_ids(body: &str) -> Result<HashSet<String>, BadResponse> {
        failures(body.as_bytes(), &HashSet::from(["a", "b"]))
    }

    #[test]
    fn no_failures_in_any_spelling_is_success() {
        for body in [
            "",
            "  \n",
            "null",
            "{}",
            r#"{"batchItemFailures":null}"#,
            r#"{"batchItemFailures":[]}"#,
            r#"{"statusCode":200}"#,
        ] {
            assert_eq!(failed_ids(body), Ok(HashSet::new()), "{body}");
        }
    }

    #[test]
    fn what_is_listed_has_failed_and_nothing_else() {
        let twice = r#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"a"}]}"#;
        assert_eq!(failed_ids(twice), Ok(HashSet::from(["a".to_owned()])));
    }

    #[test]
    fn a_response_that_cannot_be_understood_fails_the_whole_batch() {
        for body in [
            "not json",
            "{",
            "true",
            "\"done\"",
            "[[]]",
            r#"{"batchItemFailures":"a"}"#,
            r#"{"batchItemFailures":{"itemIdentifier":"a"}}"#,
            r#"{"batchItemFailures":["a"]}"#,
            r#"{"batchItemFailures":[["a"]]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":7}]}"#,
            r#"{"batchItemFailures":[{"item":"a"}]}"#,
        ] {
            assert!(
                matches!(failed_ids(body), Err(BadResponse::Shape(_))),
                "{body}"
            );
        }
    }

    #[test]
    fn one_unknown_message_fails_the_whole_batch() {
        for id in ["", "c"] {
            let body = format!(
                r#"{{"batchItemFailures":[{{"itemIdentifier":"a"}},{{"itemIdentifier":"{id}"}}]}}"#
            );
            assert_eq!(failed_ids(&body), Err(BadResponse::Unknown(id.to_owned())));
        }
    }
}
