//! The command line: flags that every command has, one file per command, terminal output, exit codes.
//!
//! | file | what |
//! | --- | --- |
//! | `deployed.rs`, `applied.rs`, `publish.rs`, `replay.rs`, `run/`, `promote.rs`, `abort.rs`, `rollback.rs`, `status.rs`, `report.rs`, `prune.rs`, `bench.rs` | a command each: its arguments, then the function that runs it |
//! | `args.rs` | arguments that several commands have |
//! | `context.rs` | what every command gets: AWS clients, the dist folder, where its output goes; exit codes |
//! | `output.rs` | the only place that writes to stdout and stderr |
//! | `signals.rs` | SIGINT, SIGTERM, SIGHUP, and the question on a terminal |
//! | `view/`, `journal.rs` | a run while it goes on; what happened, a JSON line each |
//!
//! May use everything else of this crate.

mod abort;
mod applied;
mod args;
mod bench;
mod context;
mod deployed;
mod journal;
mod output;
mod pause;
mod promote;
mod prune;
mod publish;
mod recorder;
mod replay;
mod report;
mod rollback;
mod run;
mod signals;
mod status;
mod view;
mod watch;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::aws::client::Connection;
pub use context::Outcome;
use context::{ConnectionArgs, Context};
use output::{Format, Output};
pub use output::{error, log_to_stderr};
use run::After;

/// Publish a pair of versions, move `live` from one to the other, and roll back when the new one is worse.
///
/// Exit codes: 0 done or promoted, 1 rolled back or refused by a check, 2 could not run, 3 paused or inconclusive.
#[derive(Debug, Parser)]
#[command(name = "rollout", version)]
pub struct Cli {
    #[command(flatten)]
    common: CommonArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct CommonArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Folder that scripts/build.sh writes to; the function's own folder is in it
    #[arg(long, global = true, default_value = "dist", value_name = "FOLDER")]
    dist: PathBuf,
    /// What the names of functions begin with on AWS, and not in the dist folder: PROJECT-ENVIRONMENT- (infra/names)
    #[arg(
        long,
        global = true,
        env = "FUNCTION_PREFIX",
        default_value = "",
        hide_default_value = true,
        value_name = "TEXT"
    )]
    prefix: String,
    /// Write JSON lines for machines instead of text for people
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check both artifacts, publish them as two versions, and point the aliases x86_64 and arm64 at these
    Publish(publish::PublishArgs),
    /// Say of each function whether `live` serves what was built, or is moving to it, and what is to be deployed
    Deployed(deployed::DeployedArgs),
    /// Keep the commit that Terraform has applied, for `deployed --before-apply`
    Applied(applied::AppliedArgs),
    /// Send the sample events to both builds: do they answer alike, and as expected?
    Replay(replay::ReplayArgs),
    /// Move `live` to the candidate in steps, and back to the baseline when it is worse
    Run(run::RunArgs),
    /// The same with a candidate that was rolled back: `run` refuses to try it once more
    Retry(run::RunArgs),
    /// Start a rollout, which the controller in the account then moves on: nothing has to stay switched on
    Start(run::StartArgs),
    /// Look on while a rollout goes on; leaving it changes nothing
    Watch(watch::WatchArgs),
    /// Keep the weight of the rollout that is under way until `resume` or `promote`; it stays watched
    Pause(pause::PauseArgs),
    /// Let a rollout that was paused go on
    Resume(pause::PauseArgs),
    /// Give the candidate of the rollout that is under way its next weight now, or everything with --full
    Promote(promote::PromoteArgs),
    /// End the rollout that is under way: the candidate's weight goes back to 0
    Abort(abort::AbortArgs),
    /// Point `live` at one version alone, such as an earlier one
    Rollback(rollback::RollbackArgs),
    /// Show versions, aliases, weight and recent counts
    Status(status::StatusArgs),
    /// Both versions side by side: errors, durations, cost
    Report(report::ReportArgs),
    /// Delete old pairs that no alias uses; shows them and deletes nothing without --yes
    Prune(prune::PruneArgs),
    /// Invoke both builds with one event, also at other memory sizes: which is fastest, which cheapest
    Bench(bench::BenchArgs),
}

impl Cli {
    /// Runs the command that was asked for.
    ///
    /// # Errors
    /// When it could not run: the text says what happened, to what, and what to do.
    pub async fn execute(mut self) -> anyhow::Result<Outcome> {
        let format = if self.common.json {
            Format::Json
        } else {
            Format::Human
        };
        let context = Context {
            clients: Connection::from(self.common.connection).connect().await,
            dist: self.common.dist,
            prefix: self.common.prefix,
            output: Output::stdout(format),
        };
        for function in self.command.functions() {
            *function = context.on_aws(function);
        }
        match self.command {
            Command::Publish(args) => publish::publish(args, &context).await,
            Command::Deployed(args) => deployed::deployed(args, &context).await,
            Command::Applied(args) => applied::applied(args, &context).await,
            Command::Replay(args) => replay::replay(args, &context).await,
            Command::Run(args) => run::run(args, false, After::Stay, &context).await,
            Command::Retry(args) => run::run(args, true, After::Stay, &context).await,
            Command::Start(args) => run::run(args.run, args.retry, After::Leave, &context).await,
            Command::Watch(args) => watch::watch(args, &context).await,
            Command::Pause(args) => pause::pause(args, true, &context).await,
            Command::Resume(args) => pause::pause(args, false, &context).await,
            Command::Promote(args) => promote::promote(args, &context).await,
            Command::Abort(args) => abort::abort(args, &context).await,
            Command::Rollback(args) => rollback::rollback(args, &context).await,
            Command::Status(args) => status::status(args, &context).await,
            Command::Report(args) => report::report(args, &context).await,
            Command::Prune(args) => prune::prune(args, &context).await,
            Command::Bench(args) => bench::bench(args, &context).await,
        }
    }
}

impl Command {
    /// The functions that it is about.
    fn functions(&mut self) -> &mut [String] {
        let function = match self {
            Self::Deployed(args) => return &mut args.functions,
            Self::Publish(args) => &mut args.function,
            Self::Applied(args) => &mut args.function,
            Self::Replay(args) => &mut args.function,
            Self::Run(args) | Self::Retry(args) => &mut args.function,
            Self::Start(args) => &mut args.run.function,
            Self::Watch(args) => &mut args.function,
            Self::Pause(args) | Self::Resume(args) => &mut args.function,
            Self::Promote(args) => &mut args.function,
            Self::Abort(args) => &mut args.function,
            Self::Rollback(args) => &mut args.function,
            Self::Status(args) => &mut args.function,
            Self::Report(args) => &mut args.function,
            Self::Prune(args) => &mut args.function,
            Self::Bench(args) => &mut args.function,
        };
        std::slice::from_mut(function)
    }
}
