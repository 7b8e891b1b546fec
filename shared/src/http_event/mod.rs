//! HTTP requests as Lambda events: payload format 2.0 (HTTP APIs of API Gateway, function URLs).
//!
//! ```text
//! event (JSON) --parse.rs--> request --lambda_http--> your axum router --> answer (JSON)
//! ```
//!
//! For Lambda an answer with status 500 is a success, so its own metric `Errors` does not count it. Every answer is
//! counted here: `Requests`, and among them `ServerErrors` (5xx), which a rollout compares.

mod parse;

pub use parse::{EventError, parse};

use axum::{Router, http::StatusCode};
use lambda_http::{Adapter, Request, Service as _, service_fn};
use lambda_runtime::LambdaEvent;
use serde::Serialize;
use serde_json::Value;

use crate::telemetry;

/// Answers an event in payload format 2.0: one invocation from event to answer.
///
/// # Errors
/// [`EventError`] when the event is no HTTP request, so that no client waits for an answer.
pub async fn handle(
    router: Router,
    event: LambdaEvent<Value>,
) -> Result<impl Serialize, EventError> {
    let event = parse(event)?;
    let counted = service_fn(move |request: Request| {
        let answer = router.clone().call(request);
        async { answer.await.inspect(|answer| count(answer.status())) }
    });
    let answering = Adapter::from(counted).call(event);
    // A router is always ready and never fails: its errors are answers.
    match answering.await {
        Ok(answer) => Ok(answer),
        Err(never) => match never {},
    }
}

fn count(status: StatusCode) {
    telemetry::count("Requests", 1);
    telemetry::count("ServerErrors", u64::from(status.is_server_error()));
}

#[cfg(test)]
mod tests;
