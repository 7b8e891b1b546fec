//! The Extensions API: how extensions register, take events and say that they have failed.
//!
//! All extensions run inside of the runtime. External ones come to `/opt/extensions` with layers on Lambda; there are no
//! layers here. The Telemetry API and the Logs API are missing.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    environment::Environment,
    lifecycle::{Event, ExtensionFailure, Refused},
};
use crate::aws::ACCOUNT_ID;

const NAME: &str = "lambda-extension-name";
const IDENTIFIER: &str = "lambda-extension-identifier";
const EVENT_IDENTIFIER: &str = "lambda-extension-event-identifier";
const ACCEPT_FEATURE: &str = "lambda-extension-accept-feature";
const ERROR_TYPE: &str = "lambda-extension-function-error-type";

/// The routes of one environment.
pub(super) fn router() -> Router<Arc<Environment>> {
    let path = |rest: &str| format!("/2020-01-01/extension/{rest}");
    Router::new()
        .route(&path("register"), post(register))
        .route(&path("event/next"), get(next))
        .route(&path("init/error"), post(init_error))
        .route(&path("exit/error"), post(exit_error))
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({"errorType": self.error_type, "errorMessage": self.message});
        (StatusCode::FORBIDDEN, Json(body)).into_response()
    }
}

/// `POST /extension/register`
async fn register(
    State(environment): State<Arc<Environment>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    #[derive(Deserialize)]
    struct Registration {
        #[serde(default)]
        events: Vec<String>,
    }
    let name = header(&headers, NAME)
        .ok_or_else(|| Refused::new("Extension.InvalidExtensionName", "Empty extension name"))?;
    let registration: Registration = serde_json::from_slice(&body)
        .map_err(|error| Refused::new("InvalidRequestFormat", error.to_string()))?;
    let id = environment.register_extension(name, &registration.events)?;
    let version = &environment.version;
    let mut answer = json!({
        "functionName": version.function,
        "functionVersion": version.number.to_string(),
        "handler": version.settings.handler,
    });
    let features = header(&headers, ACCEPT_FEATURE).unwrap_or_default();
    if features
        .split(',')
        .any(|feature| feature.trim() == "accountId")
    {
        answer["accountId"] = json!(ACCOUNT_ID);
    }
    Ok(with_header(IDENTIFIER, &id, Json(answer)))
}

/// `GET /extension/event/next`
async fn next(
    State(environment): State<Arc<Environment>>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let id = identifier(&headers)?;
    let Some(event) = environment.next_extension_event(id).await? else {
        let message = "This environment has been shut down";
        return Err(Refused::new("Extension.InvalidExtensionState", message));
    };
    let event_id = uuid::Uuid::new_v4().to_string();
    Ok(with_header(
        EVENT_IDENTIFIER,
        &event_id,
        Json(invoke(&event)),
    ))
}

fn invoke(event: &Event) -> serde_json::Value {
    json!({
        "eventType": "INVOKE",
        "deadlineMs": u64::try_from(event.deadline_ms()).unwrap_or(u64::MAX),
        "requestId": event.request_id,
        "invokedFunctionArn": event.invoked_arn,
        "tracing": {"type": "X-Amzn-Trace-Id", "value": event.trace_id},
    })
}

/// `POST /extension/init/error`
async fn init_error(
    State(environment): State<Arc<Environment>>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    fail(&environment, &headers, ExtensionFailure::Init)
}

/// `POST /extension/exit/error`
async fn exit_error(
    State(environment): State<Arc<Environment>>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    fail(&environment, &headers, ExtensionFailure::Exit)
}

fn fail(
    environment: &Environment,
    headers: &HeaderMap,
    failure: ExtensionFailure,
) -> Result<Response, Refused> {
    let id = identifier(headers)?;
    if header(headers, ERROR_TYPE).is_none() {
        let message = "Lambda-Extension-Function-Error-Type not found";
        return Err(Refused::new("Extension.MissingHeader", message));
    }
    environment.fail_extension(id, failure)?;
    Ok((StatusCode::ACCEPTED, Json(json!({"status": "OK"}))).into_response())
}

fn identifier(headers: &HeaderMap) -> Result<&str, Refused> {
    header(headers, IDENTIFIER).ok_or_else(|| {
        let message = "Missing Lambda-Extension-Identifier header";
        Refused::new("Extension.MissingExtensionIdentifier", message)
    })
}

/// The value of a header that says something.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value).filter(|value| !value.is_empty())
}

fn with_header(name: &'static str, value: &str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    if let Ok(value) = HeaderValue::try_from(value) {
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static(name), value);
    }
    response
}
