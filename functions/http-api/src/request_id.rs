//! A tower layer that puts the request's id on every answer.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use lambda_http::RequestExt as _;

/// Lambda's id of the invocation, which is on the log lines of this request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Sets [`REQUEST_ID`]. A caller's own `x-request-id` is not repeated: it would not be in the log.
pub async fn set_request_id(request: Request, next: Next) -> Response {
    let id = request
        .extensions()
        .lambda_context_ref()
        .and_then(|context| HeaderValue::from_str(&context.request_id).ok());
    let mut response = next.run(request).await;
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
