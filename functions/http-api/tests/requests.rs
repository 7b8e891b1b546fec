//! What happens to requests before the store is called: routes, methods, media types, headers.
#![allow(clippy::unwrap_used)]

mod common;

use std::{collections::BTreeSet, time::Duration};

use axum::http::Method;
use common::{Answer, Call, send, send_event, send_within};
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
        let described = operations.as_object().unwrap().keys();
        let mut described: BTreeSet<String> =
            described.map(|method| method.to_uppercase()).collect();
        // Answered wherever GET is.
        if described.contains("GET") {
            described.insert("HEAD".to_owned());
        }
        for method in METHODS {
            let answer = send(Call::new(method.as_str(), &path)).await;
            if described.contains(method.as_str()) {
                assert!(![404, 405].contains(&answer.status), "{method} {path}");
                continue;
            }
            answer.expect_problem(405, "method-not-allowed");
            let allowed = answer.header("allow").split(',').map(str::to_owned);
            assert_eq!(described, allowed.collect(), "{method} {path}");
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
            let answer = send(Call::new(method, path)).await;
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
    for id in ["x", "%ff", "01890a5dac96774bbcceb302099a80", "a b"] {
        for method in ["GET", "DELETE"] {
            let answer = send(Call::new(method, &format!("/documents/{id}"))).await;
            answer.expect_problem(404, "document-not-found");
        }
    }
}

#[tokio::test]
async fn health_and_description_need_no_aws() {
    let health = send(Call::get("/health")).await;
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
    let description = send(Call::get("/openapi.json")).await;
    assert_eq!(description.status, 200);
    assert_eq!(description.body["openapi"], "3.1.0");
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    for path in ["/health", "/openapi.json", "/documents?limit=0", "/nothing"] {
        let get = send(Call::get(path)).await;
        let head = send(Call::new("HEAD", path)).await;
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
        let answer = send(call.header("x-request-id", "mine")).await;
        assert_eq!(
            answer.header("x-request-id"),
            "00000000-0000-0000-0000-000000000007"
        );
    }
}

