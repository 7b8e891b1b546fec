//! The operations of the API: one file each, with its handler and its part of the OpenAPI description.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::header::CACHE_CONTROL,
    response::IntoResponse,
};
use axum_extra::{TypedHeader, extract::WithRejection, headers::ETag};
use notary::document::Document;
use uuid::Uuid;

use crate::{problem::Problem, router::Api};

pub mod create_document;
pub mod delete_document;
pub mod get_content;
pub mod get_document;
pub mod health;
pub mod list_documents;
pub mod openapi;

/// What handlers share, as they extract it.
type SharedApi = State<Arc<Api>>;

/// The id of a document in the path.
type PathId = WithRejection<Path<Uuid>, Problem>;

/// The entity tag of a document: its id and its revision, which changes with every change.
fn etag(document: &Document) -> Result<ETag, Problem> {
    let tag = format!("\"{}.{}\"", document.id, document.revision);
    tag.parse().map_err(|_| Problem::internal())
}

/// A document as an answer. A caller may keep it, and must ask again, because its status changes.
fn answer(document: Document) -> Result<impl IntoResponse, Problem> {
    let etag = TypedHeader(etag(&document)?);
    Ok((etag, [(CACHE_CONTROL, "private, no-cache")], Json(document)))
}
