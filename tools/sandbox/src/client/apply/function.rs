//! The function itself: code and settings.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use aws_sdk_lambda::{
    Client,
    client::Waiters as _,
    operation::get_function_configuration::GetFunctionConfigurationOutput,
    primitives::Blob,
    types::{self, FunctionCode, Runtime},
};
use package::{Architecture, FunctionManifest};

use crate::{
    LIVE,
    client::{
        lambda,
        settings::{Settings, Variables},
    },
    execution::emulation::HOST,
};

/// How long a function may take to become active.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The build that a new function is created with, where there are both. `rollout publish` puts both in turn.
const FIRST_BUILD: Architecture = Architecture::X86_64;

/// Sets what `CreateFunction` and `UpdateFunctionConfiguration` have in common: the methods of their builders have the
/// same names, and no trait.
macro_rules! with_settings {
    ($request:expr, $wanted:expr, $current:expr) => {
        $request
            .description(&$wanted.description)
            .runtime(Runtime::from($wanted.runtime.as_str()))
            .handler(&$wanted.handler)
            .role(&$wanted.role)
            .memory_size($wanted.memory_mib)
            .timeout($wanted.timeout_s)
            .ephemeral_storage($wanted.ephemeral_storage()?)
            .set_environment($wanted.environment($current))
            .logging_config($wanted.logging())
            .tracing_config($wanted.tracing())
    };
}

/// Creates the function or updates its settings and its reserved concurrency; says what it did. Code, versions and
/// aliases of a function that exists are left alone.
///
/// # Errors
/// When there is no build for the architecture, or the sandbox cannot be reached or refuses.
pub(super) async fn apply(
    client: &Client,
    dist: &Path,
    manifest: &FunctionManifest,
    wanted: &Settings,
    variables: &Variables,
) -> Result<String> {
    let name = &manifest.name;
    let done = match lambda::configuration(client, name, None).await? {
        None => create(client, dist, manifest, wanted).await?,
        Some(configuration) => update(client, name, &configuration, wanted).await?,
    };
    let reserved = reserve(client, name, variables.reserved_concurrency).await?;
    Ok(match (done.as_str(), reserved) {
        ("unchanged", Some(reserved)) => format!("updated ({reserved})"),
        (_, Some(reserved)) => format!("{done}, with {reserved}"),
        (_, None) => done,
    })
}

/// Sets the reserved concurrency where it differs; says how.
async fn reserve(client: &Client, function: &str, wanted: Option<i32>) -> Result<Option<String>> {
    let found = client.get_function().function_name(function).send().await;
    let found = found.with_context(|| format!("cannot ask the sandbox about {function}"))?;
    let found = found.concurrency;
    let found = found.and_then(|found| found.reserved_concurrent_executions);
    if found == wanted {
        return Ok(None);
    }
    let failed = || format!("cannot set the reserved concurrency of {function}");
    match wanted {
        Some(wanted) => {
            let put = client.put_function_concurrency().function_name(function);
            let put = put.reserved_concurrent_executions(wanted).send().await;
            put.with_context(failed)?;
            Ok(Some(format!("reserved concurrency {wanted}")))
        }
        None => {
            let delete = client.delete_function_concurrency().function_name(function);
            delete.send().await.with_context(failed)?;
            Ok(Some("no reserved concurrency".to_owned()))
        }
    }
}

/// Puts one build into `$LATEST`, and publishes it if so asked; gives the number of the version.
///
/// # Errors
/// When there is no build for the architecture, or the sandbox cannot be reached or refuses.
pub async fn put_build(
    client: &Client,
    dist: &Path,
    manifest: &FunctionManifest,
    architecture: Architecture,
    publish: bool,
) -> Result<String> {
    let name = &manifest.name;
    let update = client
        .update_function_code()
        .function_name(name)
        .architectures(types::Architecture::from(architecture.as_str()))
        .zip_file(code(dist, manifest, architecture).await?)
        .publish(publish);
    let updated = update.send().await;
    let updated =
        updated.with_context(|| format!("cannot update {name} to its {architecture} build"))?;
    let done = client.wait_until_function_updated_v2().function_name(name);
    let done = done.wait(READY_WITHIN).await;
    done.with_context(|| format!("the update of {name} does not come to an end"))?;
    updated.version.context("a version without a number")
}

/// Publishes the build that runs here without an emulator, if there is one, and points `live` at it; says so.
///
/// # Errors
/// When there is no build, or the sandbox cannot be reached or refuses.
pub(super) async fn serve(
    client: &Client,
    dist: &Path,
    manifest: &FunctionManifest,
) -> Result<String> {
    let (name, build) = (&manifest.name, build_of(manifest, HOST));
    let version = put_build(client, dist, manifest, build, true).await?;
    lambda::point(client, name, LIVE, &version).await?;
    Ok(format!("{LIVE} is version {version}, the {build} build"))
}

/// The build for this architecture, or the one that there is.
fn build_of(manifest: &FunctionManifest, architecture: Architecture) -> Architecture {
    let builds = &manifest.artifacts;
    match builds.contains_key(&architecture) {
        true => architecture,
        false => builds.keys().next().copied().unwrap_or(architecture),
    }
}

/// The zip of one build.
async fn code(
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

async fn create(
    client: &Client,
    dist: &Path,
    manifest: &FunctionManifest,
    wanted: &Settings,
) -> Result<String> {
    let name = &manifest.name;
    let build = build_of(manifest, FIRST_BUILD);
    let code = code(dist, manifest, build).await?;
    let create = client
        .create_function()
        .function_name(name)
        .code(FunctionCode::builder().zip_file(code).build())
        .architectures(types::Architecture::from(build.as_str()));
    let created = with_settings!(create, wanted, &BTreeMap::new())
        .send()
        .await;
    created.with_context(|| format!("cannot create {name}"))?;
    let active = client.wait_until_function_active_v2().function_name(name);
    let active = active.wait(READY_WITHIN).await;
    active.with_context(|| format!("{name} does not become active"))?;
    Ok(format!("created with the {build} build"))
}

async fn update(
    client: &Client,
    function: &str,
    current: &GetFunctionConfigurationOutput,
    wanted: &Settings,
) -> Result<String> {
    let settings = Settings::current(current);
    let changes = settings.changes(wanted);
    if changes.is_empty() {
        return Ok("unchanged".to_owned());
    }
    let update = client
        .update_function_configuration()
        .function_name(function)
        .set_revision_id(current.revision_id().map(str::to_owned));
    let updated = with_settings!(update, wanted, &settings.environment)
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
