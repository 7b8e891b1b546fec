//! `sandbox apply`: stands where Terraform stands on AWS.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use aws_sdk_lambda::{
    Client,
    client::Waiters as _,
    operation::get_function_configuration::GetFunctionConfigurationOutput,
    primitives::Blob,
    types::{self, FunctionCode, Runtime},
};
use clap::Args;
use package::{Architecture, FunctionManifest};

use crate::{
    client::{endpoint::EndpointArgs, settings::Settings},
    output,
};

/// How long a function may take to become active.
const READY_WITHIN: std::time::Duration = std::time::Duration::from_secs(60);

/// The half that a new function is created with. `rollout publish` puts both halves in turn.
const FIRST_HALF: Architecture = Architecture::X86_64;

/// Arguments of `sandbox apply`.
#[derive(Debug, Clone, Args)]
pub struct ApplyArgs {
    /// Name of the function
    function: String,
    /// Folder that the build has written to
    #[arg(long, default_value = "dist")]
    dist: PathBuf,
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Runs the subcommand: creates the function or updates its settings. Code, versions and aliases
/// of a function that exists are not its business.
///
/// # Errors
/// When the function was not built, or the sandbox cannot be reached or refuses.
pub async fn run(args: ApplyArgs) -> Result<ExitCode> {
    let manifest = FunctionManifest::read(&args.dist, &args.function)?;
    let client = args.endpoint.lambda()?;
    let wanted = Settings::wanted(&manifest);
    let done = match current(&client, &args.function).await? {
        None => create(&client, &args, &manifest, &wanted).await?,
        Some(configuration) => update(&client, &args.function, &configuration, &wanted).await?,
    };
    output::line(format_args!("{}: {done}", args.function));
    Ok(ExitCode::SUCCESS)
}

/// The function's settings, if it exists.
async fn current(
    client: &Client,
    function: &str,
) -> Result<Option<GetFunctionConfigurationOutput>> {
    match client
        .get_function_configuration()
        .function_name(function)
        .send()
        .await
    {
        Ok(configuration) => Ok(Some(configuration)),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_resource_not_found_exception()) =>
        {
            Ok(None)
        }
        Err(error) => {
            Err(error).with_context(|| format!("cannot ask the sandbox about {function}"))
        }
    }
}

async fn create(
    client: &Client,
    args: &ApplyArgs,
    manifest: &FunctionManifest,
    wanted: &Settings,
) -> Result<String> {
    let zip = manifest.artifacts.get(&FIRST_HALF);
    let zip = zip.with_context(|| format!("{} has no artifact for {FIRST_HALF}", args.function))?;
    let path = args.dist.join(&args.function).join(&zip.zip);
    let code = tokio::fs::read(&path).await;
    let code =
        code.with_context(|| format!("cannot read {}: build the function again", path.display()))?;
    let created = client
        .create_function()
        .function_name(&args.function)
        .code(FunctionCode::builder().zip_file(Blob::new(code)).build())
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
    created.with_context(|| format!("cannot create {}", args.function))?;
    let active = client
        .wait_until_function_active_v2()
        .function_name(&args.function);
    let active = active.wait(READY_WITHIN).await;
    active.with_context(|| format!("{} does not become active", args.function))?;
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
