//! What requests and answers are made of, in every protocol.

/// The service's name in Smithy: first part of a JSON target, part of a CBOR path.
pub(super) const SERVICE: &str = "GraniteServiceVersion20100801";

/// What an answer is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Number(f64),
    Integer(i64),
    Boolean(bool),
    /// Seconds since the epoch.
    Time(i64),
    List(Vec<Value>),
    /// Members that are there; absent ones are left out, not null.
    Structure(Vec<(&'static str, Value)>),
}

impl Value {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// A request, whatever its protocol.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) input: serde_json::Value,
}
