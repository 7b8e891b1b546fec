//! `sandbox status`: whether a sandbox runs, where, and with which functions.

use std::{fmt::Write as _, process::ExitCode};

use anyhow::{Context as _, Result};
use aws_sdk_lambda::{
    Client,
    types::{AliasConfiguration, FunctionConfiguration},
};
use clap::Args;

use super::terminal;
use crate::client::{
    endpoint::{Clients, EndpointArgs, EndpointError},
    endpoint_file::EndpointFile,
    lambda,
};

/// Arguments of `sandbox status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Runs the subcommand: exits with 0 when a sandbox runs and with 1 when none does.
///
/// # Errors
/// When a sandbox says that it runs and cannot be asked.
pub async fn run(args: StatusArgs) -> Result<ExitCode> {
    let url = match args.endpoint.url() {
        Ok(url) => url,
        Err(error @ EndpointError::NotRunning { .. }) => {
            terminal::line(error);
            return Ok(ExitCode::FAILURE);
        }
    };
    let clients = Clients::new(&args.endpoint.sdk_config()?)?;
    let functions = lambda::functions(&clients.lambda).await;
    let functions = functions.with_context(|| format!("the sandbox at {url} does not answer"))?;
    let http_apis = clients.admin.http_apis().await?;
    terminal::line(headline(&url, &args.endpoint));
    for function in &functions {
        let mut line = describe(&clients.lambda, function).await?;
        if let Some(url) = function
            .function_name()
            .and_then(|name| http_apis.get(name))
        {
            let _ = write!(line, ", {url}");
        }
        terminal::line(line);
    }
    if functions.is_empty() {
        terminal::line("no functions: create one with `sandbox apply <function>`");
    }
    Ok(ExitCode::SUCCESS)
}

fn headline(url: &str, args: &EndpointArgs) -> String {
    match EndpointFile::running(&args.folder) {
        Some(running) if running.endpoint == url => {
            format!(
                "{url} (pid {}, folder {})",
                running.pid,
                args.folder.display()
            )
        }
        _ => url.to_owned(),
    }
}

/// One line: the function's versions and where its aliases point.
async fn describe(client: &Client, function: &FunctionConfiguration) -> Result<String> {
    let name = function.function_name().unwrap_or_default();
    let versions = client.list_versions_by_function().function_name(name);
    let versions = versions
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await;
    let versions = versions.with_context(|| format!("cannot list the versions of {name}"))?;
    let aliases = client.list_aliases().function_name(name);
    let aliases = aliases
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await;
    let aliases = aliases.with_context(|| format!("cannot list the aliases of {name}"))?;
    // `$LATEST` is in the list as well.
    let mut line = format!("{name}: {} versions", versions.len().saturating_sub(1));
    for alias in &aliases {
        let _ = write!(line, ", {}", describe_alias(alias));
    }
    Ok(line)
}

/// `live -> 1` or `live -> 1, 5% 2`.
fn describe_alias(alias: &AliasConfiguration) -> String {
    let name = alias.name().unwrap_or_default();
    let mut text = format!("{name} -> {}", alias.function_version().unwrap_or_default());
    let weights = alias
        .routing_config()
        .and_then(|routing| routing.additional_version_weights());
    for (version, weight) in weights.into_iter().flatten() {
        let _ = write!(text, " and {version} ({}%)", percent(*weight));
    }
    text
}

/// A weight in percent, without the noise of binary fractions.
fn percent(weight: f64) -> f64 {
    (weight * 1e6).round() / 1e4
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::types::AliasRoutingConfiguration;

    use super::*;

    #[test]
    fn an_alias_shows_its_weights_in_percent() {
        let alias = AliasConfiguration::builder()
            .name("live")
            .function_version("1");
        assert_eq!(describe_alias(&alias.clone().build()), "live -> 1");
        let routing = AliasRoutingConfiguration::builder().additional_version_weights("2", 0.07);
        let alias = alias.routing_config(routing.build()).build();
        assert_eq!(describe_alias(&alias), "live -> 1 and 2 (7%)");
    }
}
