//! What happens to requests before the store is called: routes, methods, media types, headers.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use axum::http::Method;
use common::{Answer, Call, api};
use http_api::operations::openapi::DESCRIPTION;
use proptest::prelude::*;
use serde_json::{Value, json};

const METHODS: [Method; 8] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
];

fn submission(body: &str) -> Call {
    let call = Call::new("POST", "/documents").header("idempotency-key", "k");
    call.header("content-type", "application/json").body(body)
}

#[tokio::test]
async fn the_routes_and_methods_are_those_of_the_description() {
    let description: Value = serde_json::from_str(DESCRIPTION).unwrap();
    for (path, operations) in description["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057");
        let described: BTreeSet<String> = operations
            .as_object()
            .unwrap()
            .keys()
            .map(|method| method.to_uppercase())
            .collect();
        for method in METHODS {
            let answer = api().send(Call::new(method.as_str(), &path)).await;
            if described.contains(method.as_str()) {
                assert_ne!(answer.status, 405, "{method} {path}");
                assert_ne!(answer.status, 404, "{method} {path}");
                let statuses = &operations[method.as_str().to_lowercase()]["responses"];
                assert!(
                    statuses.get(answer.status.to_string()).is_some(),
                    "{method} {path}: {answer:?}"
                );
            } else {
                answer.expect_problem(405, "method-not-allowed");
                let allowed = answer
                    .header("allow")
                    .split(',')
                    .map(str::to_owned)
                    .collect();
                assert_eq!(described, allowed, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn what_no_route_takes_is_a_404_whatever_the_method() {
    for path in [
        "/",
        "//",
        "/documents/",
        "/documents/a/b",
        "/Documents",
        "/health/",
        "/documents/../health",
        "/documents/%2e%2e/x",
        "/\u{0}",
        "/ä",
        "/%",
        "/%ff",
        "/a b?c#d",
    ] {
        for method in ["GET", "POST", "BREW"] {
            let answer = api().send(Call::new(method, path)).await;
            assert!(
                [404, 405].contains(&answer.status),
                "{method} {path}: {answer:?}"
            );
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
    }
}

#[tokio::test]
async fn what_is_no_id_names_no_document() {
    for id in [
        "x",
        "%ff",
        "01890a5dac96774bbcceb302099a8057",
        "c2f1a4c0-5d43-4d4b-9d2a-1f8d0f6a7b9e",
        "a b",
    ] {
        for method in ["GET", "DELETE"] {
            let answer = api()
                .send(Call::new(method, &format!("/documents/{id}")))
                .await;
            answer.expect_problem(404, "document-not-found");
        }
    }
}

#[tokio::test]
async fn health_and_description_need_no_aws() {
    let health = api().send(Call::get("/health")).await;
    assert_eq!(health.status, 200);
    assert_eq!(
        health.body,
        json!({
            "status": "ok",
            "function": "http-api",
            "version": "7",
            "architecture": shared::architecture::name(),
        })
    );
    let description = api().send(Call::get("/openapi.json")).await;
    assert_eq!(description.status, 200);
    assert_eq!(description.body["openapi"], "3.1.0");
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    for path in ["/health", "/openapi.json", "/documents?limit=0", "/nothing"] {
        let get = api().send(Call::get(path)).await;
        let head = api().send(Call::new("HEAD", path)).await;
        assert_eq!(
            (head.status, &head.headers),
            (get.status, &get.headers),
            "{path}"
        );
        assert_eq!(head.body, Value::Null);
    }
}

#[tokio::test]
async fn every_answer_names_its_request_and_not_the_caller_s_header() {
    for call in [
        Call::get("/health"),
        Call::get("/nothing"),
        Call::new("PUT", "/health"),
        Call::get("/documents"),
        submission("{"),
    ] {
        let answer = api().send(call.header("x-request-id", "mine")).await;
        assert_eq!(
            answer.header("x-request-id"),
            "00000000-0000-0000-0000-000000000007"
        );
    }
}

#[tokio::test]
async fn a_caller_that_takes_no_json_is_refused_before_anything_is_done() {
    for call in [
        Call::get("/health"),
        Call::get("/openapi.json"),
        Call::get("/documents"),
        Call::get("/documents/01890a5d-ac96-774b-bcce-b302099a8057"),
        submission(r#"{"name": "n", "content": ""}"#),
    ] {
        let answer = api().send(call.header("accept", "text/html")).await;
        answer.expect_problem(406, "not-acceptable");
    }
}

#[tokio::test]
async fn a_bad_submission_is_a_clear_4xx() {
    let too_large = format!(r#"{{"name":"n","content":"{}"}}"#, "a".repeat(262_145));
    let much_too_large = "a".repeat(5_000_000);
    let without = |header: &str| {
        let mut call = submission("{}").event();
        call["headers"].as_object_mut().unwrap().remove(header);
        call
    };
    for (event, status, kind, source) in [
        (
            without("idempotency-key"),
            400,
            "invalid-header",
            Some(json!({"header": "idempotency-key"})),
        ),
        (without("content-type"), 415, "unsupported-media-type", None),
        (
            submission("{}")
                .header("content-type", "text/plain")
                .event(),
            415,
            "unsupported-media-type",
            None,
        ),
        (
            submission(&too_large).event(),
            413,
            "content-too-large",
            None,
        ),
        (
            submission(&much_too_large).event(),
            413,
            "content-too-large",
            None,
        ),
        (submission("").event(), 400, "invalid-body", None),
        (
            submission(&"[".repeat(100_000)).event(),
            400,
            "invalid-body",
            None,
        ),
        (
            submission(r#"{"name":"n","content":"","x":1}"#).event(),
            400,
            "invalid-body",
            Some(json!({"pointer": "/x"})),
        ),
        (
            submission(r#"{"name":"n","name":"n","content":""}"#).event(),
            400,
            "invalid-body",
            None,
        ),
    ] {
        let answer = api().send_event(event).await;
        answer.expect_problem(status, kind);
        assert_eq!(answer.body.get("source"), source.as_ref(), "{answer:?}");
    }
    // A body that is not text comes as base64.
    let mut invalid_utf_8 = submission("").event();
    invalid_utf_8["body"] = json!("eyJuYW1lIjoi/yJ9");
    invalid_utf_8["isBase64Encoded"] = json!(true);
    api()
        .send_event(invalid_utf_8)
        .await
        .expect_problem(400, "invalid-body");
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_is_503_everywhere() {
    let path = "/documents/01890a5d-ac96-774b-bcce-b302099a8057";
    for call in [
        submission(r#"{"name": "n", "content": ""}"#),
        Call::get("/documents"),
        Call::get("/documents?cursor=x"),
        Call::get(path),
        Call::new("DELETE", path),
        Call::new("DELETE", path).header("if-match", "*"),
    ] {
        let answer = api().send(call).await;
        answer.expect_problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
}

fn is_clear(answer: &Answer) -> Result<(), TestCaseError> {
    // 503: the request was valid, and the store does not answer.
    prop_assert!(answer.status < 500 || answer.status == 503, "{:?}", answer);
    if answer.status >= 400 {
        prop_assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_request_has_an_answer_that_is_no_fault_of_ours(
        method in "GET|HEAD|POST|PUT|DELETE|[A-Z]{1,8}",
        path in "/|/documents|/documents/.{0,40}|/health|/.{0,20}",
        query in "(limit=.{0,5}|cursor=.{0,20}|.{0,20})",
        headers in prop::collection::btree_map(
            "accept|content-type|idempotency-key|if-match|if-none-match|content-length|host",
            "application/json|[ -~]{0,30}|[\u{a0}-\u{ff}]{1,5}", 0..4,
        ),
        body in "\\{\"name\":\"n\",\"content\":\".{0,8}\"\\}|.{0,40}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let call = Call::new(&method, &format!("{path}?{query}")).body(body);
        let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
        is_clear(&runtime.block_on(api().send(call)))?;
    }
}
