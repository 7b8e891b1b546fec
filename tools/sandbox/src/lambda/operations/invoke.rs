//! Invoke.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chrono::Utc;
use serde::de::IgnoredAny;

use super::{Answer, Query};
use crate::{
    environments::{
        invocation::{Finished, Request},
        pool::Full,
    },
    invocation_record::{InvocationRecord, Outcome},
    lambda::{
        Lambda,
        error::{ErrorKind, LambdaError},
        names::{self, FunctionRef},
        version::Version,
    },
};

/// Largest event of a synchronous invocation in bytes.
const MAX_SYNC_BYTES: usize = 6 * 1024 * 1024;

/// Largest event of an asynchronous invocation in bytes.
const MAX_ASYNC_BYTES: usize = 1024 * 1024;

/// How often an asynchronous invocation is tried again after a function error.
const ASYNC_RETRIES: u32 = 2;

/// How long to wait before an asynchronous invocation is tried again. Lambda waits one and two minutes.
const ASYNC_PAUSE: Duration = Duration::from_secs(1);

/// `X-Amz-Invocation-Type`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

/// An invocation whose version has been chosen.
#[derive(Debug, Clone)]
struct Call {
    version: Arc<Version>,
    reference: FunctionRef,
    through_alias: bool,
    payload: Bytes,
    tail: bool,
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
    let reference = FunctionRef::parse(&name, query.get("Qualifier"))?;
    let call = route(&lambda, reference, &query.region)?;
    let payload = check_payload(payload, kind)?;
    let tail = headers
        .get("x-amz-log-type")
        .is_some_and(|value| value == "Tail");
    let call = Call {
        payload,
        tail,
        ..call
    };
    match kind {
        InvocationType::DryRun => Ok(StatusCode::NO_CONTENT.into_response()),
        InvocationType::Event => {
            let id = new_request_id();
            tokio::spawn(run_in_background(lambda, call, id.clone()));
            Ok((StatusCode::ACCEPTED, [("x-amzn-requestid", id)]).into_response())
        }
        InvocationType::RequestResponse => {
            let version = Arc::clone(&call.version);
            let id = new_request_id();
            // A task of its own: a caller that hangs up does not stop the function, on Lambda neither.
            let running = tokio::spawn({
                let id = id.clone();
                async move { run(&lambda, &call, &id).await }
            });
            let finished = running
                .await
                .map_err(|error| LambdaError::new(ErrorKind::Service, error.to_string()))?
                .map_err(|Full| LambdaError::throttled())?;
            Ok(respond(finished, &version, &id))
        }
    }
}

/// Chooses the version: by weight, when the qualifier is an alias with two.
fn route(lambda: &Lambda, reference: FunctionRef, region: &str) -> Result<Call, LambdaError> {
    let account = lambda.read();
    let function =
        account
            .function(&reference.name, region)
            .map_err(|error| match &reference.qualifier {
                None => error,
                Some(qualifier) => LambdaError::not_found(format!(
                    "Function not found: {}",
                    names::function_arn(region, &reference.name, Some(qualifier))
                )),
            })?;
    let version = function.resolve(reference.qualifier.as_deref(), || lambda.draws.uniform())?;
    let through_alias = reference
        .qualifier
        .as_deref()
        .is_some_and(names::is_alias_name);
    Ok(Call {
        version: Arc::clone(version),
        reference,
        through_alias,
        payload: Bytes::new(),
        tail: false,
    })
}

/// Runs the function once, within its faults, and keeps the record.
async fn run(lambda: &Lambda, call: &Call, id: &str) -> Result<Finished, Full> {
    let version = &call.version;
    let plan = lambda
        .faults
        .plan(&version.function, version.settings.architecture);
    let concurrent = version.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
    let result = if lambda.draws.happens(plan.throttle) {
        Err(Full)
    } else {
        let request = Request {
            id: id.to_owned(),
            payload: call.payload.clone(),
            invoked_arn: names::function_arn(
                &version.region,
                &version.function,
                call.reference.qualifier.as_deref(),
            ),
            faults: lambda.draws.faults(plan),
            tail: call.tail,
        };
        lambda.environments.invoke(version, &request).await
    };
    version.in_flight.fetch_sub(1, Ordering::Relaxed);
    lambda
        .recorder
        .record(record(call, concurrent, result.as_ref().ok()));
    result
}

/// Runs the function on nobody's time: throttles and function errors are tried again, as Lambda does.
async fn run_in_background(lambda: Lambda, call: Call, id: String) {
    for attempt in 0..=ASYNC_RETRIES {
        match run(&lambda, &call, &id).await {
            Ok(finished) if !finished.outcome.is_error() => return,
            Ok(_) | Err(Full) if attempt < ASYNC_RETRIES => tokio::time::sleep(ASYNC_PAUSE).await,
            Ok(_) | Err(Full) => {
                tracing::warn!(function = call.version.function, id, "gave up an event")
            }
        }
    }
}

fn record(call: &Call, concurrent: u32, finished: Option<&Finished>) -> InvocationRecord {
    InvocationRecord {
        function: call.version.function.clone(),
        qualifier: call.reference.qualifier.clone(),
        through_alias: call.through_alias,
        executed_version: call.version.number.to_string(),
        architecture: call.version.settings.architecture,
        started: finished.map_or_else(Utc::now, |finished| finished.started),
        duration: finished.map_or(Duration::ZERO, |finished| finished.duration),
        billed: finished.map_or(Duration::ZERO, |finished| finished.billed),
        init: finished.and_then(|finished| finished.init),
        outcome: finished.map_or(Outcome::Throttle, |finished| finished.outcome),
        max_memory_mib: finished.map_or(0, |finished| finished.max_memory_mib),
        concurrent,
    }
}

fn respond(finished: Finished, version: &Version, id: &str) -> Response {
    let failed = finished.outcome.is_error();
    let mut response = Response::new(finished.body.into());
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
    if failed {
        set("x-amz-function-error", "Unhandled".to_owned());
    }
    if let Some(tail) = finished.tail {
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

fn new_request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
