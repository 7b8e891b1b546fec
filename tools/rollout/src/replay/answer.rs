//! What one half answered to one event.

use aws_sdk_lambda::{Client, primitives::Blob};
use serde_json::{Value, json};

use crate::{
    aws::explain,
    function::{FunctionError, failed},
};

/// What one half answered to one event.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Its response; a response that is not JSON is a JSON string here.
    Response(Value),
    /// It failed: `errorType` and `errorMessage`, without what names this one invocation.
    Failure(Value),
}

/// Invokes a function through one of its aliases and waits for the answer. Throttled requests are
/// tried again, as every call is.
///
/// # Errors
/// [`FunctionError`] when the function was not invoked at all.
pub async fn invoke(
    client: &Client,
    function: &str,
    alias: &str,
    payload: &[u8],
) -> Result<Answer, FunctionError> {
    let output = client
        .invoke()
        .function_name(function)
        .qualifier(alias)
        .payload(Blob::new(payload))
        .send()
        .await
        .map_err(|error| failed("Invoke", &format!("{function}:{alias}"), explain(&error)))?;
    let bytes = output.payload().map_or(&[][..], AsRef::as_ref);
    let value = serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()));
    Ok(match output.function_error() {
        None => Answer::Response(value),
        Some(_) => Answer::Failure(failure(&value)),
    })
}

/// Stack traces and log lines differ from run to run; type and message are the failure.
fn failure(value: &Value) -> Value {
    let message = value["errorMessage"].as_str().unwrap_or_default();
    json!({
        "errorType": value["errorType"],
        "errorMessage": without_request_ids(message),
    })
}

/// Replaces every UUID by a placeholder: Lambda puts the request's id into its own messages.
fn without_request_ids(message: &str) -> String {
    const UUID_LENGTH: usize = 36;
    let mut rest = message;
    let mut clean = String::with_capacity(message.len());
    while let Some(first) = rest.chars().next() {
        match rest.get(..UUID_LENGTH) {
            Some(start) if is_uuid(start) => {
                clean.push_str("<request id>");
                rest = &rest[UUID_LENGTH..];
            }
            _ => {
                clean.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    clean
}

fn is_uuid(text: &str) -> bool {
    text.bytes().enumerate().all(|(index, byte)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_failures_that_differ_in_the_request_only_are_the_same_failure() {
        let failed = |id: &str| {
            failure(&json!({
                "errorType": "Sandbox.Timedout",
                "errorMessage": format!("RequestId: {id} Error: Task timed out after 1.00 seconds"),
                "stackTrace": [id],
            }))
        };
        let one = failed("5f0a3a0e-9f0d-4b3e-9d5c-1c2d3e4f5a6b");
        assert_eq!(one, failed("00000000-1111-2222-3333-444444444444"));
        assert_eq!(
            one["errorMessage"],
            "RequestId: <request id> Error: Task timed out after 1.00 seconds"
        );
    }

    #[test]
    fn messages_without_an_id_stay_as_they_are() {
        for message in ["", "größer als 5", "12345678-1234-1234-1234-12345678901"] {
            assert_eq!(without_request_ids(message), message);
        }
    }
}
