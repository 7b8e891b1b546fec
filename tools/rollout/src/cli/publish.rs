//! `rollout publish`: checks both builds, and publishes them as two versions with an alias at each.

use clap::Args;
use serde::Serialize;

use super::{
    context::{Context, Outcome},
    output::Output,
};
use crate::{
    aws::{LIVE, function},
    release::{
        artifacts::{self, CheckedPair, Upload},
        publish::{self, Live, PublishedBuild},
    },
    report::table,
};

const BYTES_PER_KIB: u64 = 1024;

/// Arguments of `rollout publish`.
#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
    /// Check both artifacts and upload nothing
    #[arg(long, conflicts_with = "leave_live")]
    pub check: bool,
    /// Leave `live` to Terraform (infra/function), which makes it itself
    #[arg(long)]
    pub leave_live: bool,
    /// Take the artifacts from this bucket, where Terraform has put them: for zips of more than 50 MiB
    #[arg(long, value_name = "NAME")]
    pub bucket: Option<String>,
}

/// What was published and what was left as it was.
#[derive(Debug, Serialize)]
struct Published {
    function: String,
    commit: String,
    builds: Vec<PublishedBuild>,
    live: Live,
}

/// Runs it.
///
/// # Errors
/// When the artifacts are not fit, the function does not exist, or AWS refuses. What was published
/// until then stays; the next run goes on from there.
pub(super) async fn publish(args: PublishArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    let upload = match &args.bucket {
        Some(_) => Upload::ByBucket,
        None => Upload::Direct,
    };
    let folder = context.dist.join(context.local(&args.function));
    let checked = artifacts::check(&folder, &manifest, upload)?;
    show(&checked, &context.output)?;
    if args.check {
        context.output.json(&checked)?;
        return Ok(Outcome::Done);
    }
    let lambda = &context.clients.lambda;
    let function = function::read(lambda, &args.function).await?;
    let tell = |version, architecture| {
        // A reader that goes away does not end a release.
        let _ = context
            .output
            .line(format!("published version {version} ({architecture})"));
    };
    let bucket = args.bucket.as_deref();
    let builds = publish::publish(lambda, &manifest, &checked, bucket, tell).await?;
    context.keep_policy(&function).await;
    let live = match builds.first() {
        Some(first) if !args.leave_live => {
            publish::create_live(lambda, &args.function, first.version).await?
        }
        _ => Live::LeftAsItWas,
    };
    let published = Published {
        function: args.function,
        commit: checked.commit,
        builds,
        live,
    };
    context.output.json(&published)?;
    context.output.line(published.sentence())?;
    Ok(Outcome::Done)
}

/// Shows to people what the checks have found.
fn show(checked: &CheckedPair, output: &Output) -> std::io::Result<()> {
    let rows = checked.builds.iter().map(|build| {
        [
            build.architecture.to_string(),
            build
                .glibc
                .map_or("-".to_owned(), |glibc| glibc.to_string()),
            (build.zip_bytes / BYTES_PER_KIB).to_string(),
            (build.bootstrap_bytes / BYTES_PER_KIB).to_string(),
            table::commit(&checked.commit),
        ]
    });
    let header = [
        "architecture",
        "needs glibc",
        "zip KiB",
        "bootstrap KiB",
        "commit",
    ];
    output.line(table::plain(header, rows))
}

impl Published {
    fn sentence(&self) -> String {
        let (published, found): (Vec<_>, Vec<_>) =
            self.builds.iter().partition(|build| build.published);
        let mut parts = Vec::new();
        if published.is_empty() {
            parts.push(format!(
                "nothing to publish: {} already are this code",
                names(&found)
            ));
        } else {
            parts.push(format!(
                "published {} of commit {}",
                names(&published),
                table::commit(&self.commit)
            ));
            if !found.is_empty() {
                parts.push(format!("{} was published before", names(&found)));
            }
        }
        let moved: Vec<_> = self
            .builds
            .iter()
            .filter(|build| build.alias_moved)
            .collect();
        parts.extend(moved.iter().map(|build| {
            format!(
                "alias {} points at version {}",
                build.architecture, build.version
            )
        }));
        if self.live == Live::Created {
            parts.push(format!(
                "created {LIVE} at version {}",
                self.builds[0].version
            ));
        }
        parts.join("; ")
    }
}

fn names(builds: &[&PublishedBuild]) -> String {
    let names: Vec<_> = builds
        .iter()
        .map(|build| format!("version {} ({})", build.version, build.architecture))
        .collect();
    names.join(" and ")
}
