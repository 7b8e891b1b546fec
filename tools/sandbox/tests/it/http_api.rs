//! The HTTP API before a function: requests as events, answers as responses, and what API Gateway answers by itself.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::common;
use axum::body::Bytes;
use common::{FUNCTION, build, host};
use hyper::{Method, Request, Response, StatusCode, header, http::request::Builder};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use sandbox::testing::Sandbox;
use serde_json::{Value, json};

/// A sandbox with the probe behind HTTP.
async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start_with(|options| options.seed = Some(7))
        .await
        .unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |manifest| {
        manifest["trigger"] = json!({"kind": "http"});
        manifest["timeout_s"] = json!(1);
    });
    sandbox.apply_from(dist.path(), FUNCTION).await.unwrap();
    sandbox
}

async fn send(sandbox: &Sandbox, request: Builder, body: impl Into<Bytes>) -> Response<Bytes> {
    let request = request.body(body.into()).unwrap();
    sandbox.http(FUNCTION, request).await.unwrap()
}

fn json_of(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// Lets the probe do what an event asks for.
fn order() -> Builder {
    Request::post("/do").header(header::CONTENT_TYPE, "application/json")
}

#[tokio::test]
async fn a_request_reaches_the_function_through_live() {
    let sandbox = sandbox().await;
    let response = send(&sandbox, order(), r#"{"do":"context"}"#).await;
    assert_eq!(response.status(), StatusCode::OK, "{response:?}");
    let context = json_of(&response);
    assert!(
        context["arn"]
            .as_str()
            .unwrap()
            .ends_with("function:probe:live"),
        "{context}"
    );
    let id = response.headers()["apigw-requestid"].to_str().unwrap();
    assert_eq!(id.len(), 16, "{id}");
}

#[tokio::test]
async fn requests_are_counted_of_the_api_that_the_policy_of_live_names() {
    let sandbox = sandbox().await;
    for path in ["/a", "/b"] {
        send(&sandbox, Request::get(path), "").await;
    }
    send(&sandbox, order(), r#"{"do":"error"}"#).await;
    let too_long = format!("/{}", "a".repeat(10_240));
    send(&sandbox, Request::get(too_long), "").await;

    let policy = sandbox.lambda.get_policy().function_name(FUNCTION);
    let policy = policy.qualifier("live").send().await.unwrap();
    let policy: Value = serde_json::from_str(policy.policy().unwrap()).unwrap();
    let arn = &policy["Statement"][0]["Condition"]["ArnLike"]["AWS:SourceArn"];
    let id = arn.as_str().unwrap().strip_suffix("/*").unwrap();
    let id = id.rsplit(':').next().unwrap();
    for dimensions in [
        &[("ApiId", id)][..],
        &[("ApiId", id), ("Stage", "$default")],
    ] {
        let sum = async |name| {
            let name = ("AWS/ApiGateway", name);
            common::metric(&sandbox, name, dimensions, "Sum").await
        };
        let counts = [sum("Count").await, sum("4xx").await, sum("5xx").await];
        assert_eq!(counts, [4.0, 1.0, 1.0], "{dimensions:?}");
        assert!(sum("Latency").await > 0.0);
    }
}

#[tokio::test]
async fn every_method_and_any_path_reach_the_function() {
    let sandbox = sandbox().await;
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"] {
        let request = Request::builder().method(method).uri("/a/b%20c?d=e%20f");
        let event = json_of(&send(&sandbox, request, "").await);
        assert_eq!(event["requestContext"]["http"]["method"], method);
        assert_eq!(
            (&event["rawPath"], &event["rawQueryString"]),
            (&json!("/a/b c"), &json!("d=e%20f"))
        );
    }
}

#[tokio::test]
async fn a_head_request_gets_the_headers_without_the_body() {
    let sandbox = sandbox().await;
    let request = Request::builder().method(Method::HEAD).uri("/a");
    let response = send(&sandbox, request, "").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "text/plain; charset=utf-8"
    );
    assert!(response.body().is_empty());
}

#[tokio::test]
async fn a_function_that_fails_is_an_internal_server_error_without_details() {
    let sandbox = sandbox().await;
    for event in [
        r#"{"do":"error"}"#,
        r#"{"do":"panic"}"#,
        r#"{"do":"exit","code":1}"#,
        r#"{"do":"sleep","ms":5000}"#,
    ] {
        let response = send(&sandbox, order(), event).await;
        assert_eq!(
            response.status(),
            StatusCode::INTERNAL_SERVER_ERROR,
            "{event}"
        );
        assert_eq!(
            json_of(&response),
            json!({"message": "Internal Server Error"}),
            "{event}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_no_response_is_an_internal_server_error() {
    let sandbox = sandbox().await;
    let request = Request::post("/answer").header(header::CONTENT_TYPE, "application/json");
    let response = send(&sandbox, request, r#"{"statusCode":"many"}"#).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn an_answer_without_a_status_is_the_body_of_a_200() {
    let sandbox = sandbox().await;
    let request = Request::post("/answer").header(header::CONTENT_TYPE, "application/json");
    let response = send(&sandbox, request, r#"{"hello":1}"#).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(json_of(&response), json!({"hello": 1}));
}

#[tokio::test]
async fn a_throttled_function_is_unavailable() {
    let sandbox = sandbox().await;
    sandbox
        .fault(FUNCTION, &format!("{}:throttle=100%", host()))
        .unwrap();
    sandbox
        .fault(FUNCTION, &format!("{}:throttle=100%", common::foreign()))
        .unwrap();
    let response = send(&sandbox, Request::get("/"), "").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        json_of(&response),
        json!({"message": "Service Unavailable"})
    );
    sandbox.faults().clear(FUNCTION);
    let reserve = sandbox.lambda.put_function_concurrency();
    let reserve = reserve.function_name(FUNCTION);
    reserve
        .reserved_concurrent_executions(0)
        .send()
        .await
        .unwrap();
    let response = send(&sandbox, Request::get("/"), "").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_the_function_runs() {
    let sandbox = sandbox().await;
    let headers = |count| {
        (0..count).fold(Request::get("/"), |request, index| {
            request.header(format!("x-{index}"), "v".repeat(1000))
        })
    };
    let large = |bytes| (Request::post("/"), vec![0_u8; bytes]);
    let (request, body) = large(10 * 1024 * 1024 + 1);
    let too_large = send(&sandbox, request, body).await;
    assert_eq!(too_large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        json_of(&too_large),
        json!({"message": "Request Entity Too Large"})
    );
    // Within API Gateway's limit, and as base64 beyond Lambda's.
    let (request, body) = large(5 * 1024 * 1024);
    assert_eq!(
        send(&sandbox, request, body).await.status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let response = send(&sandbox, headers(11), "").await;
    assert_eq!(
        response.status(),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    );
    let request = Request::get(format!("/{}", "a".repeat(10_240)));
    assert_eq!(
        send(&sandbox, request, "").await.status(),
        StatusCode::URI_TOO_LONG
    );
    assert_eq!(sandbox.processes(), 0);
    assert_eq!(
        send(&sandbox, headers(9), "").await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_http_api_keeps_its_port_when_the_function_is_applied_again() {
    let sandbox = sandbox().await;
    let url = sandbox.http_endpoint(FUNCTION).await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |manifest| {
        manifest["trigger"] = json!({"kind": "http"})
    });
    sandbox.apply_from(dist.path(), FUNCTION).await.unwrap();
    assert_eq!(sandbox.http_endpoint(FUNCTION).await.unwrap(), url);
}

#[tokio::test]
async fn a_stopped_sandbox_listens_no_more() {
    let mut sandbox = sandbox().await;
    let url = sandbox.http_endpoint(FUNCTION).await.unwrap();
    sandbox.stop().await.unwrap();
    let address = url.strip_prefix("http://").unwrap();
    common::eventually("the port is closed", async || {
        tokio::net::TcpStream::connect(address).await.is_err()
    })
    .await;
}

/// One request with everything that a client can vary.
#[derive(Debug, Clone)]
struct Sample {
    query: Vec<(String, String)>,
    headers: Vec<String>,
    cookies: Vec<(String, String)>,
    content_type: &'static str,
    body: Vec<u8>,
}

fn sample() -> impl Strategy<Value = Sample> {
    let content_types = [
        "text/plain",
        "application/json",
        "application/octet-stream",
        "image/png",
    ];
    (
        prop::collection::vec(("[a-c]", any::<String>()), 0..5),
        prop::collection::vec("[!-~]([ -~]{0,20}[!-~])?", 0..4),
        prop::collection::vec(("[a-z]{1,5}", "[!#-+./0-9:<-\\[\\]-~-]{0,10}"), 0..4),
        prop::sample::select(content_types.to_vec()),
        prop::collection::vec(any::<u8>(), 0..200),
    )
        .prop_map(|(query, headers, cookies, content_type, body)| Sample {
            query,
            headers,
            cookies,
            content_type,
            body,
        })
}

impl Sample {
    fn request(&self, path: &str) -> Builder {
        let pairs = self.query.iter();
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let mut request = Request::post(format!("{path}?{query}"));
        request = request.header(header::CONTENT_TYPE, self.content_type);
        for value in &self.headers {
            request = request.header("x-repeated", value);
        }
        match self.cookies().join("; ") {
            none if none.is_empty() => request,
            cookies => request.header(header::COOKIE, cookies),
        }
    }

    fn cookies(&self) -> Vec<String> {
        let cookies = self.cookies.iter();
        cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    }

    /// What the event says of a query parameter.
    fn parameter(&self, name: &str) -> Option<String> {
        let values = self.query.iter().filter(|(other, _)| other == name);
        let values: Vec<_> = values.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(","))
    }

    async fn check(&self, sandbox: &Sandbox) {
        let event = json_of(&send(sandbox, self.request("/event"), self.body.clone()).await);
        for name in ["a", "b", "c"] {
            let found = event["queryStringParameters"][name]
                .as_str()
                .map(str::to_owned);
            assert_eq!(found, self.parameter(name), "{name}");
        }
        let raw = event["rawQueryString"].as_str().unwrap();
        let pairs: Vec<_> = form_urlencoded::parse(raw.as_bytes())
            .into_owned()
            .collect();
        assert_eq!(pairs, self.query);
        let repeated = event["headers"]["x-repeated"].as_str().unwrap_or_default();
        assert_eq!(repeated, self.headers.join(","));
        assert_eq!(event["headers"].get("cookie"), None);
        let cookies = event.get("cookies").cloned().unwrap_or(json!([]));
        assert_eq!(cookies, json!(self.cookies()));

        let response = send(sandbox, self.request("/mirror"), self.body.clone()).await;
        assert_eq!(response.body(), &self.body, "{response:?}");
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], self.content_type);
        let set = headers.get_all(header::SET_COOKIE).iter();
        let set: Vec<_> = set.map(|cookie| cookie.to_str().unwrap()).collect();
        assert_eq!(set, self.cookies());
    }
}

#[test]
fn whatever_a_client_sends_arrives_and_comes_back() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(sandbox());
    let mut runner = TestRunner::new(Config::with_cases(64));
    let result = runner.run(&sample(), |sample| {
        runtime.block_on(sample.check(&sandbox));
        Ok(())
    });
    result.unwrap();
}
