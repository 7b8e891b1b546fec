//! Publishes a pair: both builds as two versions, and the aliases at them.

use aws_sdk_lambda::Client;
use package::{Architecture, FunctionManifest};
use serde::Serialize;

use super::{
    artifacts::{CheckedBuild, CheckedPair},
    newest::Newest,
    pair::Pair,
};
use crate::aws::{
    LIVE,
    alias::{self, AliasError},
    function::FunctionError,
    routing::{Routing, Version},
    versions::{self, Code, object_key},
};

/// A build and its version.
#[derive(Debug, Serialize)]
pub struct PublishedBuild {
    /// What it runs on.
    pub architecture: Architecture,
    /// Its version.
    pub version: Version,
    /// Whether this run published it; otherwise an earlier one has.
    pub published: bool,
    /// Whether its alias had to be created or moved.
    pub alias_moved: bool,
}

/// What was done about `live`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Live {
    /// There was none.
    Created,
    /// It was there, or is somebody else's to create.
    LeftAsItWas,
}

/// Why a pair is not published as a whole.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A build was not published.
    #[error(
        "the {architecture} build was not published; rollout publish {function} goes on from here: {source}"
    )]
    Build {
        /// The build's architecture.
        architecture: Architecture,
        /// The function.
        function: String,
        /// Why.
        source: FunctionError,
    },
    /// The versions cannot be listed.
    #[error(transparent)]
    Function(#[from] FunctionError),
    /// An alias cannot be read or moved.
    #[error(transparent)]
    Alias(#[from] AliasError),
}

/// What the aliases `x86_64` and `arm64` point at, if they exist.
///
/// # Errors
/// [`AliasError`] when AWS does not answer.
pub async fn newest_pair(client: &Client, function: &str) -> Result<Pair, AliasError> {
    let x86_64 = alias::find(client, function, Architecture::X86_64.as_str()).await?;
    let arm64 = alias::find(client, function, Architecture::Arm64.as_str()).await?;
    Ok(Pair {
        x86_64: x86_64.map(|alias| alias.routing.primary),
        arm64: arm64.map(|alias| alias.routing.primary),
    })
}

/// Publishes what is not published yet, and then points the aliases at it: an alias never points at an
/// incomplete pair. With a bucket, Lambda takes the artifacts from there. `published` is called
/// with every version as soon as it is published.
///
/// # Errors
/// [`PublishError`]. What was published until then stays; the next run goes on from there.
pub async fn publish(
    client: &Client,
    manifest: &FunctionManifest,
    checked: &CheckedPair,
    bucket: Option<&str>,
    mut published: impl FnMut(Version, Architecture),
) -> Result<Vec<PublishedBuild>, PublishError> {
    let function = &manifest.name;
    let versions = versions::list(client, function).await?;
    let pair = Pair::find(&versions, manifest, &newest_pair(client, function).await?);
    let mut builds = Vec::new();
    for build in &checked.builds {
        let architecture = build.architecture;
        let found = pair.version(architecture);
        let version = match found {
            Some(version) => version,
            None => {
                let version = publish_build(client, manifest, build, bucket).await?;
                published(version, architecture);
                version
            }
        };
        builds.push(PublishedBuild {
            architecture,
            version,
            published: found.is_none(),
            alias_moved: false,
        });
    }
    for build in &mut builds {
        build.alias_moved = move_alias(client, function, build, &checked.commit).await?;
    }
    Ok(builds)
}

async fn publish_build(
    client: &Client,
    manifest: &FunctionManifest,
    build: &CheckedBuild,
    bucket: Option<&str>,
) -> Result<Version, PublishError> {
    let architecture = build.architecture;
    let artifact = &manifest.artifacts[&architecture];
    let code = match bucket {
        None => Code::Zip(build.zip.clone()),
        Some(bucket) => Code::Object {
            bucket: bucket.to_owned(),
            key: object_key(&manifest.name, artifact),
        },
    };
    versions::publish(client, &manifest.name, architecture, artifact, code)
        .await
        .map_err(|source| PublishError::Build {
            architecture,
            function: manifest.name.clone(),
            source,
        })
}

/// Points the architecture's alias at its version; says whether it had to.
async fn move_alias(
    client: &Client,
    function: &str,
    build: &PublishedBuild,
    commit: &str,
) -> Result<bool, AliasError> {
    let name = build.architecture.as_str();
    let newest = Newest {
        architecture: build.architecture,
        commit: commit.to_owned(),
        failed_replay: false,
    };
    let description = newest.to_string();
    let routing = Routing::alone(build.version);
    match alias::find(client, function, name).await? {
        Some(found) if found.routing == routing => return Ok(false),
        Some(found) => {
            alias::compare_and_swap(client, &found, routing, &description).await?;
        }
        None => {
            alias::create(client, function, name, build.version, &description).await?;
        }
    }
    Ok(true)
}

/// Creates `live` at a version unless it is there; from then on it belongs to `rollout run`.
///
/// # Errors
/// [`AliasError`] when AWS refuses.
pub async fn create_live(
    client: &Client,
    function: &str,
    version: Version,
) -> Result<Live, AliasError> {
    if alias::find(client, function, LIVE).await?.is_some() {
        return Ok(Live::LeftAsItWas);
    }
    alias::create(client, function, LIVE, version, "").await?;
    Ok(Live::Created)
}
