//! What one build answered to one event, or is expected to.

use serde_json::{Value, json};

/// What a function answers to an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Its response; a response that is not JSON is a JSON string here.
    Response(Value),
    /// It failed: `errorType` and `errorMessage`, without what names this one invocation.
    Failure(Value),
}

impl Answer {
    /// Reads the payload of an invocation; `failed` where Lambda reports a function error.
    #[must_use]
    pub fn new(payload: &[u8], failed: bool) -> Self {
        let value = serde_json::from_slice(payload)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(payload).into_owned()));
        if failed {
            Self::Failure(failure(&value))
        } else {
            Self::Response(value)
        }
    }

    /// Reads an expected answer: with an `errorType`, the function must fail like that.
    #[must_use]
    pub fn expected(value: Value) -> Self {
        if value.get("errorType").is_some() {
            Self::Failure(value)
        } else {
            Self::Response(value)
        }
    }

    /// The response or the error.
    #[must_use]
    pub const fn value(&self) -> &Value {
        match self {
            Self::Response(value) | Self::Failure(value) => value,
        }
    }
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
