//! What a function returns as a response, by the rules of payload format 2.0.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header, response::Builder},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

/// The response that a function gives when it says `statusCode`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Scalar>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// A header's value need not be a string.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(serde_json::Number),
    Bool(bool),
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Bool(bool) => bool.fmt(f),
        }
    }
}

/// Why an answer is no response. The client learns nothing of it.
#[derive(Debug, thiserror::Error)]
pub(in crate::services) enum MalformedAnswer {
    /// A field has the wrong type.
    #[error("it has a statusCode, and is no response")]
    Shape(#[from] serde_json::Error),
    /// The body has the wrong type.
    #[error("it has a statusCode and a body that is no string, and is no response")]
    Body,
    /// A status that no response may have.
    #[error("statusCode {0} is not from 200 to 599")]
    Status(u16),
    /// A header's name or value, or a cookie, that HTTP does not allow.
    #[error("a header or cookie is not allowed by HTTP")]
    Header(#[from] axum::http::Error),
    /// The body should be base64.
    #[error("isBase64Encoded is true, and the body is not base64")]
    Base64(#[from] base64::DecodeError),
}

/// What answers, as far as the rules differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::services) enum Front {
    /// An HTTP API.
    HttpApi,
    /// A function URL.
    FunctionUrl {
        /// Whether the function may have streamed its answer.
        streamed: bool,
    },
}

/// What parts the head of a streamed answer from its body. Source: "Response streaming" of the Runtime API.
const STREAM_DELIMITER: [u8; 8] = [0; 8];

/// The response. Without a `statusCode` API Gateway infers one: 200, with all that the function returned as JSON.
pub(in crate::services) fn response(
    payload: &Bytes,
    front: Front,
) -> Result<Response, MalformedAnswer> {
    if front == (Front::FunctionUrl { streamed: true })
        && let Some(answer) = streamed(payload)?
    {
        return Ok(answer);
    }
    let value = serde_json::from_slice::<Value>(payload).ok();
    match (value, front) {
        (Some(value), _) if value.get("statusCode").is_some() => {
            explicit(serde_json::from_value(value)?, front)
        }
        (Some(Value::String(text)), Front::FunctionUrl { .. }) => inferred(text.into()),
        (Some(_), Front::FunctionUrl { .. }) => inferred(without_spaces(payload)),
        _ => inferred(payload.clone()),
    }
}

/// The answer of a function that streams: status and headers as JSON, and the body behind them.
fn streamed(payload: &Bytes) -> Result<Option<Response>, MalformedAnswer> {
    let mut windows = payload.windows(STREAM_DELIMITER.len());
    let Some(end) = windows.position(|window| window == STREAM_DELIMITER) else {
        return Ok(None);
    };
    let Ok(head) = serde_json::from_slice::<Answer>(&payload.slice(..end)) else {
        return Ok(None);
    };
    let mut response = explicit(head, Front::FunctionUrl { streamed: true })?;
    *response.body_mut() = Body::from(payload.slice(end + STREAM_DELIMITER.len()..));
    Ok(Some(response))
}

/// JSON without the spaces between its parts, as a function URL passes it on.
fn without_spaces(json: &[u8]) -> Bytes {
    let (mut in_string, mut escaped) = (false, false);
    let kept = json.iter().copied().filter(|byte| {
        let starts_or_ends = *byte == b'"' && !escaped;
        escaped = in_string && *byte == b'\\' && !escaped;
        in_string ^= starts_or_ends;
        in_string || !byte.is_ascii_whitespace()
    });
    kept.collect()
}

fn inferred(payload: Bytes) -> Result<Response, MalformedAnswer> {
    let response = Response::builder().header(header::CONTENT_TYPE, "application/json");
    Ok(response.body(Body::from(payload))?)
}

fn explicit(answer: Answer, front: Front) -> Result<Response, MalformedAnswer> {
    let status = StatusCode::from_u16(answer.status_code).ok();
    // 1xx would be no final response.
    let status = status.filter(|status| (200..600).contains(&status.as_u16()));
    let status = status.ok_or(MalformedAnswer::Status(answer.status_code))?;
    let mut response = Response::builder().status(status);
    for (name, value) in answer.headers.unwrap_or_default() {
        response = with_header(response, &name, &value.to_string());
    }
    for cookie in answer.cookies.unwrap_or_default() {
        response = response.header(header::SET_COOKIE, cookie);
    }
    let body = match (answer.body, front) {
        (None | Some(Value::Null), _) => String::new(),
        (Some(Value::String(text)), _) => text,
        (Some(other), Front::FunctionUrl { .. }) => other.to_string(),
        (Some(_), Front::HttpApi) => return Err(MalformedAnswer::Body),
    };
    let body = match answer.is_base64_encoded {
        true => BASE64.decode(body)?,
        false => body.into_bytes(),
    };
    let mut response = response.body(Body::from(body))?;
    // What AWS says when the function says nothing.
    let default = HeaderValue::from_static(match front {
        Front::HttpApi => "text/plain; charset=utf-8",
        Front::FunctionUrl { .. } => "application/json",
    });
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_TYPE).or_insert(default);
    Ok(response)
}

/// Adds a header, unless it is about the connection or the length: these are the server's own.
fn with_header(response: Builder, name: &str, value: &str) -> Builder {
    const OWN: [HeaderName; 4] = [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ];
    if OWN
        .iter()
        .any(|own| name.eq_ignore_ascii_case(own.as_str()))
    {
        return response;
    }
    response.header(name, value)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::json;

    use super::*;

    fn answered(answer: &Value) -> Result<Response, MalformedAnswer> {
        response(&Bytes::from(answer.to_string()), Front::HttpApi)
    }

    async fn body(response: Response) -> Vec<u8> {
        to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap()
            .into()
    }

    #[tokio::test]
    async fn a_response_has_the_functions_status_headers_cookies_and_body() {
        let answer = json!({
            "statusCode": 201,
            "headers": {"Location": "/a", "x-count": 7, "content-length": "99"},
            "cookies": ["a=1; HttpOnly", "b=2"],
            "body": "hello",
        });
        let response = answered(&answer).unwrap();
        assert_eq!(response.status(), 201);
        let headers = response.headers();
        assert_eq!(
            (&headers["location"], &headers["x-count"]),
            (&"/a".parse().unwrap(), &"7".parse().unwrap())
        );
        let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1; HttpOnly", "b=2"]);
        assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
        assert!(!headers.contains_key("content-length"));
        assert_eq!(body(response).await, b"hello");
    }

    #[tokio::test]
    async fn a_binary_body_is_decoded() {
        let answer = json!({
            "statusCode": 200,
            "headers": {"Content-Type": "image/png"},
            "body": BASE64.encode([0, 255]),
            "isBase64Encoded": true,
        });
        let response = answered(&answer).unwrap();
        assert_eq!(response.headers()["content-type"], "image/png");
        assert_eq!(body(response).await, [0, 255]);
    }

    #[tokio::test]
    async fn without_a_status_everything_is_the_body_of_a_200() {
        for payload in [r#"{"message":"hello"}"#, r#""hello""#, "null", "[1]"] {
            let response = response(&Bytes::from(payload), Front::HttpApi).unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()["content-type"], "application/json");
            assert_eq!(body(response).await, payload.as_bytes());
        }
    }

