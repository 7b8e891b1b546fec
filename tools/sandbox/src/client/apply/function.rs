//! The function itself: code and settings.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result};
use aws_sdk_lambda::{
    Client,
    client::Waiters as _,
    operation::get_function_configuration::{
        GetFunctionConfigurationError, GetFunctionConfigurationOutput,
    },
    primitives::Blob,
    types::{self, FunctionCode, Runtime},
};
use package::{Architecture, FunctionManifest};

use crate::client::{if_there, settings::Settings};

/// How long a function may take to become active.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The half that a new function is created with. `rollout publish` puts both halves in turn.
const FIRST_HALF: Architecture = Architecture::X86_64;

/// Creates the function or updates its settings; says what it did. Code, versions and aliases of a
/// function that exists are not its business.
///
/// # Errors
/// When the build lacks the half, or the sandbox cannot be reached or refuses.
pub(super) async fn apply(
    client: &Client,
    dist: &Path,
    manifest: &FunctionManifest,
    wanted: &Settings,
) -> Result<String> {
    match current(client, &manifest.name).await? {
        None => create(client, dist, manifest, wanted).await,
        Some(configuration) => update(client, &manifest.name, &configuration, wanted).await,
    }
}

/// The zip of one half.
///
/// # Errors
/// When the build has none, or it cannot be read.
pub async fn code(
    dist: &Path,
    manifest: &FunctionManifest,
    architecture: Architecture,
) -> Result<Blob> {
    let name = &manifest.name;
    let artifact = manifest.artifacts.get(&architecture);
    let artifact =
        artifact.with_context(|| format!("{name} has no artifact for {architecture}"))?;
    let path = dist.join(name).join(&artifact.zip);
    let code = tokio::fs::read(&path).await.with_context(|| {
        format!(
            "cannot read {}: build the function again (scripts/build.sh {name})",
            path.display()
        )
    })?;
    Ok(Blob::new(code))
}

/// The function's settings, if it exists.
async fn current(
    client: &Client,
    function: &str,
) -> Result<Option<GetFunctionConfigurationOutput>> {
    let asked = client.get_function_configuration().function_name(function);
    let missing = GetFunctionConfigurationError::is_resource_not_found_exception;
    if_there(asked.send().await, missing)
        .with_context(|| format!("cannot ask the sandbox about {function}"))
}

async fn create(
    client: &Client,
    dist: &Path,
    manifest: &FunctionManifest,
    wanted: &Settings,
) -> Result<String> {
    let name = &manifest.name;
    let code = code(dist, manifest, FIRST_HALF).await?;
    let created = client
        .create_function()
        .function_name(name)
        .code(FunctionCode::builder().zip_file(code).build())
        .architectures(types::Architecture::from(FIRST_HALF.as_str()))
        .description(&wanted.description)
        .runtime(Runtime::from(wanted.runtime.as_str()))
        .handler(&wanted.handler)
        .role(&wanted.role)
        .memory_size(wanted.memory_mib)
        .timeout(wanted.timeout_s)
        .ephemeral_storage(wanted.ephemeral_storage()?)
        .environment(wanted.environment())
        .send()
        .await;
    created.with_context(|| format!("cannot create {name}"))?;
    let active = client.wait_until_function_active_v2().function_name(name);
    let active = active.wait(READY_WITHIN).await;
    active.with_context(|| format!("{name} does not become active"))?;
    Ok(format!("created with the {FIRST_HALF} half"))
}

async fn update(
    client: &Client,
    function: &str,
    current: &GetFunctionConfigurationOutput,
    wanted: &Settings,
) -> Result<String> {
    let changes = Settings::current(current).changes(wanted);
    if changes.is_empty() {
        return Ok("unchanged".to_owned());
    }
    let updated = client
        .update_function_configuration()
        .function_name(function)
        .set_revision_id(current.revision_id().map(str::to_owned))
        .description(&wanted.description)
        .runtime(Runtime::from(wanted.runtime.as_str()))
        .handler(&wanted.handler)
        .role(&wanted.role)
        .memory_size(wanted.memory_mib)
        .timeout(wanted.timeout_s)
        .ephemeral_storage(wanted.ephemeral_storage()?)
        .environment(wanted.environment())
        .send()
        .await;
    updated.with_context(|| format!("cannot update {function}"))?;
    let done = client
        .wait_until_function_updated_v2()
        .function_name(function)
        .wait(READY_WITHIN)
        .await;
    done.with_context(|| format!("the update of {function} does not come to an end"))?;
    Ok(format!("updated ({})", changes.join(", ")))
}
