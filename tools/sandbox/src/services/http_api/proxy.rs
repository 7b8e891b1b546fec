//! One request: checked, sent to the function as an event, and answered; by API Gateway itself, where the function has
//! no answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::{self, Body},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chrono::Utc;
use serde_json::json;

use super::{
    event::{self, RequestMetadata},
    metrics,
    response::{self, Front},
};
use crate::{
    aws::{ACCOUNT_ID, DEFAULT_REGION},
    services::{
        cloudwatch::ServiceMetrics,
        lambda::{
            Lambda,
            error::LambdaError,
            invocation::{Invoked, MAX_SYNC_BYTES},
            model::names::FunctionRef,
        },
    },
};

/// Request line and header values together, in bytes (API Gateway's quota for HTTP APIs).
const MAX_HEAD_BYTES: usize = 10_240;

/// Request body in bytes (API Gateway's quota for HTTP APIs).
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// How long an integration may take (API Gateway's quota for HTTP APIs).
const MAX_TIME: Duration = Duration::from_secs(30);

/// The function behind an HTTP API.
pub(super) struct Target {
    pub(super) lambda: Lambda,
    pub(super) reference: FunctionRef,
    pub(super) api_id: String,
    pub(super) metrics: ServiceMetrics,
}

/// Answers one request. Every failure is an answer, too.
pub(super) async fn handle(State(target): State<Arc<Target>>, request: Request) -> Response {
    let request_id = event::request_id();
    let (received, begun) = (target.metrics.now(), Instant::now());
    let mut response = match respond(&target, request, &request_id).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    };
    if let Ok(value) = HeaderValue::try_from(request_id) {
        let name = HeaderName::from_static("apigw-requestid");
        response.headers_mut().insert(name, value);
    }
    let (status, latency) = (response.status(), begun.elapsed());
    metrics::send(&target.metrics, &target.api_id, received, status, latency);
    response
}

async fn respond(target: &Target, request: Request, request_id: &str) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    check_head(&parts)?;
    let body = read(&parts, body).await?;
    let metadata = RequestMetadata {
        api_id: &target.api_id,
        request_id,
        received: Utc::now(),
        account_id: ACCOUNT_ID,
    };
    let event = event::event(&parts, &body, &metadata).to_string();
    if event.len() > MAX_SYNC_BYTES {
        return Err(Refusal::BodyTooLarge);
    }
    let reference = target.reference.clone();
    let invoked = target
        .lambda
        .invoke(reference, DEFAULT_REGION, event.into());
    let invoked = tokio::time::timeout(MAX_TIME, invoked).await;
    match invoked.map_err(|_| Refusal::ServiceUnavailable)? {
        Ok(invoked) => answered(target, &invoked),
        Err(error) => Err(not_invoked(target, &error)),
    }
}

fn answered(target: &Target, invoked: &Invoked) -> Result<Response, Refusal> {
    let answer = &invoked.answer;
    if answer.failed {
        return Err(Refusal::InternalServerError);
    }
    response::response(&answer.body, Front::HttpApi).map_err(|error| {
        let (function, id) = (&target.reference.name, &invoked.request_id);
        tracing::warn!(function, id, %error, "the answer of a function is no HTTP response");
        Refusal::InternalServerError
    })
}

fn not_invoked(target: &Target, error: &LambdaError) -> Refusal {
    if error.is_throttle() {
        return Refusal::ServiceUnavailable;
    }
    let function = &target.reference.name;
    tracing::warn!(function, %error, "cannot invoke a function behind HTTP");
    Refusal::InternalServerError
}

fn check_head(parts: &Parts) -> Result<(), Refusal> {
    let line = parts.method.as_str().len() + parts.uri.to_string().len();
    if line > MAX_HEAD_BYTES {
        return Err(Refusal::UriTooLong);
    }
    let values = parts.headers.values().map(HeaderValue::len).sum::<usize>();
    if line + values > MAX_HEAD_BYTES {
        return Err(Refusal::HeadersTooLarge);
    }
    Ok(())
}

async fn read(parts: &Parts, body: Body) -> Result<Bytes, Refusal> {
    let announced = parts.headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(Refusal::BodyTooLarge);
    }
    // Longer than announced; or the connection broke, and nobody reads the answer.
    let body = body::to_bytes(body, MAX_BODY_BYTES).await;
    body.map_err(|_| Refusal::BodyTooLarge)
}

/// Why a client gets no answer of the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// The request line is too long.
    UriTooLong,
    /// Request line and header values together are too long.
    HeadersTooLarge,
    /// The body is too large for API Gateway, or the event for Lambda.
    BodyTooLarge,
    /// The function failed, does not exist, or returned what is no response.
    InternalServerError,
    /// Lambda throttled, or the function took longer than an integration may.
    ServiceUnavailable,
}

impl Refusal {
    const fn status(self) -> StatusCode {
        match self {
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::InternalServerError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::UriTooLong => "URI Too Long",
            Self::HeadersTooLarge => "Request Header Fields Too Large",
            Self::BodyTooLarge => "Request Entity Too Large",
            Self::InternalServerError => "Internal Server Error",
            Self::ServiceUnavailable => "Service Unavailable",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let headers = [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )];
        let body = json!({"message": self.message()}).to_string();
        (self.status(), headers, body).into_response()
    }
}
