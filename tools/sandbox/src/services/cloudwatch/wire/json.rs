//! AWS JSON 1.0: the operation is in the header `X-Amz-Target`.

use axum::http::HeaderMap;
use serde_json::{Map, Value as Json};

use super::value::{Call, SERVICE, Value};
use crate::services::cloudwatch::error::CloudWatchError;

/// The operation that a target names, if it is one of this service.
pub(crate) fn operation(target: &str) -> Option<&str> {
    target.strip_prefix(SERVICE)?.strip_prefix('.')
}

pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Call, CloudWatchError> {
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

pub(crate) fn write(value: &Value) -> Vec<u8> {
    to_json(value).to_string().into_bytes()
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Text(text) => Json::from(text.as_str()),
        Value::Number(number) => Json::from(*number),
        Value::Integer(number) => Json::from(*number),
        Value::Boolean(value) => Json::from(*value),
        Value::Time(seconds) => Json::from(*seconds),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Structure(members) => {
            let entry = |(name, value): &(&str, Value)| ((*name).to_owned(), to_json(value));
            Json::Object(members.iter().map(entry).collect())
        }
    }
}
