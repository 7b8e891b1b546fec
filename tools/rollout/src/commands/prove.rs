//! `rollout prove`: checks both artifacts of a function without uploading anything.

use clap::Args;

use crate::{
    context::Context,
    outcome::Outcome,
    output::Output,
    proof::{self, Proof, Upload},
    table,
};

const BYTES_PER_KIB: u64 = 1024;

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
/// When the function was not built, or an artifact is not what it should be.
pub fn prove(args: ProveArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    let proof = proof::prove(
        &context.dist.join(&args.function),
        &manifest,
        Upload::Direct,
    )?;
    context.output.json(&proof)?;
    show(&proof, &context.output)?;
    Ok(Outcome::Done)
}

/// Shows a proof to people.
pub(super) fn show(proof: &Proof, output: &Output) -> std::io::Result<()> {
    let rows = proof.halves.iter().map(|half| {
        [
            half.architecture.to_string(),
            half.glibc.map_or("-".to_owned(), |glibc| glibc.to_string()),
            (half.zip_bytes / BYTES_PER_KIB).to_string(),
            (half.bootstrap_bytes / BYTES_PER_KIB).to_string(),
            table::commit(&proof.commit),
        ]
    });
    let header = ["half", "needs glibc", "zip KiB", "bootstrap KiB", "commit"];
    output.line(table::plain(header, rows))
}
