//! One version of a function: code and settings that never change again.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{code::Code, names, settings::Settings};

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

/// Code and settings under a number. `$LATEST` is replaced as a whole, never changed in place.
#[derive(Debug)]
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
    /// Invocations of the whole function that run now; shared by all of its versions.
    pub in_flight: Arc<AtomicU32>,
}

impl Version {
    /// A new state of `$LATEST`.
    #[must_use]
    pub fn latest(
        function: &str,
        region: &str,
        settings: Settings,
        code: Arc<Code>,
        in_flight: Arc<AtomicU32>,
    ) -> Self {
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
            in_flight,
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
            in_flight: Arc::clone(&self.in_flight),
        }
    }

    /// Whether publishing this would only repeat `other`.
    #[must_use]
    pub fn same_content(&self, other: &Self) -> bool {
        self.code.sha256 == other.code.sha256 && self.settings == other.settings
    }

    /// ARN with a qualifier. AWS leaves it out for `$LATEST` unless the caller asked with one.
    #[must_use]
    pub fn arn(&self, qualified: bool) -> String {
        let number = self.number.to_string();
        names::function_arn(
            &self.region,
            &self.function,
            qualified.then_some(number.as_str()),
        )
    }

    /// `FunctionConfiguration` on the wire.
    #[must_use]
    pub fn to_json(&self, qualified: bool) -> Value {
        let settings = &self.settings;
        let mut json = json!({
            "FunctionName": self.function,
            "FunctionArn": self.arn(qualified || self.number != VersionNumber::Latest),
            "Runtime": settings.runtime,
            "Role": settings.role,
            "Handler": settings.handler,
            "CodeSize": self.code.zip_bytes,
            "Description": self.description,
            "Timeout": settings.timeout_s,
            "MemorySize": settings.memory_mib,
            "LastModified": self.last_modified.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string(),
            "CodeSha256": self.code.sha256,
            "Version": self.number.to_string(),
            "TracingConfig": {"Mode": settings.tracing_mode},
            "RevisionId": self.revision_id,
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "PackageType": "Zip",
            "Architectures": [settings.architecture.as_str()],
            "EphemeralStorage": {"Size": settings.ephemeral_storage_mib},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "LoggingConfig": {
                "LogFormat": settings.logging.log_format.as_deref().unwrap_or("Text"),
                "LogGroup": self.log_group(),
            },
        });
        if !settings.environment.is_empty() {
            json["Environment"] = json!({"Variables": settings.environment});
        }
        for (name, level) in [
            (
                "ApplicationLogLevel",
                &settings.logging.application_log_level,
            ),
            ("SystemLogLevel", &settings.logging.system_log_level),
        ] {
            if let Some(level) = level {
                json["LoggingConfig"][name] = json!(level);
            }
        }
        json
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

/// Tags of a function.
pub type Tags = BTreeMap<String, String>;
