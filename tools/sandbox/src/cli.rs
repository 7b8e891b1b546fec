//! What the user can ask for.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use package::Architecture;

use crate::{commands, faults::FaultSpec};

/// An AWS account in one process, on loopback: Lambda with both architectures, DynamoDB, SQS, CloudWatch metrics.
#[derive(Debug, Parser)]
#[command(name = "sandbox", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// One subcommand, one file in `commands/`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the sandbox in the foreground until SIGINT or SIGTERM
    Serve(ServeArgs),
    /// Run the sandbox in the background; returns when it is ready
    Start(ServeArgs),
    /// Stop the sandbox of a folder and every process that it started
    Stop(commands::stop::StopArgs),
    /// Say whether a sandbox runs, where, and with which functions
    Status(commands::status::StatusArgs),
    /// Create or update a function from dist/<function>/function.json, as Terraform does on AWS
    Apply(commands::apply::ApplyArgs),
    /// Send the sample events to both builds of a function: do they answer alike, and as expected?
    ///
    /// Takes dist/<FUNCTION> as scripts/build.sh wrote it. Applies the function as `sandbox apply` does, then puts
    /// each build in turn into $LATEST and invokes that: nothing is published, and no alias moves.
    Test(commands::test::TestArgs),
    /// Set, list or clear the faults of a function
    Fault(commands::fault::FaultArgs),
    /// Set, list or clear the faults of DynamoDB and SQS
    ServiceFault(commands::service_fault::ServiceFaultArgs),
    /// Send scenarios or invocations at a steady rate
    Traffic(commands::traffic::TrafficArgs),
}

/// How a sandbox runs: the same for `serve` and `start`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Folder for code, logs and the endpoint of this sandbox
    #[arg(long, default_value = ".sandbox")]
    pub folder: PathBuf,
    /// Environments that may exist at once, over all functions; further invocations get 429
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_environments: u32,
    /// Fault to inject from the start, like hasher:arm64:errors=5%; may be given more than once
    #[arg(long = "fault", value_name = "FUNCTION:ARCHITECTURE:KIND=SIZE")]
    pub faults: Vec<FunctionFault>,
    /// Seed of the draws for weighted routing and faults, to repeat a run
    #[arg(long)]
    pub seed: Option<u64>,
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
    /// What happens to one of its halves.
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
                .map_err(|error: crate::faults::FaultSpecError| error.to_string())?,
        })
    }
}

impl ServeArgs {
    /// The emulator that the user chose for an architecture, if any.
    #[must_use]
    pub fn emulator(&self, architecture: Architecture) -> Option<PathBuf> {
        match architecture {
            Architecture::Arm64 => self.qemu_aarch64.clone(),
            Architecture::X86_64 => self.qemu_x86_64.clone(),
        }
    }
}
