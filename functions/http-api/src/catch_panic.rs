//! A tower layer: a panic is answered as a problem, and the environment lives on.
//!
//! Without it lambda_runtime would report a function error, which API Gateway answers with a
//! bare 502.

use std::{any::Any, panic::AssertUnwindSafe};

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;

use crate::problem::Problem;

/// Answers [`Problem::Internal`] when what is behind it panics.
pub async fn catch_panic(request: Request, next: Next) -> Response {
    // Unwind safe: the request is gone after a panic, and what requests share (SDK clients)
    // guards itself against it.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            tracing::error!(panic = message(panic.as_ref()), "a handler panicked");
            Problem::Internal.into_response()
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
