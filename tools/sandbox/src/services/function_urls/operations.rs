//! CreateFunctionUrlConfig, GetFunctionUrlConfig, UpdateFunctionUrlConfig, ListFunctionUrlConfigs,
//! DeleteFunctionUrlConfig.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use chrono::Utc;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::FunctionUrls;
use crate::services::lambda::{
    error::{ErrorKind, LambdaError},
    model::{
        function::Function,
        functions::Functions,
        names::{self, FunctionRef},
        url::{AuthType, FunctionUrl, InvokeMode},
    },
    wire::{Answer, Query, json, page, parse},
};

/// `CreateFunctionUrlConfig` and `UpdateFunctionUrlConfig`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    auth_type: Option<String>,
    invoke_mode: Option<String>,
    cors: Option<Map<String, Value>>,
}

impl Change {
    /// Checked: who may call, and how the answer comes.
    fn checked(self) -> Result<(Option<AuthType>, Option<InvokeMode>), LambdaError> {
        if self.cors.is_some_and(|cors| !cors.is_empty()) {
            return Err(LambdaError::invalid(
                "The sandbox does not support Cors: leave it out.",
            ));
        }
        let auth_type = one_of(
            "authType",
            self.auth_type,
            &[AuthType::None, AuthType::AwsIam],
            AuthType::as_str,
        )?;
        let modes = [InvokeMode::ResponseStream, InvokeMode::Buffered];
        let invoke_mode = one_of("invokeMode", self.invoke_mode, &modes, InvokeMode::as_str)?;
        Ok((auth_type, invoke_mode))
    }
}

