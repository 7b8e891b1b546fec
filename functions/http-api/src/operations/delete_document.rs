//! `DELETE /documents/{id}`: deletes a document and its content, on request only as the caller knows it.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use axum_extra::{
    extract::WithRejection,
    headers::{HeaderMapExt as _, IfMatch},
};
use notary::store::Deletion;

use super::{PathId, SharedApi, etag};
use crate::problem::Problem;

/// Deletes a document and its content.
#[utoipa::path(
    delete,
    path = "/documents/{id}",
    operation_id = "deleteDocument",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", description = "Id of the document."),
        ("If-Match" = Option<String>, Header, nullable = false,
            description = "Delete it only if its ETag is one of these."),
    ),
    responses(
        (status = 204, description = "Removed"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete_document(
    State(api): SharedApi,
    WithRejection(Path(id), _): PathId,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let mut revision = None;
    // Not as an extractor: that takes a header that is missing for one without tags, which nothing fulfils.
    let condition = headers.typed_try_get::<IfMatch>();
    let malformed = "If-Match: malformed";
    let invalid = |_| Problem::new(StatusCode::BAD_REQUEST, "invalid-header", malformed);
    if let Some(condition) = condition.map_err(invalid)? {
        // A missing document is reported before the condition (RFC 9110, section 13.2.1).
        let document = api.store.get(id).await?;
        let document = document.ok_or_else(Problem::document_not_found)?;
        if !condition.precondition_passes(&etag(&document)?) {
            return Err(changed());
        }
        // The store checks it again, for a change in between.
        revision = Some(document.revision);
    }
    match api.store.delete(id, revision).await? {
        Deletion::Deleted => Ok(StatusCode::NO_CONTENT),
        Deletion::Missing => Err(Problem::document_not_found()),
        Deletion::RevisionMismatch => Err(changed()),
    }
}

fn changed() -> Problem {
    let detail = "the document's ETag is not among those of the If-Match header";
    let status = StatusCode::PRECONDITION_FAILED;
    Problem::new(status, "precondition-failed", detail)
}
