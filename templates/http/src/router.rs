//! The routes.

use axum::{Json, Router, extract::Path, routing::get};

use crate::{
    greeting::{Greeting, Name, greet},
    problem::Problem,
};

/// The whole API. `HEAD` is answered wherever `GET` is.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(greet_everybody))
        .route("/hello/{name}", get(greet_somebody))
        .fallback(async || Problem::RouteNotFound)
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
}

async fn greet_everybody() -> Json<Greeting> {
    Json(greet(None))
}

async fn greet_somebody(Path(name): Path<String>) -> Result<Json<Greeting>, Problem> {
    let name = Name::try_from(name)?;
    Ok(Json(greet(Some(&name))))
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::{Request, Response, StatusCode, header::ALLOW},
    };
    use lambda_http::Service as _;
    use serde_json::{Value, json};

    use super::*;

    async fn answer(method: &str, path: &str) -> Response<Body> {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::empty()).unwrap();
        router().call(request).await.unwrap()
    }

    async fn json_of(answer: Response<Body>) -> Value {
        let body = to_bytes(answer.into_body(), 1000).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    #[tokio::test]
    async fn a_greeting_is_json() {
        for (path, message) in [
            ("/", "Hello AWS Lambda from Graviton!"),
            ("/hello/Ada", "Hello Ada from Graviton!"),
            ("/hello/%C3%85sa%20L", "Hello Åsa L from Graviton!"),
        ] {
            let answer = answer("GET", path).await;
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.headers()["content-type"], "application/json");
            assert_eq!(json_of(answer).await, json!({ "message": message }));
        }
    }

    #[tokio::test]
    async fn what_cannot_be_answered_is_a_problem_with_its_status() {
        for (method, path, status) in [
            ("GET", "/nothing", 404),
            ("GET", "/hello/", 404),
            ("DELETE", "/", 405),
            ("GET", "/hello/%0A", 400),
        ] {
            let answer = answer(method, path).await;
            assert_eq!(answer.status(), status, "{path}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            assert_eq!(json_of(answer).await["status"], status, "{path}");
        }
    }

    #[tokio::test]
    async fn a_method_that_is_not_allowed_is_answered_with_those_that_are() {
        let answer = answer("POST", "/hello/Ada").await;
        assert_eq!(answer.headers()[ALLOW], "GET,HEAD");
    }
}
