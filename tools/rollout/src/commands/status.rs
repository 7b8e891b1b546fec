//! `rollout status`.

use clap::Args;

use crate::{context::Context, outcome::Outcome};

/// Arguments of `rollout status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
}

/// Runs it.
///
/// # Errors
/// When it could not run.
pub async fn status(args: StatusArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    anyhow::bail!("status of {} is not there yet", manifest.name)
}
