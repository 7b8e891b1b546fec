//! See the library.

use std::process::ExitCode;

use clap::Parser;
use rollout::{cli::Cli, outcome::Outcome, output};

#[tokio::main]
async fn main() -> ExitCode {
    output::log_to_stderr();
    match Cli::parse().execute().await {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            output::error(&error);
            Outcome::CouldNotRun.into()
        }
    }
}
