//! `rollout set`.

use clap::Args;

use crate::{context::Context, outcome::Outcome};

/// Arguments of `rollout set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
}

/// Runs it.
///
/// # Errors
/// When it could not run.
pub async fn set(args: SetArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    anyhow::bail!("set of {} is not there yet", manifest.name)
}
