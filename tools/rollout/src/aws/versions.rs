//! Published versions: list, compare, publish.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_lambda::{
    Client,
    client::Waiters,
    primitives::Blob,
    types::{self, FunctionConfiguration},
};
use package::{
    Architecture, Artifact, FunctionManifest,
    manifest::{DEFAULT_NAMESPACE, NAMESPACE_VARIABLE},
};

use super::{
    client::explain,
    function::{Build, Function, FunctionError, failed, memory_mib, text},
    latest::Latest,
    routing::{NotAVersion, Version},
};

/// How long Lambda gets to make a version active.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the function has: its unpublished state and its versions.
#[derive(Debug, Clone)]
pub struct Versions {
    /// Settings of `$LATEST`: those that the next version gets.
    pub settings: Settings,
    /// Published versions, oldest first.
    pub published: Vec<PublishedVersion>,
}

/// A published version.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedVersion {
    /// Its number.
    pub version: Version,
    /// What it was built for.
    pub architecture: Architecture,
    /// SHA-256 of its zip, in base64.
    pub code_sha256: String,
    /// Size of its zip in bytes: what it takes of the account's code storage.
    pub code_bytes: u64,
    /// `<commit> <architecture>` when `publish` made it.
    pub description: String,
    /// Everything else that it was published with.
    pub settings: Settings,
}

/// A function's settings apart from its code, as far as a version freezes them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// Memory in MiB.
    pub memory_mib: u32,
    /// The time limit of an invocation, in seconds.
    pub timeout_s: i32,
    role: String,
    runtime: String,
    handler: String,
    ephemeral_storage_mib: i32,
    environment: BTreeMap<String, String>,
    layers: Vec<String>,
    subnets: Vec<String>,
    security_groups: Vec<String>,
    file_systems: Vec<String>,
    dead_letter_target: String,
    kms_key: String,
    tracing: String,
    logging: [String; 4],
    snap_start: String,
}

/// Two versions that no alias can route to at once
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html>).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no alias can route to versions {} and {}: Lambda wants the same {setting} of both, and they have {} and {}. \
     Publish a pair with that of version {0} first, or point live at it without a rollout (rollout rollback --to)",
    versions[0], versions[1], or_none(&values[0]), or_none(&values[1])
)]
pub struct NotTogether {
    setting: &'static str,
    versions: [Version; 2],
    values: [String; 2],
}

fn or_none(value: &str) -> &str {
    if value.is_empty() { "none" } else { value }
}

impl Settings {
    /// The namespace of the metrics that the function writes.
    #[must_use]
    pub fn namespace(&self) -> String {
        let named = self.environment.get(NAMESPACE_VARIABLE);
        named.map_or(DEFAULT_NAMESPACE, String::as_str).to_owned()
    }

    /// What `function.json` says, for tests.
    #[cfg(test)]
    pub(crate) fn of(manifest: &FunctionManifest) -> Self {
        let number = |value: u32| i32::try_from(value).expect("a small number");
        Self {
            memory_mib: manifest.memory_mib,
            timeout_s: number(manifest.timeout_s),
            ephemeral_storage_mib: number(manifest.ephemeral_storage_mib),
            runtime: manifest.runtime.clone(),
            handler: manifest.handler.clone(),
            environment: manifest.environment.clone(),
            ..Self::default()
        }
    }

    /// The settings that `function.json` says otherwise. Of the environment its own variables alone: Terraform adds
    /// names of tables and queues.
    #[must_use]
    pub fn other_than(&self, manifest: &FunctionManifest) -> Vec<&'static str> {
        let number = |text: i32| u32::try_from(text).unwrap_or_default();
        let own = |(key, value): (&String, &String)| self.environment.get(key) == Some(value);
        [
            ("memory", self.memory_mib == manifest.memory_mib),
            ("timeout", number(self.timeout_s) == manifest.timeout_s),
            (
                "size of /tmp",
                number(self.ephemeral_storage_mib) == manifest.ephemeral_storage_mib,
            ),
            ("runtime", self.runtime == manifest.runtime),
            ("handler", self.handler == manifest.handler),
            ("environment", manifest.environment.iter().all(own)),
        ]
        .into_iter()
        .filter_map(|(name, same)| (!same).then_some(name))
        .collect()
    }
}

