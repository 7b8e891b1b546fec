//! `function.json`: everything that a deploy needs to know about one function.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

mod counted;
mod guard;
mod policy;
mod resources;
mod schedule;

pub use counted::{CountedMetric, DEFAULT_NAMESPACE, MetricName, NAMESPACE_VARIABLE};
pub use guard::{ALARM_SUFFIX, GuardPolicy, alarm_name};
pub use policy::{OnInconclusive, ReplayPolicy, RolloutPolicy};
pub use resources::{
    Index, KeyAttribute, KeyType, Parameter, Permission, Queue, QueueTrigger, Table, Trigger,
    parameter_variable,
};
pub use schedule::{ScheduleError, ScheduleTrigger};

/// The layout of `function.json` that this crate reads and writes.
pub const SCHEMA_VERSION: u32 = 7;

/// File name of the manifest in `dist/<function>/`.
pub const MANIFEST_FILE: &str = "function.json";

/// The two instruction sets that Lambda runs, in AWS's spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Architecture {
    /// 64-bit Arm: AWS Graviton.
    #[serde(rename = "arm64")]
    Arm64,
    /// 64-bit x86.
    #[serde(rename = "x86_64")]
    X86_64,
}

impl Architecture {
    /// Both, in the order in which a pair is published.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Arm64];

    /// AWS's spelling: `arm64` or `x86_64`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    /// The architecture of the pair's other build.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Arm64 => Self::X86_64,
            Self::X86_64 => Self::Arm64,
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Architecture {
    type Err = ManifestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|architecture| architecture.as_str() == text)
            .ok_or_else(|| ManifestError::UnknownArchitecture(text.to_owned()))
    }
}

/// What went wrong with a `dist/<function>/` folder, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// A name that is neither `arm64` nor `x86_64`.
    #[error("unknown architecture {0:?}: use arm64 or x86_64")]
    UnknownArchitecture(String),
    /// There is no manifest: the function was never built here.
    #[error("{path} does not exist: build the function first (scripts/build.sh {function})", path = path.display())]
    Missing {
        /// The function that was asked for.
        function: String,
        /// Where its manifest should be.
        path: PathBuf,
    },
    /// The file is there but cannot be read.
    #[error("cannot read {path}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is not a manifest.
    #[error("{path} is not a function manifest: build it again (scripts/build.sh)", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// The file was written by another version of this tool.
    #[error("{path} has schema version {found}, this tool reads {SCHEMA_VERSION}: build it again (scripts/build.sh)", path = path.display())]
    SchemaVersion {
        /// The file.
        path: PathBuf,
        /// The version that it states.
        found: u32,
    },
}

/// One build's artifact: a zip with a `bootstrap` in its root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// File name of the zip, next to the manifest.
    pub zip: String,
    /// SHA-256 of the zip in base64: what Lambda calls `CodeSha256`.
    pub code_sha256: String,
    /// Size of the zip in bytes.
    pub zip_bytes: u64,
    /// Size of the `bootstrap` in it in bytes.
    pub bootstrap_bytes: u64,
    /// Commit that it was built from, with `-dirty` behind it when the tree had changes.
    pub commit: String,
}

/// Everything that a deploy needs to know about one function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionManifest {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The function's name: its crate, its folder under `functions/`, its name on Lambda.
    pub name: String,
    /// One line on what it does.
    pub description: String,
    /// Lambda runtime identifier.
    pub runtime: String,
    /// Lambda handler; custom runtimes ignore it, Lambda requires it.
    pub handler: String,
    /// Memory in MiB; 1,769 buy one vCPU.
    pub memory_mib: u32,
    /// Time limit of one invocation in seconds.
    pub timeout_s: u32,
    /// Size of `/tmp` in MiB.
    pub ephemeral_storage_mib: u32,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// What invokes it.
    pub trigger: Trigger,
    /// Tables that it uses.
    pub tables: Vec<Table>,
    /// Queues that it sends to or is invoked by.
    pub queues: Vec<Queue>,
    /// Parameters that it reads during init, by the name that it asks for.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    /// What else it may do.
    #[serde(default)]
    pub permissions: Vec<Permission>,
    /// How its responses are compared before any traffic.
    pub replay: ReplayPolicy,
    /// How its traffic is moved.
    pub rollout: RolloutPolicy,
    /// One artifact per architecture.
    pub artifacts: BTreeMap<Architecture, Artifact>,
}

impl FunctionManifest {
    /// Reads `<dist>/<function>/function.json`.
    ///
    /// # Errors
    /// [`ManifestError`] when the file is missing, unreadable, malformed or of another schema.
    pub fn read(dist: &Path, function: &str) -> Result<Self, ManifestError> {
        let path = dist.join(function).join(MANIFEST_FILE);
        let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => ManifestError::Missing {
                function: function.to_owned(),
                path: path.clone(),
            },
            _ => ManifestError::Unreadable {
                path: path.clone(),
                source,
            },
        })?;
        let malformed = |source| ManifestError::Malformed {
            path: path.clone(),
            source,
        };
        // The version first: another version's fields would only give a confusing error.
        let value: serde_json::Value = serde_json::from_str(&text).map_err(malformed)?;
        let found = value["schema_version"].as_u64().unwrap_or_default();
        if found != u64::from(SCHEMA_VERSION) {
            let found = u32::try_from(found).unwrap_or(u32::MAX);
            return Err(ManifestError::SchemaVersion { path, found });
        }
        serde_json::from_value(value).map_err(malformed)
    }
}
