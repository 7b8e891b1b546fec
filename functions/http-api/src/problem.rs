//! Errors as problem details (RFC 9457, <https://www.rfc-editor.org/rfc/rfc9457>).
//!
//! Nothing in a problem depends on the invocation or the build, so that both builds answer a bad request with
//! the same bytes: the request's id is only in the header `x-request-id`.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::quote::shortened;
use utoipa::ToSchema;

/// Media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// When a caller may try again, in seconds: the SDK has already retried.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("1");

/// Longest detail in characters: it may repeat what was sent, which may be megabytes.
const MAX_DETAIL_CHARACTERS: usize = 300;

/// Why a request failed; the text is the problem's `detail`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No route has this path.
    #[error("there is nothing at this path; /openapi.json lists what there is")]
    RouteNotFound,
    /// No document has this id, or the id is malformed.
    #[error("there is no document with this id")]
    DocumentNotFound,
    /// The route has other methods.
    #[error("this resource has the methods that the Allow header lists")]
    MethodNotAllowed,
    /// The caller does not accept JSON.
    #[error("the answer is application/json, which the Accept header excludes")]
    NotAcceptable,
    /// The body is not declared to be JSON.
    #[error("the body must be application/json, and the Content-Type header must say so")]
    UnsupportedMediaType,
    /// More content than a document may have.
    #[error("{0}")]
    ContentTooLarge(String),
    /// The body is not the JSON that this route takes.
    #[error("{reason}")]
    InvalidBody {
        /// What is wrong.
        reason: String,
        /// The member of the body's object.
        member: Option<String>,
    },
    /// A header that this route needs is missing or malformed.
    #[error("{reason}")]
    InvalidHeader {
        /// Which one.
        header: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// A query parameter is unknown, repeated or malformed.
    #[error("{reason}")]
    InvalidParameter {
        /// Which one.
        parameter: String,
        /// What is wrong.
        reason: String,
    },
    /// The idempotency key belongs to another document.
    #[error("this Idempotency-Key was used for another document: use a new key for a new document")]
    KeyReused,
    /// The idempotency key belongs to a document that was deleted.
    #[error(
        "the document of this Idempotency-Key has been deleted: use a new key to store it again"
    )]
    DocumentDeleted,
    /// The document has changed since the caller has seen it.
    #[error("the document's ETag is not among those of the If-Match header")]
    PreconditionFailed,
    /// The store or the queue cannot be reached at the moment.
    #[error("the request could not be completed at the moment and may be sent again as it is")]
    Unavailable,
    /// An error of ours.
    #[error("the request failed; the log has the reason under the answer's x-request-id")]
    Internal,
}

/// Problem details: why the request failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
#[serde(deny_unknown_fields)]
pub struct ProblemDetails {
    /// The kind of problem, for programs.
    #[serde(rename = "type")]
    #[schema(pattern = "^urn:problem-type:http-api:[a-z-]+$")]
    problem_type: String,
    /// The kind of problem, for people.
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong with this request.
    detail: String,
    /// Which part of the request is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    source: Option<Source>,
}

/// The part of a request that is wrong.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// JSON pointer (RFC 6901) into the body.
    Pointer(String),
    /// Name of a query parameter.
    Parameter(String),
    /// Name of a header.
    Header(String),
}

impl Problem {
    /// Status, last part of the type, title.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::RouteNotFound => (StatusCode::NOT_FOUND, "route-not-found", "No such route"),
            Self::DocumentNotFound => (
                StatusCode::NOT_FOUND,
                "document-not-found",
                "No such document",
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "Method not allowed",
            ),
            Self::NotAcceptable => (
                StatusCode::NOT_ACCEPTABLE,
                "not-acceptable",
                "Not acceptable",
            ),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "Unsupported media type",
            ),
            Self::ContentTooLarge(_) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "content-too-large",
                "Content too large",
            ),
            Self::InvalidBody { .. } => (StatusCode::BAD_REQUEST, "invalid-body", "Invalid body"),
            Self::InvalidHeader { .. } => {
                (StatusCode::BAD_REQUEST, "invalid-header", "Invalid header")
            }
            Self::InvalidParameter { .. } => (
                StatusCode::BAD_REQUEST,
                "invalid-parameter",
                "Invalid query parameter",
            ),
            Self::KeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "key-reused",
                "Idempotency key reused",
            ),
            Self::DocumentDeleted => (
                StatusCode::CONFLICT,
                "document-deleted",
                "Document deleted since",
            ),
            Self::PreconditionFailed => (
                StatusCode::PRECONDITION_FAILED,
                "precondition-failed",
                "Precondition failed",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Temporarily unavailable",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Internal error",
            ),
        }
    }

    fn source(&self) -> Option<Source> {
        match self {
            Self::InvalidBody { member, .. } => {
                let member = member.as_ref()?;
                // RFC 6901, section 3.
                let escaped = member.replace('~', "~0").replace('/', "~1");
                Some(Source::Pointer(format!("/{escaped}")))
            }
            Self::InvalidHeader { header, .. } => Some(Source::Header((*header).to_owned())),
            Self::InvalidParameter { parameter, .. } => Some(Source::Parameter(shortened(
                parameter,
                MAX_DETAIL_CHARACTERS,
            ))),
            _ => None,
        }
    }

    fn details(&self) -> ProblemDetails {
        let (status, kind, title) = self.kind();
        ProblemDetails {
            problem_type: format!("urn:problem-type:http-api:{kind}"),
            title,
            status: status.as_u16(),
            detail: shortened(&self.to_string(), MAX_DETAIL_CHARACTERS),
            source: self.source(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let details = self.details();
        let (status, ..) = self.kind();
        // Strings and a number can always be written as JSON.
        let body = serde_json::to_vec(&details).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        // A cache might keep a 404, and the document may exist a moment later.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_AFTER_S);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn json_of(problem: &Problem) -> Value {
        serde_json::to_value(problem.details()).unwrap()
    }

    #[test]
    fn a_problem_has_type_title_status_detail_and_the_part_that_is_wrong() {
        let problem = Problem::InvalidBody {
            reason: "unknown field `a/b~c`".to_owned(),
            member: Some("a/b~c".to_owned()),
        };
        assert_eq!(
            json_of(&problem),
            json!({
                "type": "urn:problem-type:http-api:invalid-body",
                "title": "Invalid body",
                "status": 400,
                "detail": "unknown field `a/b~c`",
                "source": {"pointer": "/a~1b~0c"},
            })
        );
        assert_eq!(json_of(&Problem::KeyReused).get("source"), None);
    }

    #[test]
    fn a_problem_is_sent_with_its_own_media_type_and_is_not_kept_by_caches() {
        let response = Problem::DocumentNotFound.into_response();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM_JSON);
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        assert!(!response.headers().contains_key(RETRY_AFTER));
    }

    #[test]
    fn only_what_may_be_tried_again_says_when() {
        let response = Problem::Unavailable.into_response();
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert!(
            !Problem::Internal
                .into_response()
                .headers()
                .contains_key(RETRY_AFTER)
        );
    }

    #[test]
    fn a_detail_does_not_send_back_the_megabytes_that_came_in() {
        let problem = Problem::InvalidParameter {
            parameter: "ä".repeat(100_000),
            reason: "ö".repeat(100_000),
        };
        let body = json_of(&problem);
        assert_eq!(body["detail"].as_str().unwrap().chars().count(), 301);
        let parameter = body["source"]["parameter"].as_str().unwrap();
        assert_eq!(parameter.chars().count(), 301);
    }
}
