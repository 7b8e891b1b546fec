//! CreateAlias, GetAlias, UpdateAlias, ListAliases, DeleteAlias.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::services::lambda::{
    Lambda,
    model::{
        alias::RoutingConfig,
        function::AliasChange,
        names::{FunctionRef, not_found},
    },
    wire::{Answer, Query, json, page, parse},
};

/// `CreateAlias`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateAlias {
    name: String,
    function_version: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    routing_config: Option<RoutingConfig>,
}

/// `UpdateAlias`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateAlias {
    #[serde(default)]
    function_version: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    routing_config: Option<RoutingConfig>,
    #[serde(default)]
    revision_id: Option<String>,
}

/// `POST /functions/{name}/aliases`
pub(super) async fn create(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
    body: Bytes,
) -> Answer {
    let request: CreateAlias = parse(&body)?;
    let FunctionRef { name, .. } = query.function(&name)?;
    let mut functions = lambda.write();
    let function = functions.function_mut(&name, &query.region);
    let version = Some(request.function_version.as_str());
    let function = function.map_err(|_| not_found(&query.region, &name, version))?;
    let region = function.latest.region.clone();
    let change = AliasChange {
        version: Some(request.function_version),
        description: request.description,
        routing: request.routing_config,
    };
    let alias = function.create_alias(&request.name, change)?;
    Ok(json(StatusCode::CREATED, &alias.to_json(&region, &name)))
}

/// `GET /functions/{name}/aliases/{alias}`
pub(super) async fn get(
    State(lambda): State<Lambda>,
    Path((name, alias)): Path<(String, String)>,
    query: Query,
) -> Answer {
    let FunctionRef { name, .. } = query.function(&name)?;
    let functions = lambda.read();
    let function = functions.function(&name, &query.region)?;
    Ok(json(
        StatusCode::OK,
        &function
            .alias(&alias)?
            .to_json(&function.latest.region, &name),
    ))
}

/// `PUT /functions/{name}/aliases/{alias}`
pub(super) async fn update(
    State(lambda): State<Lambda>,
    Path((name, alias)): Path<(String, String)>,
    query: Query,
    body: Bytes,
) -> Answer {
    let request: UpdateAlias = parse(&body)?;
    let FunctionRef { name, .. } = query.function(&name)?;
    let mut functions = lambda.write();
    let function = functions.function_mut(&name, &query.region)?;
    let change = AliasChange {
        version: request.function_version,
        description: request.description,
        routing: request.routing_config,
    };
    let alias = function.update_alias(&alias, request.revision_id.as_deref(), change)?;
    Ok(json(
        StatusCode::OK,
        &alias.to_json(&function.latest.region, &name),
    ))
}

/// `GET /functions/{name}/aliases`
pub(super) async fn list(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let FunctionRef { name, .. } = query.function(&name)?;
    let functions = lambda.read();
    let function = functions.function(&name, &query.region)?;
    let wanted = query.get("FunctionVersion");
    let aliases = function
        .aliases
        .values()
        .filter(|alias| wanted.is_none_or(|version| alias.version.to_string() == version))
        .map(|alias| alias.to_json(&function.latest.region, &name))
        .collect();
    let (aliases, marker) = page(aliases, &query, 50)?;
    Ok(json(
        StatusCode::OK,
        &json!({"Aliases": aliases, "NextMarker": marker}),
    ))
}

/// `DELETE /functions/{name}/aliases/{alias}`; one that is not there is no error.
pub(super) async fn remove(
    State(lambda): State<Lambda>,
    Path((name, alias)): Path<(String, String)>,
    query: Query,
) -> Answer {
    let FunctionRef { name, .. } = query.function(&name)?;
    let mut functions = lambda.write();
    let function = functions.function_mut(&name, &query.region)?;
    function.delete_alias(&alias);
    Ok(json(StatusCode::NO_CONTENT, &Value::Null))
}
