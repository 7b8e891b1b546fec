//! `rollout prune`: deletes old pairs that no alias uses.
//!
//! Safe to kill and to repeat: every version is deleted by itself, after one more look at the aliases,
//! and Lambda itself deletes no version that an alias routes to. A caller that uses a version's number
//! instead of an alias cannot be seen.

use std::collections::HashMap;

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use super::context::{Context, Outcome};
use crate::{
    aws::{
        function, provisioned,
        routing::Version,
        versions::{self, PublishedVersion},
    },
    delivery::{
        frozen::{Frozen, Next},
        tags::{NEXT, RUN, TagsError},
    },
    release::prune::{self, Disposition, Use},
    report::table,
};

/// How many pairs stay however old they are: far enough back for any release that somebody may want to
/// return to by hand. A pair of `hasher` takes 1.4 MiB of the 75 GB.
const KEEP: &str = "5";

/// Arguments of `rollout prune`.
#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
    /// How many of the newest pairs stay in any case
    #[arg(long, value_name = "N", default_value = KEEP)]
    keep: usize,
    /// Delete; without it nothing is deleted, and what would be is shown
    #[arg(long)]
    yes: bool,
}

/// A version and its disposition.
#[derive(Debug, Serialize)]
struct Row {
    version: Version,
    architecture: package::Architecture,
    commit: Option<String>,
    code_bytes: u64,
    #[serde(flatten)]
    disposition: Disposition,
}

/// Runs it.
///
/// # Errors
/// When AWS does not answer, or refuses to delete.
pub(super) async fn prune(args: PruneArgs, context: &Context) -> anyhow::Result<Outcome> {
    if args.keep == 0 {
        bail!("--keep 0: at least 1, the pair that was published last");
    }
    let (lambda, function) = (&context.clients.lambda, &args.function);
    let published = versions::list(lambda, function).await?.published;
    let provisioned = provisioned::list(lambda, function).await?;
    let uses = uses(context, function).await?;
    let sorted = prune::sort_out(&published, args.keep, &uses, &provisioned);
    let rows: Vec<Row> = sorted.into_iter().map(Row::new).collect();
    context.output.line(table(&rows))?;

    let mut gone = Vec::new();
    for row in rows
        .iter()
        .filter(|row| row.disposition == Disposition::Delete)
    {
        if args.yes && !delete(context, function, row.version).await? {
            continue;
        }
        gone.push(row);
    }
    let bytes: u64 = gone.iter().map(|row| row.code_bytes).sum();
    context.output.json(&serde_json::json!({
        "function": function,
        "deleted": args.yes,
        "gone": gone.iter().map(|row| row.version).collect::<Vec<_>>(),
        "freed_bytes": bytes,
        "versions": rows,
    }))?;
    context.output.line(summary(&args, gone.len(), bytes))?;
    Ok(Outcome::Done)
}

/// Aliases and rollouts with the versions that they use.
async fn uses(context: &Context, name: &str) -> anyhow::Result<Vec<Use>> {
    let lambda = &context.clients.lambda;
    let mut uses = prune::uses(lambda, name).await?;
    uses.extend(of_rollouts(&function::read(lambda, name).await?.tags)?);
    Ok(uses)
}

/// What rollouts use that no alias routes to: one that awaits approval or has a move to come, and the one that waits for it.
fn of_rollouts(tags: &HashMap<String, String>) -> Result<Vec<Use>, TagsError> {
    let run = RUN.read::<Frozen>(tags)?.map(|frozen| Use {
        alias: "the rollout under way".to_owned(),
        versions: frozen
            .moves
            .iter()
            .flat_map(|it| [it.baseline.version, it.candidate.version])
            .collect(),
    });
    let next = NEXT.read::<Next>(tags)?.map(|next| Use {
        alias: "the rollout that comes next".to_owned(),
        versions: vec![next.goal],
    });
    Ok(run.into_iter().chain(next).collect())
}

/// Deletes a version unless an alias has come to use it; `false` when one has.
async fn delete(context: &Context, function: &str, version: Version) -> anyhow::Result<bool> {
    let uses = uses(context, function).await?;
    if let Some(user) = prune::user(&uses, version) {
        let line = format!("version {version} stays: {user} has come to use it");
        context.output.line(line)?;
        return Ok(false);
    }
    versions::delete(&context.clients.lambda, function, version).await?;
    Ok(true)
}

fn summary(args: &PruneArgs, count: usize, bytes: u64) -> String {
    let mib = bytes as f64 / (1024.0 * 1024.0);
    let (function, keep) = (&args.function, args.keep);
    if count == 0 {
        return format!(
            "nothing to delete: {function} has no older versions than its newest {keep} pairs that nothing uses"
        );
    }
    match args.yes {
        true => format!("deleted {count} versions of {function}, {mib:.1} MiB"),
        false => format!(
            "would delete {count} versions of {function}, {mib:.1} MiB: rollout prune {function} --keep {keep} --yes"
        ),
    }
}

impl Row {
    fn new((published, disposition): (&PublishedVersion, Disposition)) -> Self {
        Self {
            version: published.version,
            architecture: published.architecture,
            commit: published.commit().map(str::to_owned),
            code_bytes: published.code_bytes,
            disposition,
        }
    }

    fn cells(&self) -> [String; 5] {
        let disposition = match &self.disposition {
            Disposition::Delete => "delete".to_owned(),
            Disposition::New => "stays: new".to_owned(),
            Disposition::Used { alias } => format!("stays: {alias} needs its pair"),
            Disposition::Provisioned => "stays: provisioned concurrency".to_owned(),
            Disposition::Foreign => "stays: not from rollout publish".to_owned(),
        };
        let commit = self.commit.as_deref();
        [
            self.architecture.to_string(),
            self.version.to_string(),
            commit.map_or_else(|| "-".to_owned(), table::commit),
            (self.code_bytes / 1024).to_string(),
            disposition,
        ]
    }
}

fn table(rows: &[Row]) -> String {
    let header = [
        "architecture",
        "version",
        "commit",
        "zip KiB",
        "disposition",
    ];
    table::plain(header, rows.iter().map(Row::cells))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_awaits_approval_or_comes_next_is_used() {
        let build =
            |version: u64| json!({"version": version, "architecture": "arm64", "emulated": false});
        let run = json!({
            "started": "2026-11-23T14:30:00Z",
            "moves": [{"baseline": build(1), "candidate": build(3), "change": "release"}],
            "policy": {}, "until": null, "timeout_s": 3, "namespace": "shop", "sources": [],
        });
        let next = json!({"goal": 5, "policy": {}, "until": null});
        let mut tags = RUN.write(&run).expect("tags");
        tags.extend(NEXT.write(&next).expect("tags"));
        let uses = of_rollouts(&tags.into_iter().collect()).expect("are read");
        let of = |number: u64| prune::user(&uses, number.to_string().parse().expect("a version"));
        assert_eq!([of(1), of(3)], [Some("the rollout under way"); 2]);
        assert_eq!(of(5), Some("the rollout that comes next"));
        assert_eq!(of(4), None);
        assert!(of_rollouts(&HashMap::new()).is_ok_and(|uses| uses.is_empty()));
    }
}
