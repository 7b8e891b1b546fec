//! `bench`: what the functions cost before and while they work, next to a bare hello, and on one
//! architecture next to the other.
//!
//! Every subject's process is started and fed directly by a small Runtime API of our own
//! ([`runtime_api`]), so that nothing but the process itself is measured. [`subject`] is what is
//! measured, [`mod@measure`] does it, [`figures`] are what comes out, [`report`] and [`comparison`] print
//! them as Markdown.

mod comparison;
mod figures;
mod measure;
mod report;
mod runtime_api;
mod subject;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use comparison::Comparison;
use figures::{Figures, Run};
use subject::Subject;

/// What functions cost before and while they work.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure this machine's builds from dist/ next to bare programs that do nothing
    Measure(MeasureArgs),
    /// Print two files of `measure --json` side by side: one of each architecture
    Compare {
        /// The file of one architecture
        #[arg(value_name = "FILE")]
        one: PathBuf,
        /// The file of the other one
        #[arg(value_name = "FILE")]
        other: PathBuf,
    },
}

#[derive(Args)]
struct MeasureArgs {
    /// Functions from --dist, by name
    #[arg(required = true)]
    functions: Vec<String>,
    /// A program to compare with, as NAME=PATH; the first one is the yardstick
    #[arg(long, value_name = "NAME=PATH", value_parser = subject::bare, required = true)]
    bare: Vec<Subject>,
    /// Folder that the build has written to
    #[arg(long, default_value = "dist")]
    dist: PathBuf,
    /// Where the functions find DynamoDB and SQS
    #[arg(long, env = "AWS_ENDPOINT_URL")]
    endpoint_url: String,
    /// Starts of each subject; the subjects take turns
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    starts: u32,
    /// Invocations with each sample event
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    invocations: u32,
    /// What this machine is: stands beside the figures
    #[arg(long, default_value = "an unknown machine")]
    machine: String,
    /// Write the figures to this file, for `compare`
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr().lock(), "bench: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Measure(args) => {
            let run = measure(&args).await?;
            if let Some(file) = &args.json {
                fs::write(file, serde_json::to_string_pretty(&run)?)
                    .with_context(|| format!("cannot write {}", file.display()))?;
            }
            report::write(&run, &mut std::io::stdout().lock())?;
        }
        Command::Compare { one, other } => {
            let comparison = Comparison::new(read(&one)?, read(&other)?)?;
            comparison.write(&mut std::io::stdout().lock())?;
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<Run> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} is not what bench measure --json writes", file.display()))
}

async fn measure(args: &MeasureArgs) -> Result<Run> {
    let unpacked = tempfile::tempdir()?;
    let mut subjects = args.bare.clone();
    for function in &args.functions {
        let url = &args.endpoint_url;
        subjects.push(subject::function(
            &args.dist,
            function,
            url,
            unpacked.path(),
        )?);
    }
    let mut commits = subjects.iter().filter_map(|subject| subject.commit.clone());
    let commit = commits.next().unwrap_or_default();
    for other in commits {
        ensure!(
            other == commit,
            "the functions were built from different commits, {commit} and {other}: build them again"
        );
    }
    let progress = ProgressBar::new(u64::from(args.starts)).with_style(
        ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}")?,
    );
    progress.set_message("starts");
    let mut measured: Vec<_> = subjects
        .iter()
        .map(|_| measure::Measured::default())
        .collect();
    // In turn, so that whatever else the machine does falls on all of them alike.
    for _ in 0..args.starts {
        for (subject, measured) in subjects.iter().zip(&mut measured) {
            measure::start(subject, measured).await?;
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    for (subject, measured) in subjects.iter().zip(&mut measured) {
        measure::invocations(subject, args.invocations, measured).await?;
    }
    Ok(Run {
        architecture: subject::NATIVE,
        machine: args.machine.clone(),
        commit,
        subjects: subjects
            .iter()
            .zip(&measured)
            .map(|(subject, measured)| Figures::of(subject, measured))
            .collect(),
    })
}
