//! The Runtime API: how a process takes events and answers them.
//!
//! Runtimes expect `host:port` in `AWS_LAMBDA_RUNTIME_API` and nothing more, and so there is nothing in their requests
//! that tells one environment from another. Every environment therefore has a loopback port of its own, open as long
//! as its process lives.

use std::{io, net::Ipv4Addr, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;

use tokio::net::TcpListener;

use super::{
    environment::Environment,
    extensions_api,
    invocation::MAX_RESPONSE_BYTES,
    lifecycle::{Content, Event},
};
use crate::net::{NoDelay, origin_check};

/// Largest body that is read at all, in bytes: one above [`MAX_RESPONSE_BYTES`] still gets Lambda's answer.
const MAX_BODY_BYTES: usize = 4 * MAX_RESPONSE_BYTES;

/// Opens the port of an environment; gives its `host:port`.
///
/// # Errors
/// When there is no port left.
pub async fn open(environment: Arc<Environment>) -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let authority = listener.local_addr()?.to_string();
    tokio::spawn(async move {
        let serving = axum::serve(NoDelay(listener), router(Arc::clone(&environment)));
        tokio::select! {
            _ = serving.into_future() => {}
            () = environment.exited.cancelled() => {}
        }
    });
    Ok(authority)
}

/// The routes of one environment.
fn router(environment: Arc<Environment>) -> Router {
    let path = |rest: &str| format!("/2018-06-01/runtime/{rest}");
    Router::new()
        .route(&path("invocation/next"), get(next))
        .route(&path("invocation/{request_id}/response"), post(response))
        .route(&path("invocation/{request_id}/error"), post(error))
        .route(&path("init/error"), post(init_error))
        .merge(extensions_api::router())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(origin_check::refuse_web_pages))
        .with_state(environment)
}

/// `GET /runtime/invocation/next`
async fn next(State(environment): State<Arc<Environment>>) -> Response {
    match environment.next().await {
        Some(event) => event.into_response(),
        None => refusal(
            StatusCode::FORBIDDEN,
            "InvalidStateTransition",
            "This environment has been shut down",
        ),
    }
}

impl IntoResponse for Event {
    fn into_response(self) -> Response {
        let deadline = self.deadline_ms().to_string();
        let context = self.client_context;
        let context = context.map(|context| ("lambda-runtime-client-context", context));
        let mut response = Response::new(self.payload.into());
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let always = [
            ("lambda-runtime-aws-request-id", self.request_id),
            ("lambda-runtime-deadline-ms", deadline),
            ("lambda-runtime-invoked-function-arn", self.invoked_arn),
            ("lambda-runtime-trace-id", self.trace_id),
        ];
        for (name, value) in always.into_iter().chain(context) {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// `POST /runtime/invocation/{request_id}/response`
async fn response(
    State(environment): State<Arc<Environment>>,
    Path(request_id): Path<String>,
    body: Bytes,
) -> Response {
    if body.len() <= MAX_RESPONSE_BYTES {
        return answer(&environment, &request_id, Content::Response(body));
    }
    if !environment.answer(&request_id, Content::TooLarge) {
        return invalid_request_id();
    }
    let message = format!("Exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).");
    refusal(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestEntityTooLarge",
        &message,
    )
}

/// `POST /runtime/invocation/{request_id}/error`
async fn error(
    State(environment): State<Arc<Environment>>,
    Path(request_id): Path<String>,
    body: Bytes,
) -> Response {
    answer(&environment, &request_id, Content::Error(body))
}

/// `POST /runtime/init/error`
async fn init_error(State(environment): State<Arc<Environment>>, body: Bytes) -> Response {
    environment.fail_init(body);
    accepted()
}

fn answer(environment: &Environment, request_id: &str, content: Content) -> Response {
    if environment.answer(request_id, content) {
        accepted()
    } else {
        invalid_request_id()
    }
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({"status": "OK"}))).into_response()
}

fn invalid_request_id() -> Response {
    refusal(
        StatusCode::BAD_REQUEST,
        "InvalidRequestID",
        "Invalid request ID",
    )
}

fn refusal(status: StatusCode, error_type: &str, message: &str) -> Response {
    (
        status,
        Json(json!({"errorType": error_type, "errorMessage": message})),
    )
        .into_response()
}
