//! `rollout publish`.

use clap::Args;

use crate::{context::Context, outcome::Outcome};

/// Arguments of `rollout publish`.
#[derive(Debug, Args)]
pub struct PublishArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
}

/// Runs it.
///
/// # Errors
/// When it could not run.
pub async fn publish(args: PublishArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    anyhow::bail!("publish of {} is not there yet", manifest.name)
}
