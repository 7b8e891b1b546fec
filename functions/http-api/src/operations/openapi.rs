//! `GET /openapi.json`: the description of this API (OpenAPI 3.1).
//!
//! [`DESCRIPTION`] is the committed file and is served as it is, which costs no time at a cold start. A test makes it
//! from the handlers and types, and compares the two. `HEAD`, which is answered wherever `GET` is, is not described.

use axum::{http::header::CONTENT_TYPE, response::IntoResponse};
use utoipa::OpenApi;

use crate::problem::Problem;

/// The committed description.
pub const DESCRIPTION: &str = include_str!("../../openapi.json");

/// What the description is made of.
#[derive(OpenApi)]
#[openapi(
    info(description = "Stores documents, and verifies their content against a Merkle root."),
    paths(
        super::create_document::create_document,
        super::get_document::get_document,
        super::get_content::get_content,
        super::list_documents::list_documents,
        super::delete_document::delete_document,
        super::health::health,
        openapi,
    )
)]
pub struct Description;

/// Returns this description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getDescription",
    tag = "function",
    responses(
        (status = 200, description = "The description", body = Object, content_type = "application/json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DESCRIPTION)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_OPENAPI=1 cargo test -p http-api openapi` writes the file.
    #[test]
    fn the_committed_description_is_the_one_that_the_code_gives() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let generated = Description::openapi().to_pretty_json().unwrap() + "\n";
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(path, &generated).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(
            committed == generated,
            "functions/http-api/openapi.json is not what the code gives; after a look at the \
             difference: UPDATE_OPENAPI=1 cargo test -p http-api openapi"
        );
    }
}
