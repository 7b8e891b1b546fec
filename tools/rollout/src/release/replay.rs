//! Replays a sample event on both builds.

use aws_sdk_lambda::{Client, primitives::Blob};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use package::{Architecture, replay::Answer};

use crate::aws::{
    client::explain,
    function::{FunctionError, failed},
};

/// Tells the function that this is a replay: one with the shared crate's telemetry then counts no metrics, since sample
/// events that must fail would be the candidate's failures in the rollout that follows.
const CLIENT_CONTEXT: &str = r#"{"custom":{"replay":"true"}}"#;

/// Sends an event to both builds at the same time, through their aliases: the answers of x86_64 and arm64.
///
/// # Errors
/// [`FunctionError`] when a build cannot be invoked.
pub async fn replay(
    client: &Client,
    function: &str,
    payload: &[u8],
) -> Result<[Answer; 2], FunctionError> {
    let invoke =
        |architecture: Architecture| invoke(client, function, architecture.as_str(), payload);
    let [x86_64, arm64] = Architecture::ALL.map(invoke);
    let (x86_64, arm64) = tokio::try_join!(x86_64, arm64)?;
    Ok([x86_64, arm64])
}

/// Invokes a function through one of its aliases and waits for the answer. Throttled requests are tried
/// again, as every call is.
async fn invoke(
    client: &Client,
    function: &str,
    alias: &str,
    payload: &[u8],
) -> Result<Answer, FunctionError> {
    let output = client
        .invoke()
        .function_name(function)
        .qualifier(alias)
        .payload(Blob::new(payload))
        .client_context(BASE64_STANDARD.encode(CLIENT_CONTEXT))
        .send()
        .await
        .map_err(|error| failed("Invoke", &format!("{function}:{alias}"), explain(&error)))?;
    let payload = output.payload().map_or(&[][..], AsRef::as_ref);
    Ok(Answer::new(payload, output.function_error().is_some()))
}
