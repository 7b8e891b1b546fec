//! Greets over HTTP.

use axum::{
    Json, Router,
    extract::Path,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use lambda_http::{Error, run};
use serde::Serialize;
use serde_json::json;
use shared::{http, telemetry};

/// The answer.
#[derive(Serialize)]
struct Greeting {
    message: String,
}

// One invocation at a time, which mostly waits for the network: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    // Make clients and read settings here, during init, and pass them to the router as its state.
    run(telemetry.observe(http::path_as_sent(router()))).await
}

/// The whole API. `HEAD` is answered wherever `GET` is.
fn router() -> Router {
    Router::new()
        .route("/hello/{name}", get(hello))
        .fallback(async || problem(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || problem(StatusCode::METHOD_NOT_ALLOWED))
}

async fn hello(Path(name): Path<String>) -> Json<Greeting> {
    let message = format!("Hello {name}!");
    Json(Greeting { message })
}

/// Problem details (RFC 9457, <https://www.rfc-editor.org/rfc/rfc9457>).
fn problem(status: StatusCode) -> impl IntoResponse {
    let details = json!({"title": status.canonical_reason(), "status": status.as_u16()});
    let media_type = [(CONTENT_TYPE, "application/problem+json")];
    (status, media_type, details.to_string())
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::Request,
    };
    use lambda_http::Service as _;
    use serde_json::Value;

    use super::*;

    #[tokio::test]
    async fn each_request_is_answered_with_its_status_and_media_type() {
        let (json, problem) = ("application/json", "application/problem+json");
        for (method, path, status, media_type, field, value) in [
            (
                "GET",
                "/hello/%C3%85sa",
                200,
                json,
                "message",
                json!("Hello Åsa!"),
            ),
            ("GET", "/nothing", 404, problem, "status", json!(404)),
            ("POST", "/hello/Ada", 405, problem, "status", json!(405)),
        ] {
            let request = Request::builder().method(method).uri(path);
            let request = request.body(Body::empty()).unwrap();
            let answer = router().call(request).await.unwrap();
            assert_eq!(answer.status(), status, "{path}");
            assert_eq!(answer.headers()[CONTENT_TYPE], media_type, "{path}");
            let body = to_bytes(answer.into_body(), 1000).await.unwrap();
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body[field], value, "{path}");
        }
    }
}
