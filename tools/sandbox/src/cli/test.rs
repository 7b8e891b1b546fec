//! `sandbox test`: the sample events on both builds, without a rollout.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use package::{
    Architecture, FunctionManifest,
    replay::{EventReport, HELP, Verdict, read_events},
};

use super::terminal;
use crate::client::{
    apply,
    endpoint::{Clients, EndpointArgs},
    replay::answers_unpublished,
    settings::Variables,
};

/// Arguments of `sandbox test`.
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct TestArgs {
    /// Name of the function
    function: String,
    /// Folder that the build has written to
    #[arg(long, default_value = "dist")]
    dist: PathBuf,
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Runs the subcommand: exits with 1 when an answer is wrong, or the two builds differ.
///
/// # Errors
/// When the function was not built or has no events, or the sandbox cannot be reached or refuses.
pub async fn run(args: TestArgs) -> Result<ExitCode> {
    let TestArgs { function, dist, .. } = &args;
    let manifest = FunctionManifest::read(dist, function)?;
    let events = read_events(&dist.join(function).join("events"))?;
    let clients = Clients::new(&args.endpoint.sdk_config()?)?;
    for line in apply::apply(&clients, dist, &manifest, &Variables::default()).await? {
        terminal::line(line);
    }
    let answers =
        |architecture| answers_unpublished(&clients, dist, &manifest, architecture, &events);
    let x86_64 = answers(Architecture::X86_64).await?;
    let arm64 = answers(Architecture::Arm64).await?;

    let reports = EventReport::all(&events, &x86_64, &arm64, &manifest.replay.ignore);
    reports.iter().for_each(terminal::line);
    let verdict = Verdict::new(&reports);
    terminal::line(verdict);
    Ok(if verdict.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
