//! `GET /documents/{id}`: returns a document without its content.

use axum::{
    extract::{Path, State},
    http::{StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse as _, Response},
};
use axum_extra::{TypedHeader, extract::WithRejection, headers::IfNoneMatch};
use notary::document::Document;

use super::{PathId, SharedApi, answer, etag};
use crate::problem::Problem;

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
        (status = 200, description = "The document", body = Document, content_type = "application/json",
            headers(("ETag" = String, description = "Of the document."))),
        (status = 304, description = "The caller has the current document",
            headers(("ETag" = String, description = "Of the document."))),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get_document(
    State(api): SharedApi,
    WithRejection(Path(id), _): PathId,
    WithRejection(known, _): WithRejection<Option<TypedHeader<IfNoneMatch>>, Problem>,
) -> Result<Response, Problem> {
    let document = api.store.get(id).await?;
    let document = document.ok_or_else(Problem::document_not_found)?;
    let etag = etag(&document)?;
    if known.is_some_and(|TypedHeader(known)| !known.precondition_passes(&etag)) {
        let headers = (TypedHeader(etag), [(CACHE_CONTROL, "private, no-cache")]);
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok(answer(document)?.into_response())
}
