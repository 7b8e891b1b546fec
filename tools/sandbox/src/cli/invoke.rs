//! `sandbox invoke`: one invocation, and what the function answers.

use std::{
    borrow::Cow,
    io::{IsTerminal as _, Read as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use aws_sdk_lambda::{Client, primitives::Blob};
use clap::Args;
use package::replay::read_events;
use serde_json::Value;

use super::terminal;
use crate::{
    LIVE,
    client::{
        endpoint::{Clients, EndpointArgs},
        lambda,
        watch::is_watched,
    },
};

/// For `--help`.
const HELP: &str = "\
The answer goes to standard output, indented on a terminal; the version that ran and a function's error go to standard \
error.

Exit codes: 0 the function answered, 1 it failed, 2 could not run.";

/// Arguments of `sandbox invoke`.
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct InvokeArgs {
    /// Name of the function; FUNCTION:QUALIFIER says the qualifier too
    function: String,
    /// A file; or a sample event by its name (dist/<FUNCTION>/events/<EVENT>.json); or JSON; or - for standard input
    #[arg(default_value = "{}")]
    event: String,
    /// Alias or version to invoke [default: $LATEST while `sandbox watch` runs for the function; else live where there is one]
    #[arg(long)]
    qualifier: Option<String>,
    /// Folder that the build has written to
    #[arg(long, default_value = "dist")]
    dist: PathBuf,
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Runs the subcommand: exits with 1 when the function fails.
///
/// # Errors
/// When there is no such event or function, or the sandbox cannot be reached or refuses.
pub async fn run(mut args: InvokeArgs) -> Result<ExitCode> {
    if let Some((function, qualifier)) = args.function.split_once(':') {
        if args.qualifier.as_deref().is_some_and(|it| it != qualifier) {
            bail!("which one: {} or --qualifier?", args.function);
        }
        args.qualifier = Some(qualifier.to_owned());
        args.function = function.to_owned();
    }
    let function = &args.function;
    let Clients { lambda, .. } = Clients::new(&args.endpoint.sdk_config()?)?;
    let qualifier = qualifier(&lambda, &args).await?;
    // As they were built, and of a function that was not, as they are written.
    let events = [&args.dist, Path::new("functions")];
    let events = events.map(|folder| folder.join(function).join("events"));
    let event = event(&args.event, &events)?;
    let invoke = lambda.invoke().function_name(function);
    let output = invoke
        .qualifier(&qualifier)
        .payload(Blob::new(event))
        .send()
        .await
        .with_context(|| format!("cannot invoke {function}:{qualifier}"))?;
    let payload = output.payload().map_or(&[][..], AsRef::as_ref);
    let version = output.executed_version().unwrap_or_default();
    let Some(error) = output.function_error() else {
        terminal::error_line(format_args!("version {version}"));
        terminal::line(text(payload, std::io::stdout().is_terminal()));
        return Ok(ExitCode::SUCCESS);
    };
    terminal::error_line(format_args!(
        "version {version} failed ({error}): {}\n`sandbox logs {function}` shows its log",
        text(payload, std::io::stderr().is_terminal())
    ));
    Ok(ExitCode::FAILURE)
}

/// What to invoke; says what to do where it is not there.
async fn qualifier(lambda: &Client, args: &InvokeArgs) -> Result<String> {
    let function = &args.function;
    lambda::must_exist(lambda, function).await?;
    match &args.qualifier {
        Some(qualifier) => {
            let found = lambda::configuration(lambda, function, Some(qualifier)).await?;
            found.map(drop).with_context(|| {
                format!(
                    "there is no {function}:{qualifier}: `rollout publish {function}` makes versions and aliases"
                )
            })?;
            Ok(qualifier.clone())
        }
        None if !is_watched(&args.endpoint.folder, function)
            && lambda::has_alias(lambda, function, LIVE).await? =>
        {
            Ok(LIVE.to_owned())
        }
        None => Ok("$LATEST".to_owned()),
    }
}

/// The event that the user means.
fn event(given: &str, events: &[PathBuf; 2]) -> Result<Vec<u8>> {
    if given == "-" {
        let mut event = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut event);
        read.context("cannot read the event from standard input")?;
        return Ok(event);
    }
    if given.trim_start().starts_with(['{', '[', '"']) {
        return Ok(given.into());
    }
    let in_folder = |folder: &PathBuf| [folder.join(given), folder.join(format!("{given}.json"))];
    let named = events.iter().flat_map(in_folder);
    // Not `is_file`: `<(command)` is a pipe.
    let found = std::iter::once(PathBuf::from(given))
        .chain(named)
        .find(|path| path.exists() && !path.is_dir());
    let Some(path) = found else {
        // A number, true, false or null.
        if serde_json::from_str::<Value>(given).is_ok() {
            return Ok(given.into());
        }
        let folder = events.iter().find(|folder| folder.is_dir());
        let folder = folder.unwrap_or(&events[0]);
        let names = read_events(folder).unwrap_or_default();
        let names: Vec<_> = names.iter().map(|event| event.name.as_str()).collect();
        bail!(
            "there is no file {given}, and no sample event of that name: {} has {}",
            folder.display(),
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            }
        );
    };
    std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// An answer as it is, or indented where a person reads it.
fn text(payload: &[u8], indented: bool) -> Cow<'_, str> {
    let value = serde_json::from_slice::<Value>(payload);
    match value {
        Ok(value) if indented => format!("{value:#}").into(),
        _ => String::from_utf8_lossy(payload),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_indented_for_people_only() {
        let answer = br#"{"a":[1]}"#;
        assert_eq!(text(answer, false), r#"{"a":[1]}"#);
        assert_eq!(text(answer, true), "{\n  \"a\": [\n    1\n  ]\n}");
        assert_eq!(text(b"no JSON", true), "no JSON");
    }
}
