//! What answers are made of, in every protocol: what `#[derive(Serialize)]` makes of them.

use ciborium::{tag::Required, value::Value};
use serde::Serialize;
use serde_json::{Map, Number, Value as Json};

/// RFC 8949, section 3.4.2: epoch-based date and time.
pub(super) const EPOCH_TIME: u64 = 1;

/// A time in seconds since the epoch, marked as one: CBOR clients insist on the tag, and XML has times as texts.
pub(crate) type Time = Required<i64, EPOCH_TIME>;

/// An answer without data.
#[derive(Debug, Serialize)]
pub(crate) struct Empty {}

/// An answer as a value. Members without a value are left out, not null.
pub(crate) fn to_value(answer: &impl Serialize) -> Value {
    // No answer has anything that cannot be written to memory.
    let mut value = Value::serialized(answer).unwrap_or(Value::Null);
    remove_nulls(&mut value);
    value
}

fn remove_nulls(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(remove_nulls),
        Value::Map(members) => {
            members.retain(|(_, value)| !value.is_null());
            members
                .iter_mut()
                .for_each(|(_, value)| remove_nulls(value));
        }
        _ => {}
    }
}

/// A value as JSON, or what it has that JSON has not. Tags are dropped: a time becomes its seconds. A number that JSON has
/// not becomes a text: `NaN`, `inf`.
pub(crate) fn to_json(value: Value) -> Result<Json, &'static str> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        Value::Text(text) => Json::String(text),
        Value::Integer(value) => {
            Json::from(i64::try_from(i128::from(value)).map_err(|_| "big integer")?)
        }
        Value::Float(value) => {
            Number::from_f64(value).map_or_else(|| Json::String(value.to_string()), Json::Number)
        }
        Value::Tag(_, inner) => to_json(*inner)?,
        Value::Array(items) => {
            Json::Array(items.into_iter().map(to_json).collect::<Result<_, _>>()?)
        }
        Value::Map(entries) => {
            let entry = |(key, value): (Value, Value)| {
                Ok((key.into_text().map_err(|_| "key")?, to_json(value)?))
            };
            let entries = entries.into_iter().map(entry);
            Json::Object(entries.collect::<Result<Map<_, _>, &'static str>>()?)
        }
        _ => return Err("byte string"),
    })
}
