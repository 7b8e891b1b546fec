//! `GET /openapi.json`: the description of this API (OpenAPI 3.1).
//!
//! [`DESCRIPTION`] is the committed file and is served as it is: making it costs no cold start. It
//! is generated from the handlers and types by [`generate`]; a test compares the two.

use axum::response::Response;
use axum::{
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::IntoResponse as _,
};
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::{create_document, delete_document, get_document, health, list_documents};
use crate::accept::AcceptsJson;

/// The committed description.
pub const DESCRIPTION: &str = include_str!("../../openapi.json");

/// Gives this description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getDescription",
    responses(
        (status = 200, description = "The description", body = Object, content_type = "application/json"),
        (status = 406, description = "The caller does not accept JSON", body = crate::problem::ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub async fn openapi(_: AcceptsJson) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=300"),
        ),
    ];
    (headers, DESCRIPTION).into_response()
}

#[derive(OpenApi)]
#[openapi(
    info(description = "A notary for documents: takes them in, keeps them, verifies them."),
    paths(
        create_document::create_document,
        get_document::get_document,
        list_documents::list_documents,
        delete_document::delete_document,
        health::health,
        openapi,
    )
)]
struct Description;

/// Makes the description from the code.
///
/// # Errors
/// When it has no JSON form.
pub fn generate() -> Result<Value, serde_json::Error> {
    let mut description = serde_json::to_value(Description::openapi())?;
    // The crate's authors and licence are not the API's.
    if let Some(info) = description["info"].as_object_mut() {
        info.retain(|member, _| ["title", "description", "version"].contains(&member.as_str()));
    }
    // One of them, and not both: what no single field can say.
    description["components"]["schemas"]["NewDocument"]["oneOf"] =
        json!([{"required": ["content"]}, {"required": ["content_base64"]}]);
    for (path, operations) in members(&mut description["paths"]) {
        for (_, operation) in members(operations) {
            add_common_responses(&mut operation["responses"], path.starts_with("/documents"));
        }
    }
    Ok(description)
}

/// What every operation may answer, and the header that every answer has.
fn add_common_responses(responses: &mut Value, uses_aws: bool) {
    let problem = |description: &str| {
        json!({
            "description": description,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        })
    };
    responses["500"] = problem("A fault of the function");
    if uses_aws {
        responses["503"] = problem(
            "The store or the queue cannot be reached at the moment: send the request again",
        );
        responses["503"]["headers"]["Retry-After"] = header("Seconds to wait.", "^[0-9]+$");
    }
    for (_, response) in members(responses) {
        response["headers"]["X-Request-Id"] = header("Lambda's id of the request.", "^.+$");
    }
}

fn header(description: &str, pattern: &str) -> Value {
    json!({
        "description": description,
        "required": true,
        "schema": {"type": "string", "pattern": pattern},
    })
}

fn members(object: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    object
        .as_object_mut()
        .into_iter()
        .flat_map(|map| map.iter_mut())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_OPENAPI=1 cargo test -p http-api openapi` writes the file anew.
    #[test]
    fn the_committed_description_is_the_one_that_the_code_gives() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let generated = serde_json::to_string_pretty(&generate().unwrap()).unwrap() + "\n";
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
