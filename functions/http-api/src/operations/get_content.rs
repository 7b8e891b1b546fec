//! `GET /documents/{id}/content`: returns the bytes of a document. lambda_http sends them as base64, since its media type
//! is not text, and API Gateway sends them as they were.

use axum::{
    extract::{Path, State},
    http::header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    response::IntoResponse,
};
use axum_extra::extract::WithRejection;

use super::{PathId, SharedApi};
use crate::problem::Problem;

/// Returns the content of a document.
#[utoipa::path(
    get,
    path = "/documents/{id}/content",
    operation_id = "getContent",
    tag = "documents",
    params(("id" = String, Path, format = "uuid", description = "Id of the document.")),
    responses(
        (status = 200, description = "The content", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get_content(
    State(api): SharedApi,
    WithRejection(Path(id), _): PathId,
) -> Result<impl IntoResponse, Problem> {
    let found = api.store.get_with_content(id).await?;
    let (_, content) = found.ok_or_else(Problem::document_not_found)?;
    // Somebody else's bytes: no browser shall take them for a page.
    let headers = [
        (CONTENT_TYPE, "application/octet-stream"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, content))
}
