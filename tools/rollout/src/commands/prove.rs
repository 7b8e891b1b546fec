//! `rollout prove`.

use clap::Args;

use crate::{context::Context, outcome::Outcome};

/// Arguments of `rollout prove`.
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
}

/// Runs it.
///
/// # Errors
/// When it could not run.
pub fn prove(args: ProveArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    anyhow::bail!("prove of {} is not there yet", manifest.name)
}
