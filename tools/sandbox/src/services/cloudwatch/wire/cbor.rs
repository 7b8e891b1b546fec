//! Smithy RPC v2 CBOR: `POST /service/<service>/operation/<operation>`.

use axum::http::Uri;
use ciborium::value::Value;
use serde_json::{Map, Value as Json};

use super::{
    input::{Call, SERVICE},
    value,
};
use crate::services::cloudwatch::error::CloudWatchError;

/// The operation that a path names, if it is one of this service.
pub(super) fn operation(uri: &Uri) -> Option<&str> {
    let rest = uri.path().strip_prefix("/service/")?;
    rest.strip_prefix(SERVICE)?.strip_prefix("/operation/")
}

pub(super) fn read(uri: &Uri, body: &[u8]) -> Result<Call, CloudWatchError> {
    let operation = operation(uri).unwrap_or_default().to_owned();
    if body.is_empty() {
        let input = Json::Object(Map::new());
        return Ok(Call { operation, input });
    }
    let input = ciborium::from_reader(body)
        .map_err(|error: ciborium::de::Error<_>| CloudWatchError::Malformed(error.to_string()))?;
    let input = value::to_json(input)
        .map_err(|what| CloudWatchError::Malformed(format!("unexpected {what} in CBOR")))?;
    Ok(Call { operation, input })
}

pub(super) fn write(value: &Value) -> Vec<u8> {
    let mut body = Vec::new();
    // Writing to a vector does not fail.
    let _ = ciborium::into_writer(value, &mut body);
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::cloudwatch::wire::value::{Time, to_value};

    fn time() -> Vec<u8> {
        let time: Time = ciborium::tag::Required(1_363_896_240);
        write(&to_value(&time))
    }

    #[test]
    fn a_time_is_tagged() {
        // 0xc1: tag 1; 0x1a: 32-bit unsigned integer.
        assert_eq!(time(), [0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0]);
    }

    #[test]
    fn a_tagged_time_is_read_as_its_seconds() {
        let mut body = vec![0xa1, 0x61, b't'];
        body.extend(time());
        let call = read(&Uri::from_static("/"), &body).unwrap();
        assert_eq!(call.input, serde_json::json!({"t": 1_363_896_240}));
    }

    #[test]
    fn a_number_that_json_has_not_is_read_as_a_text() {
        let mut body = vec![0xa1, 0x61, b'v'];
        body.extend(write(&Value::Float(f64::NAN)));
        let call = read(&Uri::from_static("/"), &body).unwrap();
        assert_eq!(call.input, serde_json::json!({"v": "NaN"}));
    }

    #[test]
    fn garbage_is_refused() {
        let error = read(&Uri::from_static("/"), &[0xff, 0x00]).unwrap_err();
        assert!(matches!(error, CloudWatchError::Malformed(_)), "{error:?}");
    }
}
