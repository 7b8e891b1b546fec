//! What the user can ask for: one file per command, each with its arguments and a `run`.
//!
//! - [`serve`], [`start`], [`stop`], [`status`]: a sandbox, in the foreground or in the background.
//! - [`apply`], [`delete`], [`invoke`], [`logs`], [`mod@test`], [`traffic`], [`watch`]: a function in a running sandbox.
//! - [`mod@events`]: what was put to EventBridge.
//! - [`fault`], [`service_fault`]: what goes wrong on purpose.
//! - [`terminal`]: the one place that writes to the terminal, and waits for its signals.
//!
//! May use every other layer; none uses this one.

pub mod apply;
pub mod delete;
pub mod events;
pub mod fault;
pub mod invoke;
pub mod logs;
pub mod serve;
pub mod service_fault;
pub mod start;
pub mod status;
pub mod stop;
pub mod terminal;
pub mod test;
pub mod traffic;
pub mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An AWS account in one process, on loopback: Lambda with both architectures, DynamoDB, SQS, CloudWatch metrics.
#[derive(Debug, Parser)]
#[command(name = "sandbox", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// One command, one file.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the sandbox in the foreground until SIGINT or SIGTERM
    Serve(serve::ServeArgs),
    /// Run the sandbox in the background; returns when it is ready
    Start(serve::ServeArgs),
    /// Stop the sandbox of a folder and every process that it started
    Stop(stop::StopArgs),
    /// Say whether a sandbox runs, where, and with which functions
    Status(status::StatusArgs),
    /// Create or update a function from dist/<function>/function.json, as Terraform does on AWS
    Apply(apply::ApplyArgs),
    /// Delete a function; its tables and queues stay
    Delete(delete::DeleteArgs),
    /// Invoke a function once and print what it answers
    Invoke(invoke::InvokeArgs),
    /// Print what a function has logged, in time order
    Logs(logs::LogsArgs),
    /// Send the sample events to both builds of a function: do they answer alike, and as expected?
    ///
    /// Takes dist/<FUNCTION> as scripts/build.sh wrote it. Applies the function as `sandbox apply` does, then puts
    /// each build in turn into $LATEST and invokes that: nothing is published, and no alias moves.
    Test(test::TestArgs),
    /// Print the last events that were put to EventBridge, the oldest first
    Events(events::EventsArgs),
    /// Set, list or clear the faults of a function
    Fault(fault::FaultArgs),
    /// Set, list or clear the faults of services
    ServiceFault(service_fault::ServiceFaultArgs),
    /// Send scenarios or invocations at a steady rate
    Traffic(traffic::TrafficArgs),
    /// Build a function at every save, and make it $LATEST
    Watch(watch::WatchArgs),
}

/// Does what the user asked for.
///
/// # Errors
/// With the context of the command; the caller prints it and exits with 2.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(args) => serve::run(args).await,
        Command::Start(args) => start::run(args).await,
        Command::Stop(args) => stop::run(args).await,
        Command::Status(args) => status::run(args).await,
        Command::Apply(args) => apply::run(args).await,
        Command::Delete(args) => delete::run(args).await,
        Command::Invoke(args) => invoke::run(args).await,
        Command::Logs(args) => logs::run(args).await,
        Command::Test(args) => test::run(args).await,
        Command::Events(args) => events::run(args).await,
        Command::Fault(args) => fault::run(args).await,
        Command::ServiceFault(args) => service_fault::run(args).await,
        Command::Traffic(args) => traffic::run(args).await,
        Command::Watch(args) => watch::run(args).await,
    }
}
