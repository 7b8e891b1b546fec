//! A tower layer that answers a panic as a problem.
//!
//! Without it lambda_runtime would report a function error, which API Gateway answers with a 502
//! without a body of ours.

use std::panic::AssertUnwindSafe;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;

use crate::problem::Problem;

/// Answers [`Problem::Internal`] when the inner service panics. Telemetry's panic hook has logged the panic with
/// its place by then.
pub async fn catch_panic(request: Request, next: Next) -> Response {
    // Unwind safe: the request is dropped after a panic, and the SDK clients that requests share are
    // unwind safe themselves.
    AssertUnwindSafe(next.run(request))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Problem::Internal.into_response())
}
