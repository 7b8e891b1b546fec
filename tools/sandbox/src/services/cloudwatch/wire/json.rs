//! AWS JSON 1.0: the operation is in the header `X-Amz-Target`.

use axum::http::HeaderMap;
use ciborium::value::Value;
use serde_json::{Map, Value as Json};

use super::{
    input::{Call, SERVICE},
    value,
};
use crate::{aws::json_protocol, services::cloudwatch::error::CloudWatchError};

/// The operation that a request names, if it is one of this service.
pub(super) fn operation(headers: &HeaderMap) -> Option<&str> {
    json_protocol::operation(headers, SERVICE)
}

pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Call, CloudWatchError> {
    let operation = operation(headers).unwrap_or_default().to_owned();
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
