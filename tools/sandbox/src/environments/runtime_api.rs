//! The Runtime API: how a process takes events and answers them.
//!
//! Every environment has its own base path, `/_runtime/{environment}`: runtimes put it before the paths that Lambda
//! documents, and so one port serves all of them.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;

use super::{
    Environments,
    environment::{Content, Delivery},
    invocation::MAX_RESPONSE_BYTES,
};

/// Path before the id of an environment.
pub const BASE_PATH: &str = "/_runtime";

/// The routes of the Runtime API.
pub fn router(environments: Environments) -> Router {
    let path = |rest: &str| format!("{BASE_PATH}/{{environment}}/2018-06-01/runtime/{rest}");
    Router::new()
        .route(&path("invocation/next"), get(next))
        .route(&path("invocation/{request_id}/response"), post(response))
        .route(&path("invocation/{request_id}/error"), post(error))
        .route(&path("init/error"), post(init_error))
        .with_state(environments)
}

/// `GET /runtime/invocation/next`
async fn next(
    State(environments): State<Environments>,
    Path(environment): Path<String>,
) -> Response {
    let Some(environment) = environments.get(&environment) else {
        return unknown_environment();
    };
    match environment.next().await {
        Some(delivery) => delivery.into_response(),
        None => unknown_environment(),
    }
}

impl IntoResponse for Delivery {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.payload.into());
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        for (name, value) in [
            ("lambda-runtime-aws-request-id", self.request_id),
            ("lambda-runtime-deadline-ms", self.deadline_ms.to_string()),
            ("lambda-runtime-invoked-function-arn", self.invoked_arn),
            ("lambda-runtime-trace-id", self.trace_id),
        ] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// `POST /runtime/invocation/{request_id}/response`
async fn response(
    State(environments): State<Environments>,
    Path((environment, request_id)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    if body.len() <= MAX_RESPONSE_BYTES {
        return answer(
            &environments,
            &environment,
            &request_id,
            Content::Response(body),
        );
    }
    let told = answer(&environments, &environment, &request_id, Content::TooLarge);
    if told.status() != StatusCode::ACCEPTED {
        return told;
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
    State(environments): State<Environments>,
    Path((environment, request_id)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    answer(
        &environments,
        &environment,
        &request_id,
        Content::Error(body),
    )
}

/// `POST /runtime/init/error`
async fn init_error(
    State(environments): State<Environments>,
    Path(environment): Path<String>,
    body: Bytes,
) -> Response {
    let Some(environment) = environments.get(&environment) else {
        return unknown_environment();
    };
    environment.fail_init(body);
    accepted()
}

fn answer(
    environments: &Environments,
    environment: &str,
    request_id: &str,
    content: Content,
) -> Response {
    let Some(environment) = environments.get(environment) else {
        return unknown_environment();
    };
    if environment.answer(request_id, content) {
        accepted()
    } else {
        refusal(
            StatusCode::BAD_REQUEST,
            "InvalidRequestID",
            "Invalid request ID",
        )
    }
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({"status": "OK"}))).into_response()
}

fn unknown_environment() -> Response {
    refusal(
        StatusCode::FORBIDDEN,
        "InvalidStateTransition",
        "This environment has been shut down",
    )
}

fn refusal(status: StatusCode, error_type: &str, message: &str) -> Response {
    (
        status,
        Json(json!({"errorType": error_type, "errorMessage": message})),
    )
        .into_response()
}
