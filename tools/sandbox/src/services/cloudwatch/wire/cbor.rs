//! Smithy RPC v2 CBOR: `POST /service/<service>/operation/<operation>`.

use axum::http::Uri;
use ciborium::value::Value as Cbor;
use serde_json::{Map, Number, Value as Json};

use super::value::{Call, SERVICE, Value};
use crate::services::cloudwatch::error::CloudWatchError;

/// RFC 8949, section 3.4.2: epoch-based date and time.
const EPOCH_TIME: u64 = 1;

/// The operation that a path names, if it is one of this service.
pub(crate) fn operation(uri: &Uri) -> Option<&str> {
    let rest = uri.path().strip_prefix("/service/")?;
    rest.strip_prefix(SERVICE)?.strip_prefix("/operation/")
}

pub(crate) fn read(uri: &Uri, body: &[u8]) -> Result<Call, CloudWatchError> {
    let operation = operation(uri).unwrap_or_default().to_owned();
    if body.is_empty() {
        let input = Json::Object(Map::new());
        return Ok(Call { operation, input });
    }
    let malformed = |error: ciborium::de::Error<_>| CloudWatchError::Malformed(error.to_string());
    let input = to_json(ciborium::from_reader(body).map_err(malformed)?)?;
    Ok(Call { operation, input })
}

/// Tags are dropped: a time becomes its seconds.
fn to_json(value: Cbor) -> Result<Json, CloudWatchError> {
    let malformed = |what: &str| CloudWatchError::Malformed(format!("unexpected {what} in CBOR"));
    Ok(match value {
        Cbor::Null => Json::Null,
        Cbor::Bool(value) => Json::Bool(value),
        Cbor::Text(text) => Json::String(text),
        Cbor::Integer(value) => {
            let value = i64::try_from(i128::from(value)).map_err(|_| malformed("big integer"))?;
            Json::from(value)
        }
        Cbor::Float(value) => Number::from_f64(value)
            .map(Json::Number)
            .ok_or_else(|| malformed("NaN"))?,
        Cbor::Tag(_, inner) => to_json(*inner)?,
        Cbor::Array(items) => {
            Json::Array(items.into_iter().map(to_json).collect::<Result<_, _>>()?)
        }
        Cbor::Map(entries) => {
            let entry = |(key, value): (Cbor, Cbor)| {
                let key = key.into_text().map_err(|_| malformed("key"))?;
                Ok((key, to_json(value)?))
            };
            Json::Object(
                entries
                    .into_iter()
                    .map(entry)
                    .collect::<Result<_, CloudWatchError>>()?,
            )
        }
        _ => return Err(malformed("byte string")),
    })
}

pub(crate) fn write(value: &Value) -> Vec<u8> {
    let mut body = Vec::new();
    // Writing to a vector does not fail.
    let _ = ciborium::into_writer(&to_cbor(value), &mut body);
    body
}

fn to_cbor(value: &Value) -> Cbor {
    match value {
        Value::Text(text) => Cbor::Text(text.clone()),
        Value::Number(number) => Cbor::Float(*number),
        Value::Integer(number) => Cbor::from(*number),
        Value::Boolean(value) => Cbor::Bool(*value),
        Value::Time(seconds) => Cbor::Tag(EPOCH_TIME, Box::new(Cbor::from(*seconds))),
        Value::List(items) => Cbor::Array(items.iter().map(to_cbor).collect()),
        Value::Structure(members) => {
            let entry = |(name, value): &(&str, Value)| (Cbor::from(*name), to_cbor(value));
            Cbor::Map(members.iter().map(entry).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_tagged() {
        // 0xc1: tag 1; 0x1a: 32-bit unsigned integer.
        assert_eq!(
            write(&Value::Time(1_363_896_240)),
            [0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0]
        );
    }

    #[test]
    fn a_tagged_time_is_read_as_its_seconds() {
        let mut body = vec![0xa1, 0x61, b't'];
        body.extend(write(&Value::Time(1_363_896_240)));
        let call = read(&Uri::from_static("/"), &body).unwrap();
        assert_eq!(call.input, serde_json::json!({"t": 1_363_896_240}));
    }

    #[test]
    fn garbage_is_refused() {
        let error = read(&Uri::from_static("/"), &[0xff, 0x00]).unwrap_err();
        assert!(matches!(error, CloudWatchError::Malformed(_)), "{error:?}");
    }
}