impl PublishedVersion {
    /// Whether an alias can route to both.
    ///
    /// # Errors
    /// [`NotTogether`], with the setting in which they differ.
    pub fn can_share_alias_with(&self, other: &Self) -> Result<(), NotTogether> {
        let [own, others] = [&self.settings, &other.settings];
        for (setting, values) in [
            ("execution role", [&own.role, &others.role]),
            (
                "dead-letter queue",
                [&own.dead_letter_target, &others.dead_letter_target],
            ),
        ] {
            if values[0] != values[1] {
                return Err(NotTogether {
                    setting,
                    versions: [self.version, other.version],
                    values: values.map(String::clone),
                });
            }
        }
        Ok(())
    }

    /// Whether this is that artifact, published with those settings.
    #[must_use]
    pub fn is(&self, architecture: Architecture, artifact: &Artifact, settings: &Settings) -> bool {
        self.has_code(architecture, artifact) && self.settings == *settings
    }

    /// Whether this is that artifact, whatever its settings.
    #[must_use]
    pub fn has_code(&self, architecture: Architecture, artifact: &Artifact) -> bool {
        self.architecture == architecture && self.code_sha256 == artifact.code_sha256
    }

    /// The commit that it was built from, when `publish` made it.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        let (commit, architecture) = self.description.split_once(' ')?;
        (architecture == self.architecture.as_str()).then_some(commit)
    }
}

/// The version of that number, unless it was deleted.
#[must_use]
pub fn find(published: &[PublishedVersion], version: Version) -> Option<&PublishedVersion> {
    published.iter().find(|found| found.version == version)
}

/// What a version was built for, and whether it is emulated.
#[must_use]
pub fn build(function: &Function, version: Version, published: &[PublishedVersion]) -> Build {
    let architecture = find(published, version).map(|found| found.architecture);
    Build {
        version,
        architecture,
        emulated: architecture.is_some_and(|a| function.emulated.contains(&a)),
    }
}

/// The other build of a version's pair: its neighbour, published as the other architecture of the same
/// commit with the same settings.
#[must_use]
pub fn other_build(published: &[PublishedVersion], of: Version) -> Option<Version> {
    let of = find(published, of)?;
    let number = match of.architecture {
        Architecture::X86_64 => of.version.number() + 1,
        Architecture::Arm64 => of.version.number().checked_sub(1)?,
    };
    published
        .iter()
        .find(|other| other.version.number() == number)
        .filter(|other| other.architecture != of.architecture)
        .filter(|other| other.commit().is_some() && other.commit() == of.commit())
        .filter(|other| other.settings == of.settings)
        .map(|other| other.version)
}

/// Lists the versions of a function.
///
/// # Errors
/// [`FunctionError`] when there is no such function, or AWS does not answer.
pub async fn list(client: &Client, function: &str) -> Result<Versions, FunctionError> {
    let mut pages = client
        .list_versions_by_function()
        .function_name(function)
        .into_paginator()
        .items()
        .send();
    let mut versions = Versions {
        settings: Settings::default(),
        published: Vec::new(),
    };
    while let Some(item) = pages.next().await {
        let configuration = item.map_err(|error| {
            let missing = error
                .as_service_error()
                .is_some_and(|error| error.is_resource_not_found_exception());
            if missing {
                FunctionError::Missing(function.to_owned())
            } else {
                failed("ListVersionsByFunction", function, explain(&error))
            }
        })?;
        match published(&configuration) {
            Some(version) => versions.published.push(version),
            None => versions.settings = Settings::from(&configuration),
        }
    }
    versions
        .published
        .sort_by_key(|published| published.version);
    Ok(versions)
}

