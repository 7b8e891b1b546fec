//! `rollout compare`.

use clap::Args;

use crate::{context::Context, outcome::Outcome};

/// Arguments of `rollout compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
}

/// Runs it.
///
/// # Errors
/// When it could not run.
pub async fn compare(args: CompareArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    anyhow::bail!("compare of {} is not there yet", manifest.name)
}
