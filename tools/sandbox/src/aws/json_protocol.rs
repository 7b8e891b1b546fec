//! AWS JSON 1.0, the protocol of DynamoDB, SQS and CloudWatch, and 1.1, that of EventBridge, parameters and tags: the header `X-Amz-Target` says `SERVICE.OPERATION`.

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use uuid::Uuid;

/// The content type of requests and answers in AWS JSON 1.0.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// What a request asks for: `DynamoDB_20120810.PutItem`.
#[must_use]
pub fn target(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-amz-target")?.to_str().ok()
}

/// The operation that a request asks for, if it is one of this service.
#[must_use]
pub fn operation<'a>(headers: &'a HeaderMap, service: &str) -> Option<&'a str> {
    target(headers)?.strip_prefix(service)?.strip_prefix('.')
}

/// An answer, with a request id of its own.
#[must_use]
pub fn answer(status: StatusCode, body: String) -> Response {
    answer_as(CONTENT_TYPE, status, body)
}

/// The same in AWS JSON 1.1.
#[must_use]
pub fn answer_1_1(status: StatusCode, body: String) -> Response {
    answer_as("application/x-amz-json-1.1", status, body)
}

fn answer_as(content_type: &str, status: StatusCode, body: String) -> Response {
    let request_id = Uuid::new_v4().to_string();
    let headers = [
        (header::CONTENT_TYPE.as_str(), content_type),
        ("x-amzn-requestid", &request_id),
    ];
    (status, headers, body).into_response()
}
