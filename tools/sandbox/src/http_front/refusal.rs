//! What API Gateway answers by itself.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Why a client gets no answer of the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request line is too long.
    UriTooLong,
    /// Request line and header values together are too long.
    HeadersTooLarge,
    /// The body is too large for API Gateway, or the event for Lambda.
    BodyTooLarge,
    /// The function failed, does not exist, or returned what is no response.
    InternalServerError,
    /// Lambda throttled, or the function took longer than an integration may.
    ServiceUnavailable,
}

impl Refusal {
    const fn status(self) -> StatusCode {
        match self {
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::InternalServerError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::UriTooLong => "URI Too Long",
            Self::HeadersTooLarge => "Request Header Fields Too Large",
            Self::BodyTooLarge => "Request Entity Too Large",
            Self::InternalServerError => "Internal Server Error",
            Self::ServiceUnavailable => "Service Unavailable",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let headers = [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )];
        let body = json!({"message": self.message()}).to_string();
        (self.status(), headers, body).into_response()
    }
}