#[tokio::test]
async fn a_bad_submission_is_a_clear_4xx() {
    let too_large = format!(r#"{{"name":"n","content":"{}"}}"#, "a".repeat(262_145));
    let much_too_large = "a".repeat(5_000_000);
    let without = |header: &str| {
        let mut call = submission(r#"{"name":"n","content":""}"#).event();
        call["headers"].as_object_mut().unwrap().remove(header);
        call
    };
    for (event, status, kind, named) in [
        (
            without("idempotency-key"),
            400,
            "invalid-header",
            "Idempotency-Key",
        ),
        (
            without("content-type"),
            415,
            "unsupported-media-type",
            "Content-Type",
        ),
        (
            submission("{}")
                .header("content-type", "text/plain")
                .event(),
            415,
            "unsupported-media-type",
            "Content-Type",
        ),
        (
            submission(&too_large).event(),
            413,
            "content-too-large",
            "262145 bytes",
        ),
        (
            submission(&much_too_large).event(),
            413,
            "content-too-large",
            "limit",
        ),
        (submission("").event(), 400, "invalid-body", "EOF"),
        (
            submission(&"[".repeat(100_000)).event(),
            400,
            "invalid-body",
            "",
        ),
        (
            submission(r#"["n", "", "", ""]"#).event(),
            400,
            "invalid-body",
            "",
        ),
        (
            submission(r#"{"name":"n","content":"","x":1}"#).event(),
            400,
            "invalid-body",
            "`x`",
        ),
        (
            submission(r#"{"name":7,"content":""}"#).event(),
            400,
            "invalid-body",
            "name: invalid type",
        ),
        (
            submission(r#"{"name":"n","name":"n","content":""}"#).event(),
            400,
            "invalid-body",
            "`name`",
        ),
    ] {
        let answer = send_event(event).await;
        answer.expect_problem(status, kind);
        assert!(answer.text("/detail").contains(named), "{answer:?}");
    }
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=5&limit=5",
        "cursor=x",
        "page=2",
    ] {
        let answer = send(Call::get(&format!("/documents?{query}"))).await;
        answer.expect_problem(400, "invalid-parameter");
    }
    // A body that is not text comes as base64.
    let mut invalid_utf_8 = submission("").event();
    invalid_utf_8["body"] = json!("eyJuYW1lIjoi/yJ9");
    invalid_utf_8["isBase64Encoded"] = json!(true);
    send_event(invalid_utf_8)
        .await
        .expect_problem(400, "invalid-body");
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_is_503_everywhere() {
    let path = "/documents/01890a5d-ac96-774b-bcce-b302099a8057";
    for call in [
        submission(r#"{"name": "n", "content": ""}"#),
        Call::get("/documents"),
        Call::get(path),
        Call::new("DELETE", path),
        Call::new("DELETE", path).header("if-match", "*"),
    ] {
        let answer = send(call).await;
        answer.expect_problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
}

#[tokio::test]
async fn an_invocation_that_has_no_time_left_is_answered_all_the_same() {
    let call = || submission(r#"{"name": "n", "content": ""}"#).event();
    let answer = send_within(call(), Duration::from_millis(400)).await;
    answer.expect_problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "1");
}

/// As the developer guides of API Gateway and Lambda show them.
#[tokio::test]
async fn requests_of_http_apis_and_function_urls_are_answered_whoever_authorises_them() {
    let iam = json!({"iam": {
        "accessKey": "ARIA2ZJZYVUEREEIHAKY",
        "accountId": "1234567890",
        "callerId": "AROA7ZJZYVRE7C3DUXHH6:CognitoIdentityCredentials",
        "cognitoIdentity": {"amr": ["foo"], "identityId": "us-east-1:3f291106", "identityPoolId": "us-east-1:4f291106"},
        "principalOrgId": "AwsOrgId",
        "userArn": "arn:aws:iam::1234567890:user/Admin",
        "userId": "AROA2ZJZYVRE7Y3TUXHH6",
    }});
    let jwt = json!({"jwt": {"claims": {"claim1": "value1", "claim2": "value2"}, "scopes": ["scope1", "scope2"]}});
    let lambda = json!({"lambda": {"key": "value", "number": 1, "list": ["a"]}});
    for authorizer in [Value::Null, iam, jwt, lambda] {
        for (domain, stage, path) in [
            (
                "id.execute-api.us-east-1.amazonaws.com",
                "$default",
                "/health",
            ),
            (
                "id.execute-api.us-east-1.amazonaws.com",
                "prod",
                "/prod/health",
            ),
            ("id.lambda-url.us-west-2.on.aws", "$default", "/health"),
        ] {
            let mut event = json!({
                "version": "2.0",
                "routeKey": "$default",
                "rawPath": path.trim_start_matches("/prod"),
                "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
                "cookies": ["cookie1", "cookie2"],
                "headers": {"header1": "value1", "header2": "value1,value2", "x-forwarded-proto": "https"},
                "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
                "requestContext": {
                    "accountId": "123456789012",
                    "apiId": "api-id",
                    "authentication": null,
                    "domainName": domain,
                    "domainPrefix": "id",
                    "http": {
                        "method": "GET",
                        "path": path,
                        "protocol": "HTTP/1.1",
                        "sourceIp": "192.0.2.1",
                        "userAgent": "agent",
                    },
                    "requestId": "id",
                    "routeKey": "$default",
                    "stage": stage,
                    "time": "12/Mar/2020:19:03:58 +0000",
                    "timeEpoch": 1_583_348_638_390_u64,
                },
                "pathParameters": {"parameter1": "value1"},
                "isBase64Encoded": false,
                "stageVariables": {"stageVariable1": "value1"},
            });
            event["requestContext"]["authorizer"] = authorizer.clone();
            assert_eq!(
                send_event(event).await.status,
                200,
                "{authorizer} {domain} {stage}"
            );
        }
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
        path in "/|/documents|/documents/[^?]{0,40}|/health|/[^?]{0,20}",
        // What a URI may have: lambda_http panics on anything else, which is a function error.
        query in "(limit=[!$-;=?-~]{0,5}|cursor=[!$-;=?-~]{0,20}|[!$-;=?-~]{0,20})",
        headers in prop::collection::btree_map(
            "content-type|idempotency-key|if-match|if-none-match|content-length",
            "application/json|[ -~]{0,30}|[\u{a0}-\u{ff}]{1,5}", 0..4,
        ),
        body in "\\{\"name\":\"n\",\"content\":\".{0,8}\"\\}|.{0,40}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let call = Call::new(&method, &format!("{path}?{query}")).body(body);
        let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
        is_clear(&runtime.block_on(send(call)))?;
    }
}
