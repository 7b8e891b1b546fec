//! The function as Lambda has it.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use aws_sdk_lambda::{Client, types::FunctionConfiguration};
use chrono::{DateTime, Utc};
use package::Architecture;
use serde::{Deserialize, Serialize};

use super::{client::explain, routing::Version};

/// In the address of a function's code in a sandbox, which AWS never has. Its query names the architectures that run
/// under an emulator on that machine.
const SANDBOX_CODE: &str = "/_sandbox/code/";

/// The function as Lambda has it.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its ARN, without a version.
    pub arn: String,
    /// Its tags, as far as the caller may see them.
    pub tags: HashMap<String, String>,
    /// Memory in MiB, of its unpublished state.
    pub memory_mib: u32,
    /// Architectures that run under an emulator: their time and cost mean nothing.
    pub emulated: BTreeSet<Architecture>,
}

/// Why nothing is known about the function.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// There is none of that name.
    #[error(
        "function {0} does not exist: create it first with scripts/deploy.sh {0}, or with Terraform \
         (infra/function), or in a sandbox with sandbox apply {0}"
    )]
    Missing(String),
    /// A benchmark needs `$LATEST` for a moment.
    #[error(
        "$LATEST of {function} is borrowed by rollout bench until {until} at the latest: try again in a \
         minute; if that was killed, the next rollout bench {function} --memory ... --take-over puts \
         it back"
    )]
    Borrowed {
        /// The function.
        function: String,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// The call failed, after all its retries.
    #[error("{operation} of {function} failed: {cause}")]
    Call {
        /// The API operation.
        operation: &'static str,
        /// The function.
        function: String,
        /// What AWS said, or why it said nothing.
        cause: String,
    },
}

/// Reads the function.
///
/// # Errors
/// [`FunctionError::Missing`] when there is none of that name.
pub async fn read(client: &Client, name: &str) -> Result<Function, FunctionError> {
    let output = client
        .get_function()
        .function_name(name)
        .send()
        .await
        .map_err(|error| {
            let missing = error
                .as_service_error()
                .is_some_and(|error| error.is_resource_not_found_exception());
            if missing {
                FunctionError::Missing(name.to_owned())
            } else {
                failed("GetFunction", name, explain(&error))
            }
        })?;
    let location = output.code().and_then(|code| code.location());
    Ok(Function {
        name: name.to_owned(),
        arn: text(output.configuration().and_then(|it| it.function_arn())),
        tags: output.tags().cloned().unwrap_or_default(),
        memory_mib: output.configuration().map_or(0, memory_mib),
        emulated: location.map(emulated).unwrap_or_default(),
    })
}

/// The error of a call about the function.
pub(crate) fn failed(operation: &'static str, function: &str, cause: String) -> FunctionError {
    FunctionError::Call {
        operation,
        function: function.to_owned(),
        cause,
    }
}

pub(crate) fn memory_mib(configuration: &FunctionConfiguration) -> u32 {
    let memory = configuration.memory_size().unwrap_or_default();
    u32::try_from(memory).unwrap_or_default()
}

/// A text of the API that may be missing.
pub(crate) fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

/// What the address of a function's code says of emulators.
fn emulated(location: &str) -> BTreeSet<Architecture> {
    let file = location.split_once(SANDBOX_CODE).map(|(_, file)| file);
    let list = file.and_then(|file| file.split_once("?emulated="));
    let words = list.map(|(_, list)| list).unwrap_or_default().split(',');
    words.filter_map(|word| word.parse().ok()).collect()
}

/// A published version with what it was built for; shown as `arm64 (version 2)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The version.
    pub version: Version,
    /// What it was built for; unknown when the version was deleted.
    pub architecture: Option<Architecture>,
    /// Whether it runs under an emulator.
    pub emulated: bool,
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.architecture {
            Some(architecture) => write!(f, "{architecture} (version {})", self.version),
            None => write!(f, "version {}", self.version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_code_says_what_a_sandbox_emulates() {
        let of = |list: &str| emulated(&format!("http://127.0.0.1:1/_sandbox/code/00.zip{list}"));
        assert!(of("").is_empty() && of("?emulated=").is_empty());
        assert_eq!(of("?emulated=arm64"), BTreeSet::from([Architecture::Arm64]));
        assert_eq!(of("?emulated=arm64,x86_64").len(), 2);
        let aws = "https://awslambda-eu-west-1-tasks.s3.eu-west-1.amazonaws.com/a?emulated=arm64";
        assert!(emulated(aws).is_empty());
    }
}
