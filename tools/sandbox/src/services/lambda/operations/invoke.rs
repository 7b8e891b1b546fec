//! Invoke.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::de::IgnoredAny;

use crate::{
    execution::{invocation::Answer as FunctionAnswer, version::Version},
    services::lambda::{
        Lambda,
        error::{ErrorKind, LambdaError},
        invocation::{Invoked, MAX_SYNC_BYTES},
        wire::{Answer, Query},
    },
};

/// Largest event of an asynchronous invocation in bytes.
const MAX_ASYNC_BYTES: usize = 1024 * 1024;

/// `X-Amz-Invocation-Type`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

/// `POST /functions/{name}/invocations`
pub(super) async fn invoke(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
    headers: HeaderMap,
    payload: Bytes,
) -> Answer {
    let kind = invocation_type(&headers)?;
    let reference = query.function(&name)?;
    let mut call = lambda.route(reference, &query.region)?;
    call.payload = check_payload(payload, kind)?;
    call.tail = headers
        .get("x-amz-log-type")
        .is_some_and(|value| value == "Tail");
    call.trace = text(&headers, "x-amzn-trace-id");
    let context = text(&headers, "x-amz-client-context");
    call.client_context = context.as_deref().map(client_context).transpose()?;
    match kind {
        InvocationType::DryRun => Ok(StatusCode::NO_CONTENT.into_response()),
        InvocationType::Event => {
            let id = lambda.run_in_background(call);
            Ok((StatusCode::ACCEPTED, [("x-amzn-requestid", id)]).into_response())
        }
        InvocationType::RequestResponse => {
            let Invoked {
                version,
                request_id,
                answer,
            } = lambda.run_to_end(call).await?;
            Ok(respond(answer, &version, &request_id))
        }
    }
}

/// The client context as functions get it: no longer in base64.
fn client_context(text: &str) -> Result<String, LambdaError> {
    let context = BASE64.decode(text).ok();
    let context = context.and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok());
    let context = context.filter(serde_json::Value::is_object);
    context.map(|context| context.to_string()).ok_or_else(|| {
        let message = "Client context must be a valid Base64-encoded JSON object.";
        LambdaError::new(ErrorKind::InvalidRequestContent, message.to_owned())
    })
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

fn respond(answer: FunctionAnswer, version: &Version, id: &str) -> Response {
    let mut response = Response::new(answer.body.into());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-amzn-requestid", id.to_owned());
    set("x-amz-executed-version", version.number.to_string());
    if answer.failed {
        set("x-amz-function-error", "Unhandled".to_owned());
    }
    if let Some(tail) = answer.tail {
        set("x-amz-log-result", BASE64.encode(tail));
    }
    response
}

fn invocation_type(headers: &HeaderMap) -> Result<InvocationType, LambdaError> {
    match headers
        .get("x-amz-invocation-type")
        .map(HeaderValue::as_bytes)
    {
        None | Some(b"RequestResponse") => Ok(InvocationType::RequestResponse),
        Some(b"Event") => Ok(InvocationType::Event),
        Some(b"DryRun") => Ok(InvocationType::DryRun),
        Some(other) => Err(LambdaError::validation(
            "invocationType",
            String::from_utf8_lossy(other),
            "Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
        )),
    }
}

/// The event, if it is small enough and JSON. None at all is `{}`.
fn check_payload(payload: Bytes, kind: InvocationType) -> Result<Bytes, LambdaError> {
    let (limit, name) = match kind {
        InvocationType::Event => (MAX_ASYNC_BYTES, "Event"),
        InvocationType::RequestResponse | InvocationType::DryRun => {
            (MAX_SYNC_BYTES, "RequestResponse")
        }
    };
    if payload.len() > limit {
        return Err(LambdaError::new(
            ErrorKind::RequestTooLarge,
            format!(
                "{} byte payload is too large for the {name} invocation type (limit {limit} bytes)",
                payload.len()
            ),
        ));
    }
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    serde_json::from_slice::<IgnoredAny>(&payload).map_err(|error| {
        LambdaError::new(
            ErrorKind::InvalidRequestContent,
            format!(
                "Could not parse request body into json: Could not parse payload into json: {error}"
            ),
        )
    })?;
    Ok(payload)
}
