//! AWS JSON 1.0: the operation is in the header `X-Amz-Target`.

use axum::http::HeaderMap;
use ciborium::value::Value;
use serde_json::{Map, Value as Json};

use super::{
    input::{Call, SERVICE},
    value,
};
use crate::services::cloudwatch::error::CloudWatchError;

/// The operation that a target names, if it is one of this service.
pub(super) fn operation(target: &str) -> Option<&str> {
    target.strip_prefix(SERVICE)?.strip_prefix('.')
}

pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Call, CloudWatchError> {
    let target = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok());
    let operation = target.and_then(operation).unwrap_or_default().to_owned();
    let input = if body.is_empty() {
        Json::Object(Map::new())
    } else {
        serde_json::from_slice(body)
            .map_err(|error| CloudWatchError::Malformed(error.to_string()))?
    };
    Ok(Call { operation, input })
}

pub(super) fn write(value: &Value) -> Vec<u8> {
    let json = value::to_json(value.clone()).unwrap_or_default();
    json.to_string().into_bytes()
}
