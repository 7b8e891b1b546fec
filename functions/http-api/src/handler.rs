//! One invocation: event, request, answer.

use axum::Router;
use lambda_http::{Adapter, Service as _};
use lambda_runtime::LambdaEvent;
use serde::Serialize;
use serde_json::Value;

use crate::event::{self, EventError};

/// Answers an event in payload format 2.0.
///
/// # Errors
/// [`EventError`] when the event is no HTTP request: then there is nobody who waits for an answer.
pub async fn handle(
    router: Router,
    event: LambdaEvent<Value>,
) -> Result<impl Serialize, EventError> {
    let event = event::parse(event)?;
    let answering = Adapter::from(router).call(event);
    // A router is always ready, and never fails: its errors are answers.
    match answering.await {
        Ok(answer) => Ok(answer),
        Err(never) => match never {},
    }
}
