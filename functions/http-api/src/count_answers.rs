//! A tower layer that counts answers with errors, the caller's (4xx) and ours (5xx).
//!
//! For Lambda an answer with status 500 is a success, so its own metric `Errors` does not count it.

use axum::{extract::Request, middleware::Next, response::Response};
use shared::telemetry;

/// Counts `ClientErrors` (4xx) and `ServerErrors` (5xx), zeros included.
pub async fn count_answers(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    telemetry::count("ClientErrors", u64::from(status.is_client_error()));
    telemetry::count("ServerErrors", u64::from(status.is_server_error()));
    response
}
