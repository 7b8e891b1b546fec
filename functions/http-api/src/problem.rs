//! Errors as problem details (RFC 9457, <https://www.rfc-editor.org/rfc/rfc9457>).
//!
//! Nothing in a problem depends on the invocation or the build, so that both builds answer a bad request with the same
//! bytes: the request's id is only in the header `x-request-id`.

use axum::{
    Json,
    extract::rejection::{JsonRejection, PathRejection, QueryRejection},
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use axum_extra::typed_header::TypedHeaderRejection;
use notary::store::StoreError;
use serde::Serialize;
use shared::quote::shortened;
use utoipa::ToSchema;

/// Media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Longest detail in characters: it may repeat what was sent, which may be megabytes.
const MAX_DETAIL_CHARACTERS: usize = 300;

/// Why the request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// The kind of problem, for programs.
    #[serde(rename = "type")]
    #[schema(pattern = "^urn:problem-type:http-api:[a-z-]+$")]
    kind: String,
    /// The status of the answer, in words.
    title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong with this request.
    detail: String,
}

impl Problem {
    /// A problem of this kind.
    #[must_use]
    pub fn new(status: StatusCode, kind: &str, detail: impl ToString) -> Self {
        Self {
            kind: format!("urn:problem-type:http-api:{kind}"),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            detail: shortened(&detail.to_string(), MAX_DETAIL_CHARACTERS),
        }
    }

    /// No route has this path.
    #[must_use]
    pub fn route_not_found() -> Self {
        let detail = "there is nothing at this path; /openapi.json lists what there is";
        Self::new(StatusCode::NOT_FOUND, "route-not-found", detail)
    }

    /// The route has other methods.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let detail = "this resource has the methods that the Allow header lists";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
    }

    /// No document has this id.
    #[must_use]
    pub fn document_not_found() -> Self {
        let detail = "there is no document with this id";
        Self::new(StatusCode::NOT_FOUND, "document-not-found", detail)
    }

    /// The body is not what the operation takes.
    #[must_use]
    pub fn invalid_body(detail: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-body", detail)
    }

    /// A part of AWS cannot be reached at the moment, or the time is over.
    #[must_use]
    pub fn unavailable() -> Self {
        let detail =
            "the request could not be completed at the moment and may be sent again as it is";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }

    /// An error of ours.
    #[must_use]
    pub fn internal() -> Self {
        let detail = "the request failed; the log has the reason under the answer's x-request-id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// Logs why a part of AWS failed; the problem says only whether to try again.
    #[must_use]
    pub fn aws(part: &str, reason: &str, transient: bool) -> Self {
        if transient {
            tracing::warn!(part, reason, "failed for now");
            Self::unavailable()
        } else {
            tracing::error!(part, reason, "failed");
            Self::internal()
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::aws("store", &error.to_string(), error.is_transient())
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let (status, detail) = (rejection.status(), rejection.body_text());
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(status, "content-too-large", detail),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::new(status, "unsupported-media-type", detail)
            }
            _ => Self::invalid_body(detail),
        }
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        let detail = rejection.body_text();
        Self::new(StatusCode::BAD_REQUEST, "invalid-parameter", detail)
    }
}

impl From<TypedHeaderRejection> for Problem {
    fn from(rejection: TypedHeaderRejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-header", rejection)
    }
}

/// A malformed id is a 404, like an unknown one.
impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::document_not_found()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        // A cache might keep a 404, and the document may exist a moment later.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            // The SDK has already retried.
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_has_type_title_status_and_a_detail_that_is_no_megabyte() {
        let problem = Problem::invalid_body("ä".repeat(100_000));
        let expected = json!({
            "type": "urn:problem-type:http-api:invalid-body",
            "title": "Bad Request",
            "status": 400,
            "detail": format!("{}…", "ä".repeat(300)),
        });
        assert_eq!(serde_json::to_value(problem).unwrap(), expected);
    }

    #[test]
    fn a_problem_is_not_kept_by_caches_and_only_what_may_be_tried_again_says_when() {
        for (problem, again) in [(Problem::unavailable(), true), (Problem::internal(), false)] {
            let response = problem.into_response();
            assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM_JSON);
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
            assert_eq!(response.headers().contains_key(RETRY_AFTER), again);
        }
    }
}
