//! A tower layer: a panic is answered as a problem, and the environment lives on.
//!
//! Without it lambda_runtime would report a function error, which API Gateway answers with a
//! bare 502.

use std::panic::AssertUnwindSafe;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;

use crate::problem::Problem;

/// Answers [`Problem::Internal`] when what is behind it panics; telemetry's panic hook has logged
/// the panic with its place by then.
pub async fn catch_panic(request: Request, next: Next) -> Response {
    // Unwind safe: the request is gone after a panic, and what requests share (SDK clients)
    // guards itself against it.
    AssertUnwindSafe(next.run(request))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Problem::Internal.into_response())
}
