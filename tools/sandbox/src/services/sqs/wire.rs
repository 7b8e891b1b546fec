//! From an HTTP request to an operation and back: AWS JSON 1.0, with the operation in `X-Amz-Target`.

use axum::{body::to_bytes, extract::Request, http::StatusCode, response::Response};

use super::{Sqs, error::SqsError, operations};
use crate::aws::{errors, json_protocol, signature};

/// First part of a target.
pub const SERVICE: &str = "AmazonSQS";

/// The greatest body that is read: ten messages of which every byte is escaped would be less.
const MAX_BODY_BYTES: usize = 8 << 20;

/// Whether a request is one for SQS: by its target or the service that it is signed for.
#[must_use]
pub fn is_for_sqs(request: &Request) -> bool {
    json_protocol::operation(request.headers(), SERVICE).is_some()
        || signature::is_for(request.headers(), "sqs")
}

/// Answers a request.
pub async fn respond(sqs: &Sqs, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answered = async {
        let operation = json_protocol::operation(&parts.headers, SERVICE).ok_or_else(|| {
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
        Ok(output) => json_protocol::answer(StatusCode::OK, output.to_string()),
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &SqsError) -> Response {
    let body = errors::typed(&error.shape(), &error.to_string());
    let status = match error {
        SqsError::NotSaved(_) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut response = json_protocol::answer(status, body.to_string());
    errors::add_query_code(&mut response, error.code());
    response
}
