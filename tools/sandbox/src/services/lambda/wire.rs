//! Requests and answers of the Lambda API: REST JSON.

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    extract::{FromRequestParts, rejection::BytesRejection},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    error::{ErrorKind, LambdaError},
    model::{
        names::{self, FunctionRef},
        state::FunctionState,
    },
};
use crate::{
    aws::{
        self,
        paging::{self, Page},
        signature,
    },
    execution::version::Version,
};

/// Size of a request that is too large for `CreateFunction` and `UpdateFunctionCode`, in bytes: Lambda's.
pub(crate) const TOO_LARGE_BYTES: usize = 70_167_211;

/// What an operation gives: JSON with a status, or one of Lambda's errors.
pub(crate) type Answer = Result<Response, LambdaError>;

/// A JSON body as AWS sends it.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response {
    let headers = [(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    )];
    (status, headers, body.to_string()).into_response()
}

/// Query parameters and region of a request.
#[derive(Debug)]
pub(crate) struct Query {
    parameters: BTreeMap<String, String>,
    /// Region that the request is signed for.
    pub(crate) region: String,
}

impl Query {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// The function that a request names, with the qualifier in its name or in `Qualifier`.
    pub(crate) fn function(&self, name: &str) -> Result<FunctionRef, LambdaError> {
        FunctionRef::parse(name, self.get("Qualifier"), &self.region)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = LambdaError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let axum::extract::Query(parameters) =
            axum::extract::Query::<BTreeMap<String, String>>::from_request_parts(parts, state)
                .await
                .map_err(|error| LambdaError::invalid(error.to_string()))?;
        Ok(Self {
            parameters,
            region: signature::region(&parts.headers).to_owned(),
        })
    }
}

/// Reads a JSON request; an empty one is `{}`.
pub(crate) fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, LambdaError> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        LambdaError::new(
            ErrorKind::InvalidRequestContent,
            format!("Could not parse request body into json: {error}"),
        )
    })
}

/// The body of a request that may be too large.
pub(crate) fn whole(
    body: Result<Bytes, BytesRejection>,
    operation: &str,
) -> Result<Bytes, LambdaError> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => LambdaError::new(
            ErrorKind::RequestEntityTooLarge,
            format!(
                "Request must be smaller than {TOO_LARGE_BYTES} bytes for the {operation} operation"
            ),
        ),
        _ => LambdaError::new(ErrorKind::InvalidRequestContent, rejection.body_text()),
    })
}

/// One page of a list, and the marker of the next page: the index of its first item.
pub(crate) fn page(
    items: Vec<Value>,
    query: &Query,
    largest: usize,
) -> Result<(Vec<Value>, Option<String>), LambdaError> {
    let number = |name: &str| match query.get(name).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => text.parse::<usize>().map(Some).map_err(|_| {
            LambdaError::invalid(format!("Invalid value for parameter {name}: {text}"))
        }),
    };
    let from = number("Marker")?.unwrap_or(0);
    let size = number("MaxItems")?.unwrap_or(50).min(largest);
    if size == 0 {
        let constraint = "Member must have value greater than or equal to 1";
        return Err(LambdaError::validation("maxItems", 0, constraint));
    }
    let Page { items, next } = paging::page(items, from, size);
    Ok((items, next.map(|next| next.to_string())))
}

/// Id of the version of the runtime. Not one of AWS's: the sandbox has no runtimes of its own.
const RUNTIME_ID: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// `FunctionConfiguration`, with the qualifier that the caller has asked with in the ARN.
pub(super) fn configuration(
    version: &Version,
    qualifier: Option<&str>,
    state: FunctionState,
) -> Value {
    let mut json = listed(version, qualifier);
    let reason = "The function is being created.";
    let fields: &[(&str, &str)] = match state {
        FunctionState::Settled => &[("State", "Active"), ("LastUpdateStatus", "Successful")],
        FunctionState::Pending => &[
            ("State", "Pending"),
            ("StateReason", reason),
            ("StateReasonCode", "Creating"),
        ],
        FunctionState::Updating => &[
            ("State", "Active"),
            ("LastUpdateStatus", "InProgress"),
            ("LastUpdateStatusReason", reason),
            ("LastUpdateStatusReasonCode", "Creating"),
        ],
    };
    for (name, value) in fields {
        json[*name] = json!(value);
    }
    let runtime = format!("arn:aws:lambda:{}::runtime:{RUNTIME_ID}", version.region);
    json["RuntimeVersionConfig"] = json!({"RuntimeVersionArn": runtime});
    json
}

/// `FunctionConfiguration` as lists have it: without what changes by itself.
pub(super) fn listed(version: &Version, qualifier: Option<&str>) -> Value {
    let settings = &version.settings;
    let mut json = json!({
        "FunctionName": version.function,
        "FunctionArn": names::function_arn(&version.region, &version.function, qualifier),
        "Runtime": settings.runtime,
        "Role": settings.role,
        "Handler": settings.handler,
        "CodeSize": version.code.zip_bytes,
        "Description": version.description,
        "Timeout": settings.timeout_s,
        "MemorySize": settings.memory_mib,
        "LastModified": aws::timestamp(version.last_modified),
        "CodeSha256": version.code.sha256,
        "Version": version.number.to_string(),
        "TracingConfig": {"Mode": settings.tracing_mode},
        "RevisionId": version.revision_id,
        "PackageType": "Zip",
        "Architectures": [settings.architecture.as_str()],
        "EphemeralStorage": {"Size": settings.ephemeral_storage_mib},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {
            "LogFormat": settings.logging.log_format.as_deref().unwrap_or("Text"),
            "LogGroup": version.log_group(),
        },
    });
    if let Some(variables) = &settings.environment {
        json["Environment"] = json!({"Variables": variables});
    }
    if settings.logging.log_format.as_deref() == Some("JSON") {
        for (name, level) in [
            (
                "ApplicationLogLevel",
                &settings.logging.application_log_level,
            ),
            ("SystemLogLevel", &settings.logging.system_log_level),
        ] {
            json["LoggingConfig"][name] = json!(level.as_deref().unwrap_or("INFO"));
        }
    }
    json
}
