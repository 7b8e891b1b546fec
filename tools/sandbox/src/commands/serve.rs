//! `sandbox serve`: in the foreground, until SIGINT or SIGTERM.

use std::{
    os::unix::process::CommandExt as _,
    process::{Command, ExitCode},
};

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cli::ServeArgs,
    endpoint_file::EndpointFile,
    environments::emulation::Emulators,
    output,
    server::{Options, Server},
};

/// Runs a sandbox.
///
/// # Errors
/// When one runs from this folder already, or the port or the folder cannot be used.
pub async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    forget_the_shells_aws()?;
    log_to_stderr();
    if let Some(other) = EndpointFile::running(&args.folder) {
        anyhow::bail!(
            "a sandbox runs from {} already, at {} (pid {}): stop it with `sandbox stop`, or choose another --folder",
            args.folder.display(),
            other.endpoint,
            other.pid
        );
    }
    let shutdown = stop_signal()?;
    let server = Server::bind(options(&args)).await?;
    for fault in &args.faults {
        server.faults().add(&fault.function, fault.spec);
    }
    let file = EndpointFile::of_this_process(server.endpoint())?;
    file.write(&args.folder)
        .with_context(|| format!("cannot write to {}", args.folder.display()))?;
    output::line(format_args!("sandbox ready at {}", file.endpoint));
    let result = server.run(shutdown).await;
    file.remove(&args.folder);
    result.context("the sandbox can no longer listen")?;
    Ok(ExitCode::SUCCESS)
}

/// Starts over without the variables of AWS that the user's shell has, if it has any: the sandbox is an account of its
/// own, and code that it runs can read the environment of the process that started it. The process stays the same.
fn forget_the_shells_aws() -> anyhow::Result<()> {
    let names = std::env::vars_os().map(|(name, _)| name);
    // With those of `awsim`, which change what it checks.
    let names = names.filter(|name| name.as_encoded_bytes().starts_with(b"AWS"));
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        return Ok(());
    }
    let program = std::env::current_exe().context("cannot find the program itself")?;
    let mut command = Command::new(program);
    command.args(std::env::args_os().skip(1));
    for name in names {
        command.env_remove(name);
    }
    Err(command.exec()).context("cannot start over without the shell's AWS variables")
}

fn options(args: &ServeArgs) -> Options {
    Options {
        port: args.port,
        max_environments: usize::try_from(args.max_environments).unwrap_or(usize::MAX),
        seed: args.seed,
        emulators: Emulators {
            arm64: args.qemu_aarch64.clone(),
            x86_64: args.qemu_x86_64.clone(),
        },
        ..Options::new(args.folder.clone())
    }
}

/// Over at the first SIGINT or SIGTERM. The handlers are there before the sandbox says that it is ready.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot handle SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot handle SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Warnings only, unless `RUST_LOG` asks for more.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing_subscriber::filter::LevelFilter::WARN.into())
        .from_env_lossy();
    // Fails only when there is one already: in tests.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
