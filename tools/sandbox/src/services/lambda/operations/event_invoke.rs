//! PutFunctionEventInvokeConfig, UpdateFunctionEventInvokeConfig, GetFunctionEventInvokeConfig,
//! ListFunctionEventInvokeConfigs, DeleteFunctionEventInvokeConfig.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Value, json};

use crate::services::lambda::{
    Lambda,
    error::LambdaError,
    model::{
        destinations::EventInvokeChange,
        event_invoke::EventInvokeSettings,
        functions::Functions,
        names::{self, FunctionRef},
    },
    wire::{Answer, Query, json, page, parse},
};

/// `PUT /functions/{name}/event-invoke-config`: sets everything, and takes away what it does not name.
pub(super) async fn put(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
    body: Bytes,
) -> Answer {
    change(&lambda, &name, &query, &body, true)
}

/// `POST /functions/{name}/event-invoke-config`: sets what it names.
pub(super) async fn update(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
    body: Bytes,
) -> Answer {
    change(&lambda, &name, &query, &body, false)
}

fn change(lambda: &Lambda, name: &str, query: &Query, body: &Bytes, replace: bool) -> Answer {
    let request: EventInvokeChange = parse(body)?;
    let (name, qualifier) = reference(name, query)?;
    request.check_not_empty()?;
    let mut functions = lambda.write();
    check_there(&functions, &name, &qualifier, query)?;
    let before = match replace {
        true => None,
        false => Some(settings(&functions, &name, &qualifier, query)?),
    };
    let settings = request.apply(before, &name, &functions, &query.region)?;
    let answer = settings.to_json(&query.region, &name, &qualifier);
    let function = functions.function_mut(&name, &query.region)?;
    function.event_invoke.insert(qualifier, settings);
    Ok(json(StatusCode::OK, &answer))
}

/// `GET /functions/{name}/event-invoke-config`
pub(super) async fn get(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let (name, qualifier) = reference(&name, &query)?;
    let functions = lambda.read();
    let found = settings(&functions, &name, &qualifier, &query)?;
    let body = found.to_json(&query.region, &name, &qualifier);
    Ok(json(StatusCode::OK, &body))
}

/// `GET /functions/{name}/event-invoke-config/list`
pub(super) async fn list(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let FunctionRef { name, .. } = query.function(&name)?;
    let functions = lambda.read();
    let function = functions.function(&name, &query.region);
    let all = &function.map_err(|_| no_function())?.event_invoke;
    let all = all
        .iter()
        .map(|(qualifier, settings)| settings.to_json(&query.region, &name, qualifier));
    let (all, marker) = page(all.collect(), &query, 50)?;
    let body = json!({"FunctionEventInvokeConfigs": all, "NextMarker": marker});
    Ok(json(StatusCode::OK, &body))
}

/// `DELETE /functions/{name}/event-invoke-config`
pub(super) async fn remove(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let (name, qualifier) = reference(&name, &query)?;
    let mut functions = lambda.write();
    settings(&functions, &name, &qualifier, &query)?;
    let function = functions.function_mut(&name, &query.region)?;
    function.event_invoke.remove(&qualifier);
    Ok(json(StatusCode::NO_CONTENT, &Value::Null))
}

fn reference(name: &str, query: &Query) -> Result<(String, String), LambdaError> {
    let FunctionRef { name, qualifier } = query.function(name)?;
    Ok((name, qualifier.unwrap_or_else(|| "$LATEST".to_owned())))
}

fn settings<'a>(
    functions: &'a Functions,
    name: &str,
    qualifier: &str,
    query: &Query,
) -> Result<&'a EventInvokeSettings, LambdaError> {
    let function = functions.function(name, &query.region).ok();
    let found = function.and_then(|function| function.event_invoke.get(qualifier));
    found.ok_or_else(|| {
        let arn = names::function_arn(&query.region, name, Some(qualifier));
        LambdaError::not_found(format!(
            "The function {arn} doesn't have an EventInvokeConfig"
        ))
    })
}

fn check_there(
    functions: &Functions,
    name: &str,
    qualifier: &str,
    query: &Query,
) -> Result<(), LambdaError> {
    let function = functions.function(name, &query.region);
    let there = function.and_then(|function| function.check_qualifier(qualifier));
    there.map_err(|_| no_function())
}

fn no_function() -> LambdaError {
    LambdaError::not_found("The function doesn't exist.")
}
