//! See the library.

use std::process::ExitCode;

use clap::Parser;
use rollout::cli::{self, Cli, Outcome};

#[tokio::main]
async fn main() -> ExitCode {
    cli::log_to_stderr();
    match Cli::parse().execute().await {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            cli::error(&error);
            Outcome::CouldNotRun.into()
        }
    }
}
