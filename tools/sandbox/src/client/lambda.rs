//! Questions to Lambda to which "there is none" is an answer.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use aws_sdk_lambda::{
    Client,
    error::SdkError,
    operation::{
        delete_function::DeleteFunctionError,
        get_alias::GetAliasError,
        get_function_configuration::{
            GetFunctionConfigurationError, GetFunctionConfigurationOutput,
        },
    },
    types::{AliasRoutingConfiguration, FunctionConfiguration},
};

use crate::LIVE;

/// All functions.
///
/// # Errors
/// When the sandbox cannot be asked.
pub async fn functions(client: &Client) -> Result<Vec<FunctionConfiguration>> {
    let pages = client.list_functions().into_paginator().items().send();
    Ok(pages.collect::<Result<Vec<_>, _>>().await?)
}

/// The settings of a function, if it exists; without a qualifier those of `$LATEST`.
///
/// # Errors
/// When the sandbox cannot be asked.
pub async fn configuration(
    client: &Client,
    function: &str,
    qualifier: Option<&str>,
) -> Result<Option<GetFunctionConfigurationOutput>> {
    let asked = client.get_function_configuration().function_name(function);
    let asked = asked.set_qualifier(qualifier.map(str::to_owned)).send();
    let missing = GetFunctionConfigurationError::is_resource_not_found_exception;
    if_there(asked.await, missing)
        .with_context(|| format!("cannot ask the sandbox about {function}"))
}

/// Says how to create a function that does not exist.
///
/// # Errors
/// When it does not, or the sandbox cannot be asked.
pub async fn must_exist(client: &Client, function: &str) -> Result<()> {
    let found = configuration(client, function, None).await?;
    found.map(drop).with_context(|| {
        format!("there is no function {function}: create it with `sandbox apply {function}`")
    })
}

/// Whether a function has this alias.
///
/// # Errors
/// When the sandbox cannot be asked.
pub async fn has_alias(client: &Client, function: &str, alias: &str) -> Result<bool> {
    let asked = client.get_alias().function_name(function).name(alias);
    let missing = GetAliasError::is_resource_not_found_exception;
    let found = if_there(asked.send().await, missing);
    let found =
        found.with_context(|| format!("cannot ask the sandbox about {function}:{alias}"))?;
    Ok(found.is_some())
}

/// What `live` points at where nothing was published.
const LATEST: &str = "$LATEST";

/// Makes a `live` that is what was put last.
///
/// # Errors
/// When the sandbox cannot be asked, or there is one.
pub async fn make_live_follow_latest(client: &Client, function: &str) -> Result<()> {
    let create = client.create_alias().function_name(function).name(LIVE);
    let created = create.function_version(LATEST).send().await;
    created.with_context(|| format!("cannot make {function}:{LIVE}"))?;
    Ok(())
}

/// Whether there is a `live` that is what was put last.
///
/// # Errors
/// When the sandbox cannot be asked.
pub async fn live_follows_latest(client: &Client, function: &str) -> Result<bool> {
    let live = configuration(client, function, Some(LIVE)).await?;
    Ok(live.is_some_and(|live| live.version() == Some(LATEST)))
}

/// Deletes `live` where it is what was put last: `rollout publish` makes one that stays at a version.
///
/// # Errors
/// When the sandbox cannot be asked.
pub async fn delete_live_that_follows_latest(client: &Client, function: &str) -> Result<()> {
    if live_follows_latest(client, function).await? {
        let delete = client.delete_alias().function_name(function).name(LIVE);
        let deleted = delete.send().await;
        deleted.with_context(|| format!("cannot delete {function}:{LIVE}"))?;
    }
    Ok(())
}

/// Makes an alias point at one version, all of it.
///
/// # Errors
/// When the sandbox cannot be asked, or there is no such version.
pub async fn point(client: &Client, function: &str, alias: &str, version: &str) -> Result<()> {
    let failed = || format!("cannot point {function}:{alias} at version {version}");
    if !has_alias(client, function, alias).await? {
        let create = client.create_alias().function_name(function).name(alias);
        let created = create.function_version(version).send().await;
        return created.map(drop).with_context(failed);
    }
    let all =
        AliasRoutingConfiguration::builder().set_additional_version_weights(Some(HashMap::new()));
    let update = client.update_alias().function_name(function).name(alias);
    let update = update.function_version(version).routing_config(all.build());
    update.send().await.map(drop).with_context(failed)
}

/// Deletes a function with its versions and aliases; says whether there was one.
///
/// # Errors
/// When the sandbox cannot be asked.
pub async fn delete(client: &Client, function: &str) -> Result<bool> {
    let delete = client.delete_function().function_name(function);
    let missing = DeleteFunctionError::is_resource_not_found_exception;
    let deleted = if_there(delete.send().await, missing);
    let deleted = deleted.with_context(|| format!("cannot delete {function}"))?;
    Ok(deleted.is_some())
}

/// What was asked for, or none where the service says that there is no such thing.
fn if_there<T, E, R>(
    result: Result<T, SdkError<E, R>>,
    is_missing: fn(&E) -> bool,
) -> Result<Option<T>, SdkError<E, R>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.as_service_error().is_some_and(is_missing) => Ok(None),
        Err(error) => Err(error),
    }
}
