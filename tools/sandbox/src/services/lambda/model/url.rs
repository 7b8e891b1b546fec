//! The URL of a function or of one of its aliases.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use tokio_util::sync::DropGuard;

/// Who may call a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthType {
    /// Everyone, if the resource policy says so.
    None,
    /// Who signs the request.
    AwsIam,
}

impl AuthType {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::AwsIam => "AWS_IAM",
        }
    }
}

/// How the function's answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvokeMode {
    /// As a whole.
    Buffered,
    /// As the function writes it.
    ResponseStream,
}

impl InvokeMode {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buffered => "BUFFERED",
            Self::ResponseStream => "RESPONSE_STREAM",
        }
    }
}

/// A URL, which is served until this is dropped.
#[derive(Debug)]
pub struct FunctionUrl {
    /// The URL.
    pub url: String,
    /// Who may call it.
    pub auth_type: AuthType,
    /// How the answer comes, if that was set.
    pub invoke_mode: Option<InvokeMode>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it was changed last.
    pub modified: DateTime<Utc>,
    /// Stops the server.
    pub open: DropGuard,
}

impl FunctionUrl {
    /// What all answers about it have.
    #[must_use]
    pub fn to_json(&self, arn: &str) -> Value {
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Micros, true);
        let mut json = json!({
            "FunctionUrl": self.url,
            "FunctionArn": arn,
            "AuthType": self.auth_type.as_str(),
            "CreationTime": time(self.created),
            "LastModifiedTime": time(self.modified),
        });
        if let Some(mode) = self.invoke_mode {
            json["InvokeMode"] = json!(mode.as_str());
        }
        json
    }
}
