//! PutProvisionedConcurrencyConfig, GetProvisionedConcurrencyConfig, ListProvisionedConcurrencyConfigs,
//! DeleteProvisionedConcurrencyConfig.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::services::lambda::{
    Lambda,
    error::LambdaError,
    model::{
        function::Function,
        names::{self, FunctionRef, alias_not_found, not_found},
    },
    wire::{Answer, Query, json, page, parse},
};

/// `PutProvisionedConcurrencyConfig`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutProvisioned {
    provisioned_concurrent_executions: u32,
}

/// `PUT /functions/{name}/provisioned-concurrency?Qualifier=…`
pub(super) async fn put(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
    body: Bytes,
) -> Answer {
    let asked = parse::<PutProvisioned>(&body)?.provisioned_concurrent_executions;
    if asked == 0 {
        let constraint = "Member must have value greater than or equal to 1";
        return Err(LambdaError::validation(
            "provisionedConcurrentExecutions",
            asked,
            constraint,
        ));
    }
    let (name, qualifier) = qualified(&name, &query)?;
    let mut functions = lambda.write();
    let unreserved = functions.unreserved();
    let function = functions.function_mut(&name, &query.region);
    let function = function.map_err(|_| unknown(&name, &qualifier, &query))?;
    let provisioned = function.provision(&qualifier, asked, unreserved)?;
    lambda.provision_later(function, qualifier);
    Ok(json(StatusCode::ACCEPTED, &provisioned.to_json()))
}

/// `GET /functions/{name}/provisioned-concurrency`: of one version or alias, or with `List=ALL` of all.
pub(super) async fn get(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    if query.get("List") == Some("ALL") {
        let FunctionRef { name, .. } = query.function(&name)?;
        return list(lambda.read().function(&name, &query.region)?, &query);
    }
    let (name, qualifier) = qualified(&name, &query)?;
    let functions = lambda.read();
    let function = functions.function(&name, &query.region);
    let function = function.map_err(|_| unknown(&name, &qualifier, &query))?;
    let provisioned = function.provisioned(&qualifier)?;
    Ok(json(StatusCode::OK, &provisioned.to_json()))
}

fn list(function: &Function, query: &Query) -> Answer {
    let (region, name) = (&function.latest.region, &function.latest.function);
    let configs = function.provisioned.iter().map(|(qualifier, provisioned)| {
        let mut config = provisioned.to_json();
        config["FunctionArn"] = json!(names::function_arn(region, name, Some(qualifier)));
        config
    });
    let (configs, marker) = page(configs.collect(), query, 50)?;
    let body = json!({"ProvisionedConcurrencyConfigs": configs, "NextMarker": marker});
    Ok(json(StatusCode::OK, &body))
}

/// `DELETE /functions/{name}/provisioned-concurrency?Qualifier=…`
pub(super) async fn remove(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let (name, qualifier) = qualified(&name, &query)?;
    let mut functions = lambda.write();
    let function = functions.function_mut(&name, &query.region);
    let function = function.map_err(|_| unknown(&name, &qualifier, &query))?;
    function.unprovision(&qualifier)?;
    Ok(json(StatusCode::NO_CONTENT, &Value::Null))
}

/// What AWS says of a version or an alias of a function that is not there.
fn unknown(name: &str, qualifier: &str, query: &Query) -> LambdaError {
    match names::is_alias_name(qualifier) {
        true => alias_not_found(&query.region, name, qualifier),
        false => not_found(&query.region, name, Some(qualifier)),
    }
}

fn qualified(name: &str, query: &Query) -> Result<(String, String), LambdaError> {
    let reference = query.function(name)?;
    let missing = || LambdaError::missing("qualifier");
    Ok((reference.name, reference.qualifier.ok_or_else(missing)?))
}
