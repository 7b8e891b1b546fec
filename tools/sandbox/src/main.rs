//! See the library.

use std::process::ExitCode;

use clap::Parser as _;
use sandbox::cli::{self, Cli, terminal};

#[tokio::main]
async fn main() -> ExitCode {
    match cli::run(Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            terminal::error_line(format_args!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}
