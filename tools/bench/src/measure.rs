//! Starts processes, hands them events, reads their memory.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tokio::process::{Child, Command};

use crate::{runtime_api::RuntimeApi, subject::Subject};

/// Invocations before those that count: caches fill, connections are made.
const WARM_UP: u32 = 50;

/// What was measured of one subject.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// From the start of the process until it polls for the first time.
    pub(crate) init: Vec<Duration>,
    /// Resident memory at that moment, in KiB.
    pub(crate) idle_kib: Vec<u64>,
    /// The most resident memory after all invocations, in KiB.
    pub(crate) peak_kib: u64,
    /// From handing over an event until its answer, by event.
    pub(crate) invocations: Vec<(String, Vec<Duration>)>,
}

/// One start: init time and idle memory.
pub(crate) async fn start(subject: &Subject, measured: &mut Measured) -> Result<()> {
    let (mut child, _api, init) = started(subject).await?;
    measured.init.push(init);
    measured.idle_kib.push(memory_kib(&child, "VmRSS").await?);
    child.kill().await?;
    Ok(())
}

/// Every sample event `count` times, by one process.
pub(crate) async fn invocations(
    subject: &Subject,
    count: u32,
    measured: &mut Measured,
) -> Result<()> {
    let (mut child, mut api, _) = started(subject).await?;
    for (name, event) in &subject.events {
        let failed = || format!("{}: event {name}", subject.name);
        let mut durations = Vec::new();
        for round in 0..WARM_UP + count {
            let duration = api.invoke(event.clone()).await.with_context(failed)?;
            api.polled().await.with_context(failed)?;
            if round >= WARM_UP {
                durations.push(duration);
            }
        }
        measured.invocations.push((name.clone(), durations));
    }
    measured.peak_kib = memory_kib(&child, "VmHWM").await?;
    child.kill().await?;
    Ok(())
}

/// A process that has polled for the first time, and how long that took.
async fn started(subject: &Subject) -> Result<(Child, RuntimeApi, Duration)> {
    let mut api = RuntimeApi::open().await?;
    let mut command = Command::new(&subject.program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("AWS_LAMBDA_RUNTIME_API", &api.authority)
        .env("AWS_LAMBDA_FUNCTION_NAME", &subject.name)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env(
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            subject.memory_mib.to_string(),
        )
        .env(
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{}", subject.name),
        )
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .envs(&subject.variables)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let start = Instant::now();
    let child = command
        .spawn()
        .with_context(|| format!("cannot start {}", subject.program.display()))?;
    let polled = api.polled().await;
    let polled = polled.with_context(|| format!("{} did not start", subject.name))?;
    Ok((child, api, polled.duration_since(start)))
}

/// A field of `/proc/<pid>/status`, in KiB
/// (<https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>).
async fn memory_kib(child: &Child, field: &str) -> Result<u64> {
    let id = child.id().context("the process has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let value = status.lines().find_map(|line| {
        let value = line.strip_prefix(field)?.strip_prefix(':')?;
        value.split_whitespace().next()?.parse().ok()
    });
    value.with_context(|| format!("/proc/{id}/status has no {field}"))
}
