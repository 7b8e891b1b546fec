//! Errors as problem details (RFC 9457, <https://www.rfc-editor.org/rfc/rfc9457>).

use axum::{
    Json,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::greeting::InvalidName;

/// Why a request failed; the text is the problem's `detail`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// No route has this path.
    #[error("there is nothing at this path")]
    RouteNotFound,
    /// The route has other methods.
    #[error("this resource has the methods that the Allow header lists")]
    MethodNotAllowed,
    /// The name in the path is not valid.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
}

#[derive(Serialize)]
struct Details {
    title: &'static str,
    status: u16,
    detail: String,
}

impl Problem {
    const fn status(&self) -> StatusCode {
        match self {
            Self::RouteNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::InvalidName(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let details = Details {
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: self.to_string(),
        };
        let media_type = [(CONTENT_TYPE, "application/problem+json")];
        (status, media_type, Json(details)).into_response()
    }
}
