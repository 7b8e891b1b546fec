//! What is asked of an environment and what comes of it: requests, results, and errors in Lambda's words.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{faults::DrawnFaults, lifecycle::ExtensionFailure, record::Outcome, version::Version};

/// Largest response in bytes. The 100 bytes above 6 MiB are Lambda's.
pub const MAX_RESPONSE_BYTES: usize = 6 * 1024 * 1024 + 100;

/// One invocation of one version.
#[derive(Debug, Clone)]
pub struct Request {
    /// Request id.
    pub id: String,
    /// The event.
    pub payload: Bytes,
    /// ARN that was invoked, with its qualifier.
    pub invoked_arn: String,
    /// What is to go wrong.
    pub faults: DrawnFaults,
    /// Whether the end of the log is wanted.
    pub tail: bool,
    /// X-Ray trace header of the caller.
    pub trace: Option<String>,
    /// Client context of the caller, as JSON.
    pub client_context: Option<String>,
    /// How many environments of the version are provisioned ones.
    pub provisioned: u32,
}

/// What the caller of an invocation gets.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Whether it is a function error.
    pub failed: bool,
    /// The response, or the error as JSON.
    pub body: Bytes,
    /// The end of the log, if it was wanted.
    pub tail: Option<Vec<u8>>,
}

/// One invocation that is over.
#[derive(Debug)]
pub struct Finished {
    /// When it began.
    pub started: DateTime<Utc>,
    /// Time until the runtime and all extensions were ready for the next event.
    pub duration: Duration,
    /// Time that is billed.
    pub billed: Duration,
    /// Time of the initialisation, at a cold start.
    pub init: Option<Duration>,
    /// How it ended: what failed after the answer is no part of the answer.
    pub outcome: Outcome,
    /// The answer.
    pub answer: Answer,
    /// Peak resident memory of the process in MiB.
    pub max_memory_mib: u64,
}

/// Why a function did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It was still working at its time limit.
    TimedOut,
    /// Its process ended; how, in Lambda's words.
    Exited(String),
    /// Its process ended after an extension had said that it has failed.
    Extension(ExtensionFailure, String),
    /// It posted an error about its initialisation.
    InitError(Bytes),
    /// It posted an error about the event.
    HandlerError(Bytes),
    /// Its response is too large.
    ResponseTooLarge,
    /// Its process cannot be started; why.
    InvalidEntrypoint(String),
    /// The emulator for its architecture is missing; which.
    NoEmulator(String),
    /// An error was injected.
    Injected,
}

impl Failure {
    /// How this counts.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::TimedOut => Outcome::Timeout,
            Self::Exited(_)
            | Self::Extension(..)
            | Self::InitError(_)
            | Self::InvalidEntrypoint(_) => Outcome::Crash,
            Self::HandlerError(_)
            | Self::ResponseTooLarge
            | Self::NoEmulator(_)
            | Self::Injected => Outcome::Error,
        }
    }

    /// Whether another attempt would end the same way.
    #[must_use]
    pub const fn is_lasting(&self) -> bool {
        matches!(self, Self::InvalidEntrypoint(_) | Self::NoEmulator(_))
    }

    /// Lambda's name for it.
    #[must_use]
    pub const fn error_type(&self) -> &'static str {
        match self {
            Self::TimedOut => "Sandbox.Timedout",
            Self::Exited(_) => "Runtime.ExitError",
            Self::Extension(failure, _) => failure.error_type(),
            Self::InitError(_) => "Runtime.InitError",
            Self::HandlerError(_) => "Function.Error",
            Self::ResponseTooLarge => "Function.ResponseSizeTooLarge",
            Self::InvalidEntrypoint(_) => "Runtime.InvalidEntrypoint",
            // These two do not exist on Lambda.
            Self::NoEmulator(_) => "Sandbox.NoEmulator",
            Self::Injected => "Sandbox.InjectedError",
        }
    }

    /// What the log says; nothing when the function has said it itself.
    #[must_use]
    pub fn message(&self, version: &Version) -> Option<String> {
        Some(match self {
            Self::TimedOut => format!(
                "Task timed out after {:.2} seconds",
                f64::from(version.settings.timeout_s)
            ),
            Self::Exited(how) | Self::Extension(_, how) => how.clone(),
            Self::ResponseTooLarge => {
                format!(
                    "Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
                )
            }
            Self::InvalidEntrypoint(why) | Self::NoEmulator(why) => why.clone(),
            Self::Injected => "The sandbox injected this error".to_owned(),
            Self::InitError(_) | Self::HandlerError(_) => return None,
        })
    }

    /// What the caller gets.
    #[must_use]
    pub fn body(&self, request_id: &str, version: &Version) -> Bytes {
        let message = match (self, self.message(version)) {
            (Self::InitError(body) | Self::HandlerError(body), _) => return body.clone(),
            (Self::ResponseTooLarge, message) => message.unwrap_or_default(),
            (_, message) => format!(
                "RequestId: {request_id} Error: {}",
                message.unwrap_or_default()
            ),
        };
        json!({"errorType": self.error_type(), "errorMessage": message})
            .to_string()
            .into()
    }

    /// How the `REPORT` line puts it.
    #[must_use]
    pub const fn status(&self) -> (&'static str, &'static str) {
        match self {
            Self::TimedOut => ("timeout", ""),
            _ => ("error", self.error_type()),
        }
    }
}
