//! Synchronous invocations, and what they came to.

use anyhow::{Context as _, Result};
use aws_sdk_lambda::primitives::Blob;
use serde_json::Value;

use super::sandbox::Sandbox;

/// An invocation that Lambda has carried out: with the function's answer or its error.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// The version that ran.
    pub executed_version: String,
    /// Lambda's word when the function failed: `Unhandled`.
    pub function_error: Option<String>,
    /// The answer, or `{"errorType": …, "errorMessage": …}`.
    pub payload: Value,
}

impl Invocation {
    /// Whether the function answered.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.function_error.is_none()
    }
}

impl Sandbox {
    /// Invokes a function with JSON. The qualifier is an alias, a version or `$LATEST`.
    ///
    /// # Errors
    /// When Lambda refuses: nothing of that name, throttled, too large. A function's own error is no error here.
    pub async fn invoke(
        &self,
        function: &str,
        qualifier: &str,
        payload: &Value,
    ) -> Result<Invocation> {
        self.invoke_raw(function, qualifier, payload.to_string().into_bytes())
            .await
    }

    /// [`Sandbox::invoke`] with any bytes.
    ///
    /// # Errors
    /// As there, and when the bytes are no JSON.
    pub async fn invoke_raw(
        &self,
        function: &str,
        qualifier: &str,
        payload: Vec<u8>,
    ) -> Result<Invocation> {
        let invoke = self.lambda.invoke().function_name(function);
        let invoke = invoke.qualifier(qualifier).payload(Blob::new(payload));
        let output = invoke.send().await;
        let output = output.with_context(|| format!("cannot invoke {function}:{qualifier}"))?;
        let payload = output.payload.map(Blob::into_inner).unwrap_or_default();
        Ok(Invocation {
            executed_version: output.executed_version.unwrap_or_default(),
            function_error: output.function_error,
            payload: serde_json::from_slice(&payload)
                .with_context(|| format!("{function}:{qualifier} did not answer with JSON"))?,
        })
    }
}
