//! `sandbox test`: the sample events on both builds, without a rollout.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use package::{
    Architecture, FunctionManifest,
    replay::{EventReport, Verdict, read_events},
};

use crate::{
    client::{
        apply::{self, Clients},
        endpoint::EndpointArgs,
        latest,
    },
    output,
};

/// Arguments of `sandbox test`.
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER_HELP)]
pub struct TestArgs {
    /// Name of the function
    function: String,
    /// Folder that the build has written to
    #[arg(long, default_value = "dist")]
    dist: PathBuf,
    #[command(flatten)]
    endpoint: EndpointArgs,
}

const AFTER_HELP: &str = "\
Takes dist/<FUNCTION> as scripts/build.sh wrote it. Applies the function as `sandbox apply` does, then
puts each build in turn into $LATEST and invokes that: nothing is published, and no alias moves.

Next to an event, events/<name>.json, may stand events/<name>.expected.json: the answer, or the part of
it that must hold; with an errorType in it, the function must fail like that. What may vary is in
replay.ignore of the function's Cargo.toml.

Exit codes: 0 both builds answer alike and as expected, 1 they do not, 2 could not run.";

/// Runs the subcommand: exits with 1 when an answer is wrong, or the two builds differ.
///
/// # Errors
/// When the function was not built or has no events, or the sandbox cannot be reached or refuses.
pub async fn run(args: TestArgs) -> Result<ExitCode> {
    let TestArgs { function, dist, .. } = &args;
    let manifest = FunctionManifest::read(dist, function)?;
    let events = read_events(&dist.join(function).join("events"))?;
    let clients = Clients::new(&args.endpoint.sdk_config()?)?;
    for line in apply::apply(&clients, dist, &manifest).await? {
        output::line(line);
    }
    let answers = |architecture| latest::answers(&clients, dist, &manifest, architecture, &events);
    let x86_64 = answers(Architecture::X86_64).await?;
    let arm64 = answers(Architecture::Arm64).await?;

    let mut reports = Vec::new();
    for ((event, x86_64), arm64) in events.iter().zip(&x86_64).zip(&arm64) {
        let report = EventReport::new(event, x86_64, arm64, &manifest.replay.ignore);
        output::line(&report);
        reports.push(report);
    }
    let verdict = Verdict::new(&reports);
    output::line(verdict);
    Ok(if verdict.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
