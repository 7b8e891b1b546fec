//! One version of a function: code and settings that never change again. What callers may set, and its limits, is known
//! to the Lambda service.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::{DateTime, Utc};
use package::Architecture;
use serde::{Deserialize, Serialize};

use super::code::Code;

/// `$LATEST`, or the number of a published version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VersionNumber {
    /// What updates change and what is published.
    Latest,
    /// Published, counted from 1.
    Published(u64),
}

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("$LATEST"),
            Self::Published(number) => write!(f, "{number}"),
        }
    }
}

/// Tells states of code and settings apart: an update of `$LATEST` makes a new one, so that its processes are not
/// reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionId(u64);

impl VersionId {
    /// One that was never used before.
    #[must_use]
    pub fn unique() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Everything but the code that makes a version what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// ARN of the execution role. Nothing is checked against it.
    pub role: String,
    /// Handler; the `bootstrap` gets it as `_HANDLER`.
    pub handler: String,
    /// Runtime identifier.
    pub runtime: String,
    /// Description.
    pub description: String,
    /// Time limit of one invocation in seconds.
    pub timeout_s: u32,
    /// Configured memory in MiB. Reported to the function, not enforced.
    pub memory_mib: u32,
    /// Size of `/tmp` in MiB. Reported, not enforced.
    pub ephemeral_storage_mib: u32,
    /// The function's own environment variables, if any were ever set: AWS answers none and no variables differently.
    pub environment: Option<BTreeMap<String, String>>,
    /// Instruction set of the code.
    pub architecture: Architecture,
    /// `Active` or `PassThrough`. Reported only: there is no X-Ray.
    pub tracing_mode: String,
    /// Log format and levels.
    pub logging: Logging,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            role: String::new(),
            handler: String::new(),
            runtime: String::new(),
            description: String::new(),
            timeout_s: 3,
            memory_mib: 128,
            ephemeral_storage_mib: 512,
            environment: None,
            architecture: Architecture::X86_64,
            tracing_mode: "PassThrough".to_owned(),
            logging: Logging::default(),
        }
    }
}

/// `LoggingConfig`: the functions see it in their environment, as on Lambda.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Logging {
    /// `Text` or `JSON`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_format: Option<String>,
    /// Least level of the function's own records, with `JSON`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_log_level: Option<String>,
    /// Least level of Lambda's records, with `JSON`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_log_level: Option<String>,
    /// Log group, when it is not `/aws/lambda/<function>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
}

/// Code and settings under a number. `$LATEST` is replaced as a whole, never changed in place.
#[derive(Debug, Clone)]
pub struct Version {
    /// Identity of this state.
    pub id: VersionId,
    /// Name of the function.
    pub function: String,
    /// Region of the request that created the function; only ARNs and the environment show it.
    pub region: String,
    /// Number.
    pub number: VersionNumber,
    /// Description: the one that was given when publishing, or that of the settings.
    pub description: String,
    /// Settings, with the description that `$LATEST` had.
    pub settings: Settings,
    /// Code.
    pub code: Arc<Code>,
    /// Changes with every update.
    pub revision_id: String,
    /// When this state came to be.
    pub last_modified: DateTime<Utc>,
}

impl Version {
    /// A new state of `$LATEST`.
    #[must_use]
    pub fn latest(function: &str, region: &str, settings: Settings, code: Arc<Code>) -> Self {
        Self {
            id: VersionId::unique(),
            function: function.to_owned(),
            region: region.to_owned(),
            number: VersionNumber::Latest,
            description: settings.description.clone(),
            settings,
            code,
            revision_id: new_revision(),
            last_modified: Utc::now(),
        }
    }

    /// This state under another number.
    #[must_use]
    pub fn publish(&self, number: u64, description: Option<String>) -> Self {
        Self {
            id: VersionId::unique(),
            function: self.function.clone(),
            region: self.region.clone(),
            number: VersionNumber::Published(number),
            description: description.unwrap_or_else(|| self.settings.description.clone()),
            settings: self.settings.clone(),
            code: Arc::clone(&self.code),
            revision_id: new_revision(),
            last_modified: Utc::now(),
        }
    }

    /// This state under another `RevisionId`.
    #[must_use]
    pub fn revised(&self) -> Self {
        Self {
            revision_id: new_revision(),
            ..self.clone()
        }
    }

    /// Whether publishing this would only repeat `other`.
    #[must_use]
    pub fn same_content(&self, other: &Self) -> bool {
        self.code.sha256 == other.code.sha256 && self.settings == other.settings
    }

    /// Name of the CloudWatch log group that Lambda would write to.
    #[must_use]
    pub fn log_group(&self) -> String {
        let own = self.settings.logging.log_group.clone();
        own.unwrap_or_else(|| format!("/aws/lambda/{}", self.function))
    }
}

/// A `RevisionId` that was never used before.
#[must_use]
pub fn new_revision() -> String {
    uuid::Uuid::new_v4().to_string()
}
