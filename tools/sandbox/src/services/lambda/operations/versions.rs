//! PublishVersion, ListVersionsByFunction.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::json;

use crate::services::lambda::{
    Lambda,
    model::names::FunctionRef,
    wire::{Answer, Query, configuration, json, listed, page, parse},
};

/// `PublishVersion`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PublishVersion {
    #[serde(default)]
    code_sha256: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    revision_id: Option<String>,
}

/// `POST /functions/{name}/versions`
pub(super) async fn publish(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
    body: Bytes,
) -> Answer {
    let request: PublishVersion = parse(&body)?;
    let FunctionRef { name, .. } = query.function(&name)?;
    let mut functions = lambda.write();
    let function = functions.function_mut(&name, &query.region)?;
    let version = function.publish(
        request.code_sha256.as_deref(),
        request.revision_id.as_deref(),
        request
            .description
            .filter(|description| !description.is_empty()),
    )?;
    let number = version.number.to_string();
    Ok(json(
        StatusCode::CREATED,
        &configuration(&version, Some(&number), function.state(&version)),
    ))
}

/// `GET /functions/{name}/versions`
pub(super) async fn list(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let FunctionRef { name, .. } = query.function(&name)?;
    let functions = lambda.read();
    let versions = functions.function(&name, &query.region)?.versions();
    let versions = versions.map(|version| listed(version, Some(&version.number.to_string())));
    let (versions, marker) = page(versions.collect(), &query, 50)?;
    Ok(json(
        StatusCode::OK,
        &json!({"Versions": versions, "NextMarker": marker}),
    ))
}
