//! One file per subcommand, each with its arguments and a `run`.

pub mod apply;
pub mod fault;
pub mod serve;
pub mod service_fault;
pub mod start;
pub mod status;
pub mod stop;
pub mod test;
pub mod traffic;

use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// Does what the user asked for.
///
/// # Errors
/// With the context of the subcommand; the caller prints it and exits with 2.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(args) => serve::run(args).await,
        Command::Start(args) => start::run(args).await,
        Command::Stop(args) => stop::run(args).await,
        Command::Status(args) => status::run(args).await,
        Command::Apply(args) => apply::run(args).await,
        Command::Test(args) => test::run(args).await,
        Command::Fault(args) => fault::run(args).await,
        Command::ServiceFault(args) => service_fault::run(args).await,
        Command::Traffic(args) => traffic::run(args).await,
    }
}
