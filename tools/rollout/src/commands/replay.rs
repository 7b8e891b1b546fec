//! `rollout replay`.

use clap::Args;

use crate::{context::Context, outcome::Outcome};

/// Arguments of `rollout replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
}

/// Runs it.
///
/// # Errors
/// When it could not run.
pub async fn replay(args: ReplayArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    anyhow::bail!("replay of {} is not there yet", manifest.name)
}
