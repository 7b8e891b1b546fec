//! `DELETE /documents/{id}`: deletes a document and its content.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header::IF_MATCH},
};
use shared::{document::DocumentId, document_store::Deletion};

use super::{Api, PathId, Queue, SharedApi, Store, store_failed};
use crate::{
    etag::ETag,
    problem::{Problem, ProblemDetails},
};

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
        (status = 404, description = "There is no such document", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 412, description = "The document has another ETag", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub async fn delete_document<S: Store, Q: Queue>(
    State(api): SharedApi<S, Q>,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let revision = expected_revision(&api, id, &headers).await?;
    let deletion = api.store.delete(id, revision).await;
    match deletion.map_err(store_failed)? {
        Deletion::Deleted => Ok(StatusCode::NO_CONTENT),
        Deletion::Missing => Err(Problem::DocumentNotFound),
        Deletion::RevisionMismatch => Err(Problem::PreconditionFailed),
    }
}

/// The revision that `If-Match` allows to delete; `None` without a condition. The store checks it again, for a
/// change in between.
async fn expected_revision<S: Store, Q: Queue>(
    api: &Api<S, Q>,
    id: DocumentId,
    headers: &HeaderMap,
) -> Result<Option<u64>, Problem> {
    if !headers.contains_key(IF_MATCH) {
        return Ok(None);
    }
    let document = api.store.get(id).await.map_err(store_failed)?;
    // A missing document is reported before the condition (RFC 9110, section 13.2.1).
    let document = document.ok_or(Problem::DocumentNotFound)?;
    if ETag::of(&document).fulfils_if_match(headers) {
        Ok(Some(document.revision))
    } else {
        Err(Problem::PreconditionFailed)
    }
}
