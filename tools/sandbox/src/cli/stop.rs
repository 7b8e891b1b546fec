//! `sandbox stop`: stops the sandbox of a folder.

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use clap::Args;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::terminal;
use crate::client::endpoint_file::EndpointFile;

/// How long a sandbox may take to stop its processes before it is killed.
const STOPPED_WITHIN: Duration = Duration::from_secs(5);

/// Arguments of `sandbox stop`.
#[derive(Debug, Clone, Args)]
pub struct StopArgs {
    /// Folder that the sandbox was started with
    #[arg(long, default_value = ".sandbox")]
    pub folder: PathBuf,
}

/// Stops the sandbox of a folder and waits until it is gone. None is no error.
///
/// # Errors
/// When it may not be stopped.
pub async fn run(args: StopArgs) -> anyhow::Result<ExitCode> {
    let Some(running) = EndpointFile::running(&args.folder) else {
        terminal::line(format_args!(
            "no sandbox is running from {}",
            args.folder.display()
        ));
        return Ok(ExitCode::SUCCESS);
    };
    let pid = Pid::from_raw(i32::try_from(running.pid).context("not a process id")?);
    let signal = |signal| kill(pid, signal).with_context(|| format!("cannot stop process {pid}"));
    signal(Signal::SIGTERM)?;
    let begun = Instant::now();
    while running.is_alive() && begun.elapsed() < STOPPED_WITHIN {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    if running.is_alive() {
        // Its processes die with it: see `environments::process`.
        signal(Signal::SIGKILL)?;
    }
    terminal::line(format_args!(
        "sandbox stopped (was at {})",
        running.endpoint
    ));
    Ok(ExitCode::SUCCESS)
}
