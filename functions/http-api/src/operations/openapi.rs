//! `GET /openapi.json`: the description of this API (OpenAPI 3.1).
//!
//! [`DESCRIPTION`] is the committed file and is served as it is, which costs no time at a cold start. [`generate`]
//! makes it from the handlers and types; a test compares the two.

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
use crate::{
    accept::AcceptsJson,
    problem::{PROBLEM_JSON, ProblemDetails},
};

/// The committed description.
pub const DESCRIPTION: &str = include_str!("../../openapi.json");

/// Returns this description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getDescription",
    tag = "function",
    responses(
        (status = 200, description = "The description", body = Object, content_type = "application/json"),
        (status = 406, description = "The caller does not accept JSON", body = ProblemDetails, content_type = "application/problem+json"),
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
    info(description = "Stores documents, and verifies their content against a Merkle root."),
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
    // Contact and licence of the crate are not those of the API.
    if let Some(info) = description["info"].as_object_mut() {
        info.retain(|member, _| ["title", "description", "version"].contains(&member.as_str()));
    }
    // Exactly one of the two, which the fields alone cannot express.
    description["components"]["schemas"]["NewDocument"]["oneOf"] =
        json!([{"required": ["content"]}, {"required": ["content_base64"]}]);
    description["components"]["headers"] = json!({
        "RequestId": header("Lambda's id of the request.", "^.+$"),
        "RetryAfter": header("Seconds to wait.", "^[0-9]+$"),
    });
    for (path, operations) in members(&mut description["paths"]) {
        for (_, operation) in members(operations) {
            add_common_responses(&mut operation["responses"], path.starts_with("/documents"));
        }
        add_head(operations);
    }
    Ok(description)
}

/// The answers that every operation may give, and the header that every answer has.
fn add_common_responses(responses: &mut Value, uses_aws: bool) {
    let problem = |description: &str| {
        json!({
            "description": description,
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        })
    };
    responses["500"] = problem("An error of the function");
    if uses_aws {
        responses["503"] = problem("Not possible at the moment: send the request again");
        responses["503"]["headers"]["Retry-After"] =
            json!({"$ref": "#/components/headers/RetryAfter"});
    }
    for (_, response) in members(responses) {
        // Headers that an operation names itself are always there, but for this one.
        for (name, header) in members(&mut response["headers"]) {
            if header.get("$ref").is_none() && name != "Idempotent-Replayed" {
                header["required"] = Value::Bool(true);
            }
        }
        response["headers"]["X-Request-Id"] = json!({"$ref": "#/components/headers/RequestId"});
    }
}

/// Adds `HEAD`: `GET` without the bodies.
fn add_head(operations: &mut Value) {
    let Some(mut head) = operations.get("get").cloned() else {
        return;
    };
    let id = head["operationId"].as_str().unwrap_or_default();
    head["operationId"] = Value::String(format!("{id}Head"));
    for (_, response) in members(&mut head["responses"]) {
        if let Some(response) = response.as_object_mut() {
            response.remove("content");
            // They would point into the body.
            response.remove("links");
        }
    }
    operations["head"] = head;
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

    /// `UPDATE_OPENAPI=1 cargo test -p http-api openapi` writes the file.
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
