//! The routes, what their handlers share, and the layers around all of them.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
    routing::get,
};
use lambda_http::{Context, RequestExt as _};
use notary::store::DocumentStore;
use shared::deadline;

use crate::{
    operations::{
        create_document::{MAX_BODY_BYTES, create_document},
        delete_document::delete_document,
        get_content::get_content,
        get_document::get_document,
        health::health,
        list_documents::list_documents,
        openapi::openapi,
    },
    problem::Problem,
};

/// What the handlers share.
#[derive(Clone)]
pub struct Api {
    /// The documents.
    pub store: DocumentStore,
    /// Client of the queue.
    pub sqs: aws_sdk_sqs::Client,
    /// Where documents wait for their verification.
    pub queue_url: String,
}

/// The whole API. `HEAD` is answered wherever `GET` is.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/documents", get(list_documents).post(create_document))
        .route("/documents/{id}", get(get_document).delete(delete_document))
        .route("/documents/{id}/content", get(get_content))
        .route("/health", get(health))
        .route("/openapi.json", get(openapi))
        .fallback(async || Problem::route_not_found())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(answer_in_time))
        .layer(from_fn(set_request_id))
        .with_state(Arc::new(api))
}

/// Lambda's id of the invocation, which is on the log lines of this request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Sets [`REQUEST_ID`]. A caller's own is not repeated: it would not be in the log.
async fn set_request_id(request: Request, next: Next) -> Response {
    let id = request.lambda_context_ref();
    let id = id.and_then(|context| HeaderValue::from_str(&context.request_id).ok());
    let mut response = next.run(request).await;
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Answers before the invocation ends, whatever the handler waits for: it may make several calls of AWS, each of which
/// may take as long as shared/src/aws.rs lets it.
async fn answer_in_time(request: Request, next: Next) -> Response {
    let Some(end) = request.lambda_context_ref().map(Context::deadline) else {
        return next.run(request).await;
    };
    match deadline::within(end, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::warn!("the invocation's time was over");
            Problem::unavailable().into_response()
        }
    }
}
