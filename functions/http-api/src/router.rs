//! The routes, and the layers around all of them.

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

/// Adds to routes what every answer needs: problems for unknown routes and methods, caught panics, the request's id.
fn surrounded(routes: Router) -> Router {
    routes
        .fallback(async || Problem::RouteNotFound)
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
        .layer(from_fn(catch_panic))
        .layer(from_fn(set_request_id))
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        extract::Request,
        http::{StatusCode, header::CONTENT_TYPE},
    };
    use lambda_http::{RequestExt as _, Service as _};
    use lambda_runtime::Context;
    use serde_json::Value;

    use super::*;
    use crate::{problem::PROBLEM_JSON, request_id::REQUEST_ID};

    /// A handler with a bug.
    async fn bug() -> &'static str {
        let documents: [&str; 0] = [];
        documents[std::hint::black_box(0)]
    }

    #[tokio::test]
    async fn a_panic_is_answered_as_a_problem_with_the_request_s_id() {
        let mut router = surrounded(Router::new().route("/bug", get(bug)));
        let mut context = Context::default();
        context.request_id = "r-1".to_owned();
        let request = Request::get("/bug").body(Body::empty()).unwrap();
        let response = router.call(request.with_lambda_context(context)).await;
        let response = response.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM_JSON);
        assert_eq!(response.headers()[REQUEST_ID], "r-1");
        let body = to_bytes(response.into_body(), 1000).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["type"], "urn:problem-type:http-api:internal");
    }
}