    #[tokio::test]
    async fn a_function_url_writes_json_without_spaces_and_takes_a_body_that_is_json() {
        let front = Front::FunctionUrl { streamed: false };
        for (payload, expected) in [
            (r#"["hello", 3,	true ]"#, r#"["hello",3,true]"#),
            (
                r#"{ "a b" : "\" c\\" , "d" : 1.50 }"#,
                r#"{"a b":"\" c\\","d":1.50}"#,
            ),
            (r#""a b""#, "a b"),
            (r#"{"statusCode":200,"body":{"a": [1]}}"#, r#"{"a":[1]}"#),
        ] {
            let answer = response(&Bytes::from(payload), front).unwrap();
            assert_eq!(answer.headers()["content-type"], "application/json");
            assert_eq!(body(answer).await, expected.as_bytes());
        }
    }

    #[tokio::test]
    async fn a_streamed_answer_has_its_head_before_eight_zeros() {
        let front = Front::FunctionUrl { streamed: true };
        let head = r#"{"statusCode":201,"headers":{"content-type":"text/html"},"cookies":["a=1"]}"#;
        let payload = [head.as_bytes(), &[0; 8], b"<p>\0"].concat();
        let answer = response(&Bytes::from(payload), front).unwrap();
        assert_eq!(answer.status(), 201);
        assert_eq!(answer.headers()["content-type"], "text/html");
        assert_eq!(answer.headers()["set-cookie"], "a=1");
        assert_eq!(body(answer).await, b"<p>\0");
        let whole = response(&Bytes::from(r#"{"a":1}"#), front).unwrap();
        assert_eq!(body(whole).await, br#"{"a":1}"#);
    }

    #[test]
    fn what_is_no_response_is_refused_with_its_reason() {
        for (answer, reason) in [
            (json!({"statusCode": "ok"}), "is no response"),
            (
                json!({"statusCode": 200, "body": {"a": 1}}),
                "is no response",
            ),
            (json!({"statusCode": 101}), "101 is not from 200"),
            (
                json!({"statusCode": 200, "headers": {"a b": "c"}}),
                "header",
            ),
            (json!({"statusCode": 200, "cookies": ["a\nb"]}), "cookie"),
            (
                json!({"statusCode": 200, "body": "?", "isBase64Encoded": true}),
                "base64",
            ),
        ] {
            let message = answered(&answer).unwrap_err().to_string();
            assert!(message.contains(reason), "{answer}: {message}");
        }
    }
}
