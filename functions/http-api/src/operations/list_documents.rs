//! `GET /documents`: documents page by page, newest first.

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use axum_extra::extract::WithRejection;
use notary::document::Document;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::SharedApi;
use crate::problem::Problem;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many documents the page has at most.
    #[serde(default = "twenty")]
    #[param(minimum = 1, maximum = 100)]
    limit: u32,
    /// `next_cursor` of the previous page.
    // The id of its last document. A made-up one shows another page of the same list.
    #[param(value_type = Option<String>, nullable = false)]
    cursor: Option<Uuid>,
}

const fn twenty() -> u32 {
    20
}

/// A page of documents.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentPage {
    /// Newest first.
    #[schema(max_items = 100)]
    documents: Vec<Document>,
    /// The `cursor` of the next page; null on the last one.
    #[schema(required)]
    next_cursor: Option<Uuid>,
}

/// Lists documents, newest first.
#[utoipa::path(
    get,
    path = "/documents",
    operation_id = "listDocuments",
    tag = "documents",
    params(PageQuery),
    responses(
        (status = 200, description = "A page", body = DocumentPage, content_type = "application/json",
            links(("next" = (operation_id = "listDocuments", parameters(("cursor" = "$response.body#/next_cursor")))))),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list_documents(
    State(api): SharedApi,
    WithRejection(Query(query), _): WithRejection<Query<PageQuery>, Problem>,
) -> Result<Json<DocumentPage>, Problem> {
    if !(1..=100).contains(&query.limit) {
        let detail = "limit: a number from 1 to 100";
        let status = StatusCode::BAD_REQUEST;
        return Err(Problem::new(status, "invalid-parameter", detail));
    }
    let page = api.store.list(query.limit, query.cursor).await?;
    Ok(Json(DocumentPage {
        documents: page.documents,
        next_cursor: page.next,
    }))
}
