//! `rollout abort`.

use clap::Args;

use crate::{context::Context, outcome::Outcome};

/// Arguments of `rollout abort`.
#[derive(Debug, Args)]
pub struct AbortArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
}

/// Runs it.
///
/// # Errors
/// When it could not run.
pub async fn abort(args: AbortArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    anyhow::bail!("abort of {} is not there yet", manifest.name)
}
