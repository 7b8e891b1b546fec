//! `sandbox serve`: in the foreground, until SIGINT or SIGTERM.

use std::{
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::Context as _;
use clap::Args;

use super::terminal;
use crate::{
    client::endpoint_file::EndpointFile,
    execution::emulation::Emulators,
    rehearsal::faults::{FaultSpec, FaultSpecError},
    server::{Options, Server},
    services::cloudwatch::Settings,
};

/// Where a sandbox listens unless told otherwise: none of the well-known tools for Lambda, DynamoDB or SQS listens there.
const DEFAULT_PORT: u16 = 8664;

/// How a sandbox runs: the same for `serve` and `start`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, env = "SANDBOX_PORT", default_value_t = DEFAULT_PORT)]
    pub port: u16,
    /// Folder for code, logs and the endpoint of this sandbox
    #[arg(long, default_value = ".sandbox")]
    pub folder: PathBuf,
    /// Folder to keep tables and queues in, with their messages, so that they outlive this sandbox; in memory without it
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Environments that may exist at once, over all functions; further invocations get 429
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_environments: u32,
    /// Fault to inject from the start, like hasher:arm64:errors=5%; may be given more than once
    #[arg(long = "fault", value_name = "FUNCTION:ARCHITECTURE:KIND=SIZE")]
    pub faults: Vec<FunctionFault>,
    /// Seed of the draws for weighted routing and faults, to repeat a run
    #[arg(long)]
    pub seed: Option<u64>,
    /// Let things take their time as on AWS: changes of functions, metrics, retries of asynchronous invocations
    #[arg(long)]
    pub realistic: bool,
    /// Leave Lambda's metrics Errors and Throttles out where they are 0: both is said of AWS
    #[arg(long)]
    pub sparse_metrics: bool,
    /// Seconds that stand for the minute by which realistic metrics come, to shorten a rehearsal
    #[arg(long, value_name = "SECONDS", requires = "realistic", hide = true, value_parser = metrics_minute)]
    pub metrics_minute: Option<i64>,
    /// Program that runs arm64 code on another host; found in PATH unless given
    #[arg(long, env = "SANDBOX_QEMU_AARCH64", value_name = "PROGRAM")]
    pub qemu_aarch64: Option<PathBuf>,
    /// Program that runs x86_64 code on another host; found in PATH unless given
    #[arg(long, env = "SANDBOX_QEMU_X86_64", value_name = "PROGRAM")]
    pub qemu_x86_64: Option<PathBuf>,
}

/// A [`FaultSpec`] with the function that it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionFault {
    /// Name of the function.
    pub function: String,
    /// What happens to one of its builds.
    pub spec: FaultSpec,
}

impl std::str::FromStr for FunctionFault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (function, spec) = text.split_once(':').ok_or_else(|| {
            format!("{text:?} has no function: write it like hasher:arm64:errors=5%")
        })?;
        Ok(Self {
            function: function.to_owned(),
            spec: spec
                .parse()
                .map_err(|error: FaultSpecError| error.to_string())?,
        })
    }
}

/// One of the periods that CloudWatch has.
fn metrics_minute(text: &str) -> Result<i64, String> {
    let known = text
        .parse()
        .ok()
        .filter(|s| [1, 5, 10, 20, 30, 60].contains(s));
    known.ok_or_else(|| "use 1, 5, 10, 20, 30 or 60".to_owned())
}

/// Runs a sandbox.
///
/// # Errors
/// When one runs from this folder already, or the port or the folder cannot be used.
pub async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    restart_without_aws_variables()?;
    log_to_stderr();
    if let Some(other) = EndpointFile::running(&args.folder) {
        anyhow::bail!(
            "a sandbox runs from {} already, at {} (pid {}): stop it with `sandbox stop`, or choose another --folder",
            args.folder.display(),
            other.endpoint,
            other.pid
        );
    }
    let shutdown = terminal::stop_signal()?;
    let server = Server::bind(options(&args)).await?;
    for fault in &args.faults {
        fault.spec.inject(server.faults(), &fault.function);
    }
    let file = EndpointFile::of_this_process(server.endpoint())?;
    file.write(&args.folder)
        .with_context(|| format!("cannot write to {}", args.folder.display()))?;
    terminal::line(format_args!("sandbox ready at {}", file.endpoint));
    let result = server.run(shutdown).await;
    file.remove(&args.folder);
    result.context("the sandbox can no longer listen")?;
    Ok(ExitCode::SUCCESS)
}

/// Executes the program again without the shell's AWS variables, if there are any: the sandbox is an account of its own,
/// and code that it runs can read the environment of the process that started it. The process id stays the same.
fn restart_without_aws_variables() -> anyhow::Result<()> {
    let names = std::env::vars_os().map(|(name, _)| name);
    let names = names.filter(|name| name.as_encoded_bytes().starts_with(b"AWS_"));
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
        data: args.data.clone(),
        max_environments: usize::try_from(args.max_environments).unwrap_or(usize::MAX),
        seed: args.seed,
        realistic: args.realistic,
        metrics: metrics(args),
        emulators: Emulators {
            arm64: args.qemu_aarch64.clone(),
            x86_64: args.qemu_x86_64.clone(),
        },
        ..Options::new(args.folder.clone())
    }
}

fn metrics(args: &ServeArgs) -> Settings {
    let settings = Settings {
        sparse: args.sparse_metrics,
        ..Settings::default()
    };
    match args.metrics_minute {
        None => settings,
        Some(minute_s) => Settings {
            minute_s,
            delay_s: minute_s,
            ..settings
        },
    }
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
