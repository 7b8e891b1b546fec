//! From an HTTP request to an operation and back: AWS JSON 1.0, with the operation in `X-Amz-Target`.

use axum::{
    body::to_bytes,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use uuid::Uuid;

use super::{Sqs, error::SqsError, operations};
use crate::aws::{errors, signature};

/// First part of a target.
const SERVICE: &str = "AmazonSQS.";

/// The greatest body that is read: ten messages of which every byte is escaped would be less.
const MAX_BODY_BYTES: usize = 8 << 20;

/// Whether a request is one for SQS: by its target or the service that it is signed for.
#[must_use]
pub fn is_for_sqs(request: &Request) -> bool {
    operation(request.headers()).is_some() || signature::is_for(request.headers(), "sqs")
}

/// Answers a request.
pub async fn respond(sqs: &Sqs, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answered = async {
        let operation = operation(&parts.headers).ok_or_else(|| {
            SqsError::Unsupported(
                "the sandbox speaks SQS's JSON protocol only: use an SDK or CLI from after November 2023"
                    .to_owned(),
            )
        })?;
        let body = to_bytes(body, MAX_BODY_BYTES)
            .await
            .map_err(|error| SqsError::Malformed(error.to_string()))?;
        operations::run(sqs, operation, signature::region(&parts.headers), &body).await
    };
    match answered.await {
        Ok(output) => write(StatusCode::OK, &output),
        Err(error) => refuse(&error),
    }
}

fn operation(headers: &HeaderMap) -> Option<&str> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    target.strip_prefix(SERVICE)
}

fn write(status: StatusCode, body: &Value) -> Response {
    let request_id = Uuid::new_v4().to_string();
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/x-amz-json-1.0"),
        ("x-amzn-requestid", &request_id),
    ];
    (status, headers, body.to_string()).into_response()
}

fn refuse(error: &SqsError) -> Response {
    let body = errors::typed(&error.shape(), &error.to_string());
    let mut response = write(StatusCode::BAD_REQUEST, &body);
    errors::add_query_code(&mut response, error.code());
    response
}
