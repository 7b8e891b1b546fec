//! Which path and method leads to which operation, and what happens around all of them.

use std::sync::Arc;

use axum::{Router, middleware::from_fn, routing::get};

use crate::{
    catch_panic::catch_panic,
    operations::{
        Api, Queue, Store, create_document::create_document, delete_document::delete_document,
        get_document::get_document, health::health, list_documents::list_documents,
        openapi::openapi,
    },
    problem::Problem,
    request_id::set_request_id,
};

/// The whole API. `HEAD` is answered wherever `GET` is.
pub fn router<S: Store, Q: Queue>(api: Api<S, Q>) -> Router {
    let routes = Router::new()
        .route(
            "/documents",
            get(list_documents::<S, Q>).post(create_document::<S, Q>),
        )
        .route(
            "/documents/{id}",
            get(get_document::<S, Q>).delete(delete_document::<S, Q>),
        )
        .route("/health", get(health::<S, Q>))
        .route("/openapi.json", get(openapi))
        .with_state(Arc::new(api));
    surrounded(routes)
}

/// Routes with what every answer needs: problems for what no route takes, panics caught, the
/// request's id.
fn surrounded(routes: Router) -> Router {
    routes
        .fallback(async || Problem::RouteNotFound)
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
        .layer(from_fn(catch_panic))
        .layer(from_fn(set_request_id))
}