/// Where Lambda gets a build's code from.
#[derive(Debug, Clone)]
pub enum Code {
    /// From the request.
    Zip(Vec<u8>),
    /// From a bucket.
    Object {
        /// The bucket.
        bucket: String,
        /// The object's key.
        key: String,
    },
}

/// Where Terraform puts an artifact in the artifact bucket (infra/modules/function/publish.tf).
#[must_use]
pub fn object_key(function: &str, artifact: &Artifact) -> String {
    // base64 may have slashes, and a key with one is a folder to people.
    let hash = artifact.code_sha256.replace('/', "_");
    format!("{function}/{hash}.zip")
}

/// Publishes one build: its code becomes `$LATEST`, and `$LATEST` becomes a version.
///
/// # Errors
/// [`FunctionError`] when AWS refuses, or takes longer than five minutes.
pub async fn publish(
    client: &Client,
    function: &str,
    architecture: Architecture,
    artifact: &Artifact,
    code: Code,
) -> Result<Version, FunctionError> {
    Latest::settled(client, function).await?.free(function)?;
    update_code(client, function, architecture, code).await?;
    let latest = Latest::settled(client, function).await?.free(function)?;
    let version = publish_latest(client, &latest, function, architecture, artifact).await?;
    wait_until_active(client, function, version).await?;
    Ok(version)
}

/// Deletes a version; one that is gone already is no error.
///
/// # Errors
/// [`FunctionError`] when AWS refuses: Lambda deletes no version that an alias routes to.
pub async fn delete(
    client: &Client,
    function: &str,
    version: Version,
) -> Result<(), FunctionError> {
    let sent = client
        .delete_function()
        .function_name(function)
        .qualifier(version.to_string())
        .send();
    match sent.await {
        Ok(_) => Ok(()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_resource_not_found_exception()) =>
        {
            Ok(())
        }
        Err(error) => Err(failed("DeleteFunction", function, explain(&error))),
    }
}

async fn update_code(
    client: &Client,
    function: &str,
    architecture: Architecture,
    code: Code,
) -> Result<(), FunctionError> {
    let request = client
        .update_function_code()
        .function_name(function)
        .architectures(architecture.as_str().into());
    let request = match code {
        Code::Zip(zip) => request.zip_file(Blob::new(zip)),
        Code::Object { bucket, key } => request.s3_bucket(bucket).s3_key(key),
    };
    request
        .send()
        .await
        .map(drop)
        .map_err(|error| failed("UpdateFunctionCode", function, explain(&error)))
}

/// The revision makes Lambda refuse when somebody else has changed anything in between.
async fn publish_latest(
    client: &Client,
    latest: &Latest,
    function: &str,
    architecture: Architecture,
    artifact: &Artifact,
) -> Result<Version, FunctionError> {
    let output = client
        .publish_version()
        .function_name(function)
        .code_sha256(&artifact.code_sha256)
        .revision_id(&latest.revision_id)
        .description(format!("{} {architecture}", artifact.commit))
        .send()
        .await
        .map_err(|error| failed("PublishVersion", function, explain(&error)))?;
    output
        .version()
        .unwrap_or_default()
        .parse()
        .map_err(|error: NotAVersion| failed("PublishVersion", function, error.to_string()))
}

pub(crate) async fn wait_until_active(
    client: &Client,
    function: &str,
    version: Version,
) -> Result<(), FunctionError> {
    client
        .wait_until_published_version_active()
        .function_name(function)
        .qualifier(version.to_string())
        .wait(PATIENCE)
        .await
        .map(drop)
        .map_err(|error| {
            failed(
                "activation",
                function,
                format!("version {version}: {error}"),
            )
        })
}

