//! `GET /documents/{id}`: returns a document without its content.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};

use super::{PathId, Queue, SharedApi, Store, store_failed};
use crate::{
    accept::AcceptsJson,
    etag::ETag,
    problem::{Problem, ProblemDetails},
    representation::{self, DocumentBody},
};

/// Returns a document without its content.
#[utoipa::path(
    get,
    path = "/documents/{id}",
    operation_id = "getDocument",
    tag = "documents",
    params(
        ("id" = String, Path, format = "uuid", description = "Id of the document."),
        ("If-None-Match" = Option<String>, Header, nullable = false,
            description = "ETags that the caller has; `*` for any."),
    ),
    responses(
        (status = 200, description = "The document", body = DocumentBody, content_type = "application/json",
            headers(("ETag" = String, description = "Of the document."))),
        (status = 304, description = "The caller has the current document",
            headers(("ETag" = String, description = "Of the document."))),
        (status = 404, description = "There is no such document", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 406, description = "The caller does not accept JSON", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub async fn get_document<S: Store, Q: Queue>(
    State(api): SharedApi<S, Q>,
    PathId(id): PathId,
    _: AcceptsJson,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let document = api.store.get(id).await.map_err(store_failed)?;
    let document = document.ok_or(Problem::DocumentNotFound)?;
    let etag = ETag::of(&document);
    if etag.is_known_to_caller(&headers) {
        let validators = representation::validators(&etag);
        return Ok((StatusCode::NOT_MODIFIED, validators).into_response());
    }
    representation::document(document)
}
