//! Documents as callers see them.

use axum::{
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::document::{Document, DocumentId, DocumentName, Root, Status, Timestamp};
use utoipa::ToSchema;

use crate::{etag::ETag, problem::Problem};

/// A document without its content.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Document)]
#[serde(deny_unknown_fields)]
pub struct DocumentBody {
    /// Assigned when it was stored; ids sort by age.
    #[schema(value_type = String, format = "uuid", pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
    id: DocumentId,
    /// Name that the sender gave.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    name: DocumentName,
    /// Length of the content in bytes.
    #[schema(maximum = 262_144)]
    size_bytes: u64,
    /// `received` at first; `verified` or `rejected` once the content has been compared with the
    /// root.
    #[schema(value_type = DocumentStatus)]
    status: Status,
    /// Merkle root over the content: SHA-256 as in RFC 6962 over leaves of 4,096 bytes.
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    root: Root,
    /// When it was stored.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its status last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// The status of a document.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the values that `Status` writes")]
enum DocumentStatus {
    Received,
    Verified,
    Rejected,
}

impl From<Document> for DocumentBody {
    fn from(document: Document) -> Self {
        Self {
            id: document.id,
            name: document.name,
            size_bytes: document.size_bytes,
            status: document.status,
            root: document.root,
            created_at: document.created_at,
            updated_at: document.updated_at,
        }
    }
}

/// `value` as the body of an answer.
///
/// # Errors
/// [`Problem::Internal`] when it cannot be written as JSON.
pub fn json(value: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written as JSON");
        Problem::Internal
    })?;
    let content_type = HeaderValue::from_static("application/json");
    Ok(([(CONTENT_TYPE, content_type)], body).into_response())
}

/// A document as the body of an answer, with the headers for a conditional request.
///
/// # Errors
/// [`Problem::Internal`] when it cannot be written as JSON.
pub fn document(document: Document) -> Result<Response, Problem> {
    let validators = validators(&ETag::of(&document));
    let body = json(&DocumentBody::from(document))?;
    Ok((validators, body).into_response())
}

/// The headers of an answer about one document, with or without a body: its tag, and `no-cache`, because the status
/// changes.
#[must_use]
pub fn validators(etag: &ETag) -> [(axum::http::HeaderName, HeaderValue); 2] {
    [
        (ETAG, etag.header_value()),
        (CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ]
}
