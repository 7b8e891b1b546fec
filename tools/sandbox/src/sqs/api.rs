//! From an HTTP request to an operation and back: AWS JSON 1.0, with the operation in `X-Amz-Target`.

use std::time::Duration;

use axum::{
    body::to_bytes,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Sqs, error::SqsError, operations};
use crate::lambda::names;

/// First half of a target.
const SERVICE: &str = "AmazonSQS.";

/// The greatest body that is read: ten messages of which every byte is escaped would be less.
const MAX_BODY_BYTES: usize = 8 << 20;

/// Whether a request is one for SQS: by its target or the service that it is signed for.
#[must_use]
pub fn is_for_sqs(request: &Request) -> bool {
    operation(request.headers()).is_some()
        || text(request.headers(), header::AUTHORIZATION.as_str())
            .is_some_and(|value| value.contains("/sqs/aws4_request"))
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
        sqs.inject(operation).await?;
        let body = to_bytes(body, MAX_BODY_BYTES)
            .await
            .map_err(|error| SqsError::Malformed(error.to_string()))?;
        let region = names::region_of(text(&parts.headers, header::AUTHORIZATION.as_str()));
        operations::run(sqs, operation, region, &body).await
    };
    match answered.await {
        Ok(output) => write(StatusCode::OK, &output),
        Err(error) => refuse(&error),
    }
}

impl Sqs {
    /// The failure or delay that was ordered for an operation.
    async fn inject(&self, operation: &str) -> Result<(), SqsError> {
        let chaos = &self.0.chaos;
        let Some(outcome) = chaos.evaluate("sqs", Some(operation)) else {
            return Ok(());
        };
        chaos.record_injection(&outcome.rule_id, "sqs", Some(operation));
        tokio::time::sleep(outcome.latency.unwrap_or(Duration::ZERO)).await;
        outcome.error.map_or(Ok(()), |error| {
            Err(SqsError::Injected {
                status: error.status,
                code: error.code,
                message: error.message,
            })
        })
    }
}

fn operation(headers: &HeaderMap) -> Option<&str> {
    text(headers, "x-amz-target")?.strip_prefix(SERVICE)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
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
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({"__type": error.shape(), "message": error.to_string()});
    let mut response = write(status, &body);
    let fault = if status.is_server_error() {
        "Receiver"
    } else {
        "Sender"
    };
    // Clients that came from the query protocol keep its codes by this header.
    if let Ok(value) = HeaderValue::from_str(&format!("{};{fault}", error.code())) {
        response.headers_mut().insert("x-amzn-query-error", value);
    }
    response
}
