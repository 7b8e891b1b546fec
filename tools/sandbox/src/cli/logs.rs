//! `sandbox logs`: what a function has logged, and what it goes on to log.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use aws_sdk_lambda::Client;
use clap::Args;

use super::terminal;
use crate::{
    aws::DEFAULT_REGION,
    client::{
        endpoint::sdk_config,
        endpoint_file::EndpointFile,
        lambda,
        logs::{self, LogReader},
    },
};

/// How often new lines are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Arguments of `sandbox logs`.
#[derive(Debug, Clone, Args)]
pub struct LogsArgs {
    /// Name of the function
    function: String,
    /// Go on with new lines until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// Of what is there already, only the last N lines
    #[arg(short = 'n', long, value_name = "N")]
    lines: Option<usize>,
    /// Version whose lines to print, a number or $LATEST; all of them without it
    #[arg(long, value_name = "N")]
    version: Option<String>,
    /// Folder of the sandbox, which need not run any more
    #[arg(long, default_value = ".sandbox")]
    folder: PathBuf,
}

/// Runs the subcommand.
///
/// # Errors
/// When there is no such function, or no log of that version and none is waited for.
pub async fn run(args: LogsArgs) -> Result<ExitCode> {
    let LogsArgs {
        function, folder, ..
    } = &args;
    let functions = functions(folder).await?;
    if functions.is_empty() {
        bail!(
            "there are no functions in {}: create one with `sandbox apply {function}`",
            folder.display()
        );
    }
    if !functions.contains(function) {
        bail!(
            "there is no function {function}: there is {}",
            list(&functions)
        );
    }
    let mut logs = LogReader::new(folder, function, args.version.as_deref());
    if !args.follow {
        must_have_run(&logs, &args)?;
    }
    let mut left_out = args.lines;
    loop {
        let lines = logs.new_lines(!args.follow);
        let lines = lines.with_context(|| format!("cannot read the logs of {function}"))?;
        let last = left_out.take().unwrap_or(lines.len());
        if !terminal::lines(&lines[lines.len().saturating_sub(last)..]) || !args.follow {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Those that have run, and those of the sandbox if it still runs.
async fn functions(folder: &Path) -> Result<BTreeSet<String>> {
    let ran = logs::functions(folder);
    let mut names = ran.with_context(|| format!("cannot read {}", folder.display()))?;
    if let Some(running) = EndpointFile::running(folder) {
        let client = Client::new(&sdk_config(&running.endpoint, DEFAULT_REGION));
        let there = lambda::functions(&client).await;
        let there = there
            .with_context(|| format!("the sandbox at {} does not answer", running.endpoint))?;
        names.extend(there.into_iter().filter_map(|one| one.function_name));
    }
    Ok(names)
}

/// No lines are an answer to nobody's question: says what there is instead.
fn must_have_run(logs: &LogReader, args: &LogsArgs) -> Result<()> {
    let (function, versions) = (&args.function, logs.versions()?);
    if versions.is_empty() {
        bail!("{function} has not run yet: `sandbox invoke {function}` does it once");
    }
    match &args.version {
        Some(version) if !versions.contains(version) => bail!(
            "version {version} of {function} has not run: there are logs of {}",
            list(&versions)
        ),
        _ => Ok(()),
    }
}

fn list(names: &BTreeSet<String>) -> String {
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    names.join(", ")
}
