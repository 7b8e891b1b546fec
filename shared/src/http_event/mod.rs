//! HTTP requests as Lambda events: payload format 2.0 (HTTP APIs of API Gateway, function URLs).
//!
//! ```text
//! event (JSON) --parse.rs--> request --lambda_http--> your axum router --> answer (JSON)
//! ```

mod parse;

pub use parse::{EventError, parse};

use axum::Router;
use lambda_http::{Adapter, Service as _};
use lambda_runtime::LambdaEvent;
use serde::Serialize;
use serde_json::Value;

/// Answers an event in payload format 2.0: one invocation from event to answer.
///
/// # Errors
/// [`EventError`] when the event is no HTTP request, so that no client waits for an answer.
pub async fn handle(
    router: Router,
    event: LambdaEvent<Value>,
) -> Result<impl Serialize, EventError> {
    let event = parse(event)?;
    let answering = Adapter::from(router).call(event);
    // A router is always ready and never fails: its errors are answers.
    match answering.await {
        Ok(answer) => Ok(answer),
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests;
