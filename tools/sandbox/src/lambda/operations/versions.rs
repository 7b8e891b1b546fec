//! PublishVersion, ListVersionsByFunction.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Query, json, page, parse};
use crate::lambda::{Lambda, names::FunctionRef};

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
    let FunctionRef { name, .. } = FunctionRef::parse(&name, None)?;
    let mut account = lambda.write();
    let function = account.function_mut(&name, &query.region)?;
    let version = function.publish(
        request.code_sha256.as_deref(),
        request.revision_id.as_deref(),
        request
            .description
            .filter(|description| !description.is_empty()),
    )?;
    Ok(json(StatusCode::CREATED, &version.to_json(true)))
}

/// `GET /functions/{name}/versions`
pub(super) async fn list(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let FunctionRef { name, .. } = FunctionRef::parse(&name, None)?;
    let account = lambda.read();
    let (versions, marker) = page(
        account.function(&name, &query.region)?.versions_json(),
        &query,
        50,
    )?;
    Ok(json(
        StatusCode::OK,
        &json!({"Versions": versions, "NextMarker": marker}),
    ))
}
