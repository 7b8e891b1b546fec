//! `rollout applied`: keeps the commit that Terraform has applied, so that an older one is seen.

use std::collections::BTreeMap;

use clap::Args;

use super::context::{Context, Outcome};
use crate::{
    aws::{function, tags},
    delivery::tags::APPLIED,
};

/// Arguments of `rollout applied`.
#[derive(Debug, Args)]
pub(super) struct AppliedArgs {
    /// Name of the function, which is built
    #[arg(value_name = "FUNCTION")]
    pub function: String,
}

/// Runs it.
///
/// # Errors
/// When the function is not built or does not exist, or AWS refuses.
pub(super) async fn applied(args: AppliedArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    let lambda = &context.clients.lambda;
    let function = function::read(lambda, &args.function).await?;
    let commit = manifest.artifacts.into_values().next();
    let set = commit.map(|artifact| (APPLIED.to_owned(), artifact.commit));
    tags::change(lambda, &function, BTreeMap::from_iter(set), Vec::new()).await?;
    Ok(Outcome::Done)
}
