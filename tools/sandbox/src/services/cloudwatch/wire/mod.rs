//! The three protocols that clients speak to `CloudWatch`, and the values that they carry.
//!
//! Today's SDKs speak Smithy RPC v2 CBOR (`cbor.rs`), those of some years ago AWS JSON 1.0
//! (`json.rs`) or AWS query with XML answers (`query.rs`). An emulator's generic codec would not do:
//! it does not know which numbers are times, and CBOR clients insist on the tag.

mod cbor;
pub(crate) mod input;
mod json;
mod query;
pub(crate) mod value;

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};

use ciborium::value::Value;

use self::{input::Call, value::to_value};
use super::error::CloudWatchError;
use crate::aws::{errors, json_protocol, signature};

/// How a request came, which is how it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Cbor,
    Json,
    Query,
}

impl Protocol {
    /// The protocol of a request, if it is one for `CloudWatch` at all.
    pub(crate) fn detect(uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        if cbor::operation(uri).is_some() {
            Some(Self::Cbor)
        } else if json::operation(headers).is_some() {
            Some(Self::Json)
        } else if signature::is_for(headers, "monitoring") {
            Some(Self::Query)
        } else {
            None
        }
    }

    /// Reads operation and input.
    pub(crate) fn read(
        self,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Call, CloudWatchError> {
        match self {
            Self::Cbor => cbor::read(uri, body),
            Self::Json => json::read(headers, body),
            Self::Query => query::read(body),
        }
    }

    /// The answer to `operation`.
    pub(crate) fn answer(self, operation: &str, output: &Value, request_id: &str) -> Response {
        let body = match self {
            Self::Cbor => cbor::write(output),
            Self::Json => json::write(output),
            Self::Query => query::write(operation, output, request_id),
        };
        self.respond(StatusCode::OK, body, request_id)
    }

    /// The answer that says what was wrong.
    pub(crate) fn refuse(self, error: &CloudWatchError, request_id: &str) -> Response {
        let shaped = || {
            to_value(&errors::typed(
                &format!("com.amazonaws.cloudwatch#{}", error.shape()),
                &error.to_string(),
            ))
        };
        let body = match self {
            Self::Cbor => cbor::write(&shaped()),
            Self::Json => json::write(&shaped()),
            Self::Query => query::write_error(error, request_id),
        };
        let mut response = self.respond(error.status(), body, request_id);
        errors::add_query_code(&mut response, error.code());
        response
    }

    fn respond(self, status: StatusCode, body: Vec<u8>, request_id: &str) -> Response {
        let content_type = match self {
            Self::Cbor => "application/cbor",
            Self::Json => json_protocol::CONTENT_TYPE,
            Self::Query => "text/xml",
        };
        let headers = [
            (header::CONTENT_TYPE.as_str(), content_type),
            ("x-amzn-requestid", request_id),
        ];
        let mut response = (status, headers, body).into_response();
        if self == Self::Cbor {
            let value = HeaderValue::from_static("rpc-v2-cbor");
            response.headers_mut().insert("smithy-protocol", value);
        }
        response
    }
}
