//! `rollout run`.

use clap::Args;

use crate::{context::Context, outcome::Outcome};

/// Arguments of `rollout run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
}

/// Runs it.
///
/// # Errors
/// When it could not run.
pub async fn run(args: RunArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    anyhow::bail!("run of {} is not there yet", manifest.name)
}