/// `None` for `$LATEST`.
fn published(configuration: &FunctionConfiguration) -> Option<PublishedVersion> {
    Some(PublishedVersion {
        version: configuration.version()?.parse().ok()?,
        // Functions from before Graviton have no architecture: they are x86_64.
        architecture: configuration
            .architectures()
            .first()
            .and_then(|architecture| architecture.as_str().parse().ok())
            .unwrap_or(Architecture::X86_64),
        code_sha256: text(configuration.code_sha256()),
        code_bytes: u64::try_from(configuration.code_size()).unwrap_or_default(),
        description: text(configuration.description()),
        settings: Settings::from(configuration),
    })
}

impl From<&FunctionConfiguration> for Settings {
    fn from(from: &FunctionConfiguration) -> Self {
        let vpc = from.vpc_config();
        let logging = from.logging_config();
        Self {
            memory_mib: memory_mib(from),
            role: text(from.role()),
            runtime: text(from.runtime().map(types::Runtime::as_str)),
            handler: text(from.handler()),
            timeout_s: from.timeout().unwrap_or_default(),
            ephemeral_storage_mib: from
                .ephemeral_storage()
                .map_or(512, |storage| storage.size()),
            environment: from
                .environment()
                .and_then(|environment| environment.variables())
                .map(|variables| variables.clone().into_iter().collect())
                .unwrap_or_default(),
            layers: from
                .layers()
                .iter()
                .map(|layer| text(layer.arn()))
                .collect(),
            subnets: sorted(vpc.map(types::VpcConfigResponse::subnet_ids)),
            security_groups: sorted(vpc.map(types::VpcConfigResponse::security_group_ids)),
            file_systems: from
                .file_system_configs()
                .iter()
                .map(|system| format!("{} {}", system.arn(), system.local_mount_path()))
                .collect(),
            dead_letter_target: text(from.dead_letter_config().and_then(|d| d.target_arn())),
            kms_key: text(from.kms_key_arn()),
            tracing: text(
                from.tracing_config()
                    .and_then(|t| t.mode())
                    .map(|m| m.as_str()),
            ),
            logging: [
                text(logging.and_then(|l| l.log_format()).map(|f| f.as_str())),
                text(
                    logging
                        .and_then(|l| l.application_log_level())
                        .map(|l| l.as_str()),
                ),
                text(
                    logging
                        .and_then(|l| l.system_log_level())
                        .map(|l| l.as_str()),
                ),
                text(logging.and_then(|l| l.log_group())),
            ],
            snap_start: text(
                from.snap_start()
                    .and_then(|s| s.apply_on())
                    .map(|a| a.as_str()),
            ),
        }
    }
}

fn sorted(values: Option<&[String]>) -> Vec<String> {
    let mut values = values.unwrap_or_default().to_vec();
    values.sort();
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: &str, role: &str, dead_letter_target: &str) -> PublishedVersion {
        PublishedVersion {
            version: number.parse().expect("a version"),
            architecture: Architecture::Arm64,
            code_sha256: String::new(),
            code_bytes: 0,
            description: String::new(),
            settings: Settings {
                role: role.to_owned(),
                dead_letter_target: dead_letter_target.to_owned(),
                ..Settings::default()
            },
        }
    }

    #[test]
    fn versions_with_another_role_or_dead_letter_queue_share_no_alias_and_the_error_says_which() {
        let one = version("1", "role/a", "");
        assert_eq!(
            one.can_share_alias_with(&version("2", "role/a", "")),
            Ok(())
        );
        let other_role = one.can_share_alias_with(&version("2", "role/b", ""));
        let text = other_role.expect_err("another role").to_string();
        assert!(
            text.contains("the same execution role of both, and they have role/a and role/b"),
            "{text}"
        );
        let other_queue = one.can_share_alias_with(&version("2", "role/a", "queue"));
        let text = other_queue.expect_err("another queue").to_string();
        assert!(text.contains("they have none and queue"), "{text}");
    }
}
