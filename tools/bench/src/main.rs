//! `bench`: what the functions cost before and while they work, next to a bare hello.
//!
//! Every subject's process is started and fed directly by a small Runtime API of our own
//! ([`runtime_api`]), so that nothing but the process itself is measured. [`subject`] is what is
//! measured, [`measure`] does it, [`report`] prints it as Markdown.

mod measure;
mod report;
mod runtime_api;
mod subject;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use subject::Subject;

/// Measures functions from dist/ next to bare programs that do nothing.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
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
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr().lock(), "bench: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(cli: Cli) -> Result<()> {
    let unpacked = tempfile::tempdir()?;
    let mut subjects = cli.bare;
    for function in &cli.functions {
        subjects.push(subject::function(
            &cli.dist,
            function,
            &cli.endpoint_url,
            unpacked.path(),
        )?);
    }
    let progress = ProgressBar::new(u64::from(cli.starts)).with_style(
        ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}")?,
    );
    progress.set_message("starts");
    let mut figures: Vec<_> = subjects
        .iter()
        .map(|_| measure::Figures::default())
        .collect();
    // In turn, so that whatever else the machine does falls on all of them alike.
    for _ in 0..cli.starts {
        for (subject, figures) in subjects.iter().zip(&mut figures) {
            measure::start(subject, figures).await?;
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    for (subject, figures) in subjects.iter().zip(&mut figures) {
        measure::invocations(subject, cli.invocations, figures).await?;
    }
    report::print(&subjects, &figures)
}
