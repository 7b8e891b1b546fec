//! Refusals as the protocols carry them, so that an SDK finds code and message.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

/// A refusal in REST JSON, Lambda's protocol: the code is in `x-amzn-errortype`.
#[must_use]
pub fn rest_json(status: StatusCode, code: &str, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/json"),
        ("x-amzn-errortype", code),
    ];
    (status, headers, body.to_string()).into_response()
}

/// The body of a refusal in AWS JSON and CBOR, the protocols of DynamoDB, SQS and CloudWatch.
#[must_use]
pub fn typed(code: &str, message: &str) -> Value {
    json!({"__type": code, "message": message})
}

/// Adds the code of the query protocol: clients that once spoke it go on reporting that one.
pub fn add_query_code(response: &mut Response, code: &str) {
    let fault = if response.status().is_server_error() {
        "Receiver"
    } else {
        "Sender"
    };
    if let Ok(value) = HeaderValue::from_str(&format!("{code};{fault}")) {
        response.headers_mut().insert("x-amzn-query-error", value);
    }
}
