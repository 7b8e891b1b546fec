//! `rollout publish`: both halves as two versions, and the aliases at them.

use anyhow::Context as _;
use clap::Args;
use package::{Architecture, FunctionManifest};
use serde::Serialize;

use crate::{
    LIVE,
    alias::{self, Routing, Version},
    context::Context,
    function,
    outcome::Outcome,
    output::Output,
    pair::Pair,
    proof::{self, HalfProof, Proof, Upload},
    table,
    versions::{self, Code, object_key},
};

const BYTES_PER_KIB: u64 = 1024;

/// Arguments of `rollout publish`.
#[derive(Debug, Args)]
pub struct PublishArgs {
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
struct Report {
    function: String,
    commit: String,
    halves: Vec<PublishedHalf>,
    live: Live,
}

/// A half and its version.
#[derive(Debug, Serialize)]
struct PublishedHalf {
    architecture: Architecture,
    version: Version,
    /// Whether this run published it; otherwise an earlier one has.
    published: bool,
    /// Whether its alias had to be created or moved.
    alias_moved: bool,
}

/// What became of `live`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Live {
    Created,
    LeftAsItWas,
}

/// Runs it.
///
/// # Errors
/// When the artifacts are not fit, the function does not exist, or AWS refuses. What was published
/// until then stays; the next run goes on from there.
pub async fn publish(args: PublishArgs, context: &Context) -> anyhow::Result<Outcome> {
    let manifest = context.manifest(&args.function)?;
    let upload = match &args.bucket {
        Some(_) => Upload::ByBucket,
        None => Upload::Direct,
    };
    let folder = context.dist.join(&args.function);
    let proof = proof::prove(&folder, &manifest, upload)?;
    show(&proof, &context.output)?;
    if args.check {
        context.output.json(&proof)?;
        return Ok(Outcome::Done);
    }
    function::read(&context.clients.lambda, &args.function).await?;

    let halves = publish_halves(context, &manifest, &proof, args.bucket.as_deref()).await?;
    let live = if args.leave_live {
        Live::LeftAsItWas
    } else {
        create_live(context, &args.function, &halves).await?
    };
    let report = Report {
        function: args.function,
        commit: proof.commit,
        halves,
        live,
    };
    context.output.json(&report)?;
    context.output.line(report.sentence())?;
    Ok(Outcome::Done)
}

/// Shows to people what the checks have found.
fn show(proof: &Proof, output: &Output) -> std::io::Result<()> {
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

/// Both versions before either alias: an alias never points at half a pair.
async fn publish_halves(
    context: &Context,
    manifest: &FunctionManifest,
    proof: &Proof,
    bucket: Option<&str>,
) -> anyhow::Result<Vec<PublishedHalf>> {
    let lambda = &context.clients.lambda;
    let versions = versions::list(lambda, &manifest.name).await?;
    let pair = Pair::find(
        &versions,
        manifest,
        &half_aliases(context, &manifest.name).await?,
    );
    let mut halves = Vec::new();
    for half in &proof.halves {
        let found = pair.half(half.architecture);
        let version = match found {
            Some(version) => version,
            None => publish_half(context, manifest, half, bucket).await?,
        };
        halves.push(PublishedHalf {
            architecture: half.architecture,
            version,
            published: found.is_none(),
            alias_moved: false,
        });
    }
    for half in &mut halves {
        half.alias_moved = move_alias(context, &manifest.name, half, &proof.commit).await?;
    }
    Ok(halves)
}

pub(super) async fn half_aliases(context: &Context, function: &str) -> anyhow::Result<Pair> {
    let lambda = &context.clients.lambda;
    let x86_64 = alias::find(lambda, function, Architecture::X86_64.as_str()).await?;
    let arm64 = alias::find(lambda, function, Architecture::Arm64.as_str()).await?;
    Ok(Pair {
        x86_64: x86_64.map(|alias| alias.routing.primary),
        arm64: arm64.map(|alias| alias.routing.primary),
    })
}

async fn publish_half(
    context: &Context,
    manifest: &FunctionManifest,
    half: &HalfProof,
    bucket: Option<&str>,
) -> anyhow::Result<Version> {
    let architecture = half.architecture;
    let artifact = &manifest.artifacts[&architecture];
    let lambda = &context.clients.lambda;
    let code = match bucket {
        None => Code::Zip(half.zip.clone()),
        Some(bucket) => Code::Object {
            bucket: bucket.to_owned(),
            key: object_key(&manifest.name, artifact),
        },
    };
    let version = versions::publish(lambda, &manifest.name, architecture, artifact, code)
        .await
        .with_context(|| {
            format!(
                "the {architecture} half was not published; rollout publish {} goes on from here",
                manifest.name
            )
        })?;
    context
        .output
        .line(format!("published version {version} ({architecture})"))?;
    Ok(version)
}

/// Points the half's own alias at its version; says whether it had to.
async fn move_alias(
    context: &Context,
    function: &str,
    half: &PublishedHalf,
    commit: &str,
) -> anyhow::Result<bool> {
    let lambda = &context.clients.lambda;
    let name = half.architecture.as_str();
    let description = format!("newest {name} half, commit {commit}");
    let routing = Routing::alone(half.version);
    match alias::find(lambda, function, name).await? {
        Some(found) if found.routing == routing => return Ok(false),
        Some(found) => {
            alias::compare_and_swap(lambda, &found, routing, &description).await?;
        }
        None => {
            alias::create(lambda, function, name, half.version, &description).await?;
        }
    }
    Ok(true)
}

/// `live` begins at the x86_64 half, and from then on belongs to `rollout run`.
async fn create_live(
    context: &Context,
    function: &str,
    halves: &[PublishedHalf],
) -> anyhow::Result<Live> {
    let lambda = &context.clients.lambda;
    if alias::find(lambda, function, LIVE).await?.is_some() {
        return Ok(Live::LeftAsItWas);
    }
    let first = halves.first().context("a proof has two halves")?;
    alias::create(lambda, function, LIVE, first.version, "").await?;
    Ok(Live::Created)
}

impl Report {
    fn sentence(&self) -> String {
        let (published, found): (Vec<_>, Vec<_>) =
            self.halves.iter().partition(|half| half.published);
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
        let moved: Vec<_> = self.halves.iter().filter(|half| half.alias_moved).collect();
        parts.extend(moved.iter().map(|half| {
            format!(
                "alias {} points at version {}",
                half.architecture, half.version
            )
        }));
        if self.live == Live::Created {
            parts.push(format!(
                "created {LIVE} at version {}",
                self.halves[0].version
            ));
        }
        parts.join("; ")
    }
}

fn names(halves: &[&PublishedHalf]) -> String {
    let names: Vec<_> = halves
        .iter()
        .map(|half| format!("version {} ({})", half.version, half.architecture))
        .collect();
    names.join(" and ")
}