fn one_of<T: Copy>(
    field: &str,
    asked: Option<String>,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<Option<T>, LambdaError> {
    let Some(asked) = asked else { return Ok(None) };
    match all.iter().find(|one| name(**one) == asked) {
        Some(one) => Ok(Some(*one)),
        None => {
            let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
            let constraint = format!("Member must satisfy enum value set: [{}]", names.join(", "));
            Err(LambdaError::validation(field, asked, &constraint))
        }
    }
}

/// `POST /functions/{name}/url`
pub(super) async fn create(
    State(urls): State<FunctionUrls>,
    Path(name): Path<String>,
    query: Query,
    body: Bytes,
) -> Answer {
    let (auth_type, invoke_mode) = parse::<Change>(&body)?.checked()?;
    let auth_type = auth_type.ok_or_else(|| LambdaError::missing("authType"))?;
    let reference = reference(&name, &query)?;
    check_free(
        function(&urls.lambda.read(), &reference, &query)?,
        &reference,
    )?;
    let opened = urls.open(reference.clone(), query.region.clone()).await;
    let (url, open) =
        opened.map_err(|error| LambdaError::new(ErrorKind::Service, error.to_string()))?;
    let now = Utc::now();
    let url = FunctionUrl {
        url,
        auth_type,
        invoke_mode,
        created: now,
        modified: now,
        open,
    };
    let mut functions = urls.lambda.write();
    // Again: while the port was opened, somebody else may have been faster.
    check_free(function(&functions, &reference, &query)?, &reference)?;
    let mut answer = url.to_json(&arn(&reference, &query));
    answer
        .as_object_mut()
        .and_then(|answer| answer.remove("LastModifiedTime"));
    let function = functions.function_mut(&reference.name, &query.region)?;
    function.urls.insert(reference.qualifier, url);
    Ok(json(StatusCode::CREATED, &answer))
}

/// `GET /functions/{name}/url`
pub(super) async fn read(
    State(urls): State<FunctionUrls>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let reference = reference(&name, &query)?;
    let functions = urls.lambda.read();
    let function = functions.function(&reference.name, &query.region).ok();
    let url = function.and_then(|function| function.urls.get(&reference.qualifier));
    let url = url.ok_or_else(no_url)?;
    Ok(json(StatusCode::OK, &shown(url, &reference, &query)))
}

/// `PUT /functions/{name}/url`
pub(super) async fn update(
    State(urls): State<FunctionUrls>,
    Path(name): Path<String>,
    query: Query,
    body: Bytes,
) -> Answer {
    let (auth_type, invoke_mode) = parse::<Change>(&body)?.checked()?;
    let reference = reference(&name, &query)?;
    let mut functions = urls.lambda.write();
    function(&functions, &reference, &query)?;
    let function = functions.function_mut(&reference.name, &query.region)?;
    let url = function.urls.get_mut(&reference.qualifier);
    let url = url.ok_or_else(no_url)?;
    url.auth_type = auth_type.unwrap_or(url.auth_type);
    url.invoke_mode = invoke_mode.or(url.invoke_mode);
    url.modified = Utc::now();
    Ok(json(StatusCode::OK, &url.to_json(&arn(&reference, &query))))
}

/// `GET /functions/{name}/urls`
pub(super) async fn list(
    State(urls): State<FunctionUrls>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let FunctionRef { name, .. } = query.function(&name)?;
    let functions = urls.lambda.read();
    let function = functions.function(&name, &query.region);
    let all = function.map_err(|_| no_function())?.urls.iter();
    let all = all.map(|(qualifier, url)| {
        let reference = FunctionRef {
            name: name.clone(),
            qualifier: qualifier.clone(),
        };
        shown(url, &reference, &query)
    });
    let (all, marker) = page(all.collect(), &query, 50)?;
    let body = json!({"FunctionUrlConfigs": all, "NextMarker": marker});
    Ok(json(StatusCode::OK, &body))
}

/// `DELETE /functions/{name}/url`
pub(super) async fn remove(
    State(urls): State<FunctionUrls>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let reference = reference(&name, &query)?;
    let mut functions = urls.lambda.write();
    let function = functions.function_mut(&reference.name, &query.region);
    let function = function.map_err(|_| no_url())?;
    function
        .urls
        .remove(&reference.qualifier)
        .ok_or_else(no_url)?;
    Ok(json(StatusCode::NO_CONTENT, &Value::Null))
}

/// A function or an alias: versions have no URL.
fn reference(name: &str, query: &Query) -> Result<FunctionRef, LambdaError> {
    let reference = query.function(name)?;
    match reference.qualifier.as_deref() {
        Some(qualifier) if !names::is_alias_name(qualifier) => {
            let constraint =
                "Member must satisfy regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)";
            Err(LambdaError::validation("qualifier", qualifier, constraint))
        }
        _ => Ok(reference),
    }
}

fn function<'a>(
    functions: &'a Functions,
    reference: &FunctionRef,
    query: &Query,
) -> Result<&'a Function, LambdaError> {
    let function = functions.function(&reference.name, &query.region);
    let function = function.map_err(|_| no_function())?;
    match &reference.qualifier {
        Some(alias) if !function.aliases.contains_key(alias) => Err(no_function()),
        _ => Ok(function),
    }
}

fn check_free(function: &Function, reference: &FunctionRef) -> Result<(), LambdaError> {
    if function.urls.contains_key(&reference.qualifier) {
        let region = &function.latest.region;
        let arn = names::function_arn(region, &reference.name, reference.qualifier.as_deref());
        return Err(LambdaError::conflict(format!(
            "Failed to create function url config for [functionArn = {arn}]. \
             Error message:  FunctionUrlConfig exists for this Lambda function"
        )));
    }
    Ok(())
}

fn arn(reference: &FunctionRef, query: &Query) -> String {
    names::function_arn(
        &query.region,
        &reference.name,
        reference.qualifier.as_deref(),
    )
}

/// As it is read: there is always a mode then.
fn shown(url: &FunctionUrl, reference: &FunctionRef, query: &Query) -> Value {
    let mut json = url.to_json(&arn(reference, query));
    let mode = url.invoke_mode.unwrap_or(InvokeMode::Buffered);
    json["InvokeMode"] = json!(mode.as_str());
    json
}

fn no_function() -> LambdaError {
    LambdaError::not_found("Function does not exist")
}

fn no_url() -> LambdaError {
    LambdaError::not_found("The resource you requested does not exist.")
}
