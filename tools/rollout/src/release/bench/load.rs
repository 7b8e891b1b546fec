//! One invocation.

use aws_sdk_lambda::{Client, error::ProvideErrorMetadata as _, primitives::Blob, types::LogType};

use super::{Invocation, Status};
use crate::aws::{
    client::explain,
    function::{FunctionError, failed},
    routing::Version,
};

/// What came of one invocation.
#[derive(Debug, Clone, PartialEq)]
pub enum Sample {
    /// It ran.
    Ran {
        /// The version that ran.
        version: Option<Version>,
        /// Its report, unless the answer had none.
        report: Option<Invocation>,
    },
    /// It was refused, after all attempts: no environment was free.
    Throttled,
}

/// Invokes a version or an alias, and waits for the answer.
///
/// # Errors
/// [`FunctionError`] when it could not be invoked, except for throttling.
pub async fn sample(
    client: &Client,
    function: &str,
    qualifier: &str,
    payload: &[u8],
) -> Result<Sample, FunctionError> {
    let request = client
        .invoke()
        .function_name(function)
        .qualifier(qualifier)
        .log_type(LogType::Tail)
        .payload(Blob::new(payload));
    let output = match request.send().await {
        Ok(output) => output,
        Err(error) if error.code() == Some("TooManyRequestsException") => {
            return Ok(Sample::Throttled);
        }
        Err(error) => {
            let name = format!("{function}:{qualifier}");
            return Err(failed("Invoke", &name, explain(&error)));
        }
    };
    let failed = output.function_error().is_some();
    let report = output.log_result().and_then(Invocation::from_log_result);
    Ok(Sample::Ran {
        version: output.executed_version().and_then(|v| v.parse().ok()),
        report: report.map(|report| with_outcome(report, failed)),
    })
}

/// Corrects a report in text form, which may not say that the function failed; the answer does.
fn with_outcome(report: Invocation, failed: bool) -> Invocation {
    let status = match report.status {
        Status::Success if failed => Status::Error,
        status => status,
    };
    Invocation { status, ..report }
}
