//! Which events are requests, and that lambda_http can use each of them.

use lambda_http::{Body, Context, Request};
use lambda_runtime::Diagnostic;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn request_event(path: &str, query: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "api.example.com", "x-forwarded-proto": "https"},
        "requestContext": {
            "domainName": "api.example.com",
            "stage": "$default",
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
        },
        "isBase64Encoded": false,
    })
}

fn request_of(event: Value) -> Result<Request, EventError> {
    parse(LambdaEvent::new(event, Context::default())).map(|event| event.payload.into())
}

fn with(pointer: &str, value: Value) -> Value {
    let mut event = request_event("/documents", "");
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap()[member] = value;
    event
}

#[test]
fn a_request_in_format_2_0_comes_through_whole() {
    let mut event = request_event("/documents", "limit=2&cursor=a%2Bb");
    event["requestContext"]["http"]["method"] = json!("POST");
    event["headers"]["idempotency-key"] = json!("k1");
    event["cookies"] = json!(["a=1", "b=2"]);
    event["body"] = json!("aGVsbG8=");
    event["isBase64Encoded"] = json!(true);
    let request = request_of(event).unwrap();
    assert_eq!(request.method(), "POST");
    assert_eq!(request.uri(), "/documents?limit=2&cursor=a%2Bb");
    assert_eq!(request.headers()["idempotency-key"], "k1");
    assert_eq!(request.headers()["cookie"], "a=1; b=2");
    assert_eq!(request.body(), &Body::Binary(b"hello".to_vec()));
}

#[test]
fn an_event_of_another_source_is_refused_with_what_it_is() {
    for (event, found) in [
        (json!(null), "the event is null"),
        (json!([]), "the event is an array"),
        (json!("2.0"), "the event is a string"),
        (json!({}), "an object without a payload format version"),
        (
            json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}),
            "a batch of records from aws:sqs",
        ),
        (
            json!({"Records": [{"EventSource": "aws:sns"}]}),
            "a batch of records from aws:sns",
        ),
        (
            json!({"version": "0", "source": "aws.s3", "detail": {}}),
            "an EventBridge event from aws.s3",
        ),
        (
            json!({"httpMethod": "GET", "path": "/", "requestContext": {"elb": {}}}),
            "without a payload format version, as a REST API or a load balancer sends it",
        ),
        (
            json!({"version": "1.0", "httpMethod": "GET", "path": "/", "requestContext": {}}),
            "payload format version \"1.0\"",
        ),
        (
            json!({"version": 2.0, "requestContext": {}}),
            "payload format version 2.0;",
        ),
    ] {
        let error = request_of(event).unwrap_err().to_string();
        assert!(error.contains(found), "{error}");
        assert!(
            error.contains("takes HTTP requests in payload format 2.0"),
            "{error}"
        );
    }
}

#[test]
fn a_wrong_member_is_named_and_a_header_s_value_is_not_repeated() {
    for (event, found) in [
        (
            with("/headers", json!("text")),
            "headers: not a header of HTTP",
        ),
        (
            with("/headers/authorization", json!("Bearer\nsecret")),
            "headers",
        ),
        (with("/requestContext", json!([])), "requestContext"),
        (
            with("/requestContext/http", json!({})),
            "requestContext.http: missing field `method`",
        ),
        (
            with("/requestContext/http/method", json!("G T")),
            "requestContext.http.method",
        ),
        (
            with("/rawQueryString", json!(7)),
            "rawQueryString: invalid type: integer `7`",
        ),
        (
            with("/body", json!({"name": "n"})),
            "body: invalid type: map",
        ),
        (
            with("/rawPath", json!(null)),
            "rawPath does not begin with a slash",
        ),
        (
            with("/rawPath", json!("documents")),
            "rawPath does not begin with a slash",
        ),
        (
            with("/rawPath", json!("/".repeat(60_001))),
            "60001 bytes, more than 60000",
        ),
    ] {
        let error = request_of(event).unwrap_err().to_string();
        assert!(error.contains(found), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
    let mut event = with("/body", json!("not base64"));
    event["isBase64Encoded"] = json!(true);
    let error = request_of(event).unwrap_err().to_string();
    assert!(
        error.contains("body is not base64: Invalid symbol 32, offset 3"),
        "{error}"
    );
}

#[test]
fn a_refusal_is_a_function_error_of_its_own_type() {
    let error = request_of(json!(null)).unwrap_err();
    assert_eq!(Diagnostic::from(error).error_type, "InvalidEvent");
}

/// Each of these makes lambda_http 1.3 panic when it gets the event as it is.
#[test]
fn a_host_or_a_target_that_is_none_does_no_harm() {
    for (event, target) in [
        (with("/headers/host", json!("a b")), "/documents"),
        (
            with("/headers/x-forwarded-proto", json!("1 2")),
            "/documents",
        ),
        (with("/requestContext/domainName", json!("[")), "/documents"),
        (
            request_event("/documents", "limit=1 2"),
            "/documents?limit=1%202",
        ),
        (
            request_event("/documents", "näme=\u{1}"),
            "/documents?n%C3%A4me=%01",
        ),
    ] {
        assert_eq!(request_of(event).unwrap().uri(), target);
    }
}

#[test]
fn a_decoded_path_stays_one_path() {
    for (path, target) in [
        ("/documents/a?b#c", "/documents/a%3Fb%23c"),
        ("/documents/%2F", "/documents/%2F"),
        ("/ä ö", "/%C3%A4%20%C3%B6"),
        ("//documents", "//documents"),
        ("/documents/../health", "/documents/%252e%252e/health"),
        ("/documents/.%2E/.", "/documents/%252e%252e/%252e"),
        ("/a..b/...", "/a..b/..."),
    ] {
        assert_eq!(request_of(request_event(path, "")).unwrap().uri(), target);
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        prop::sample::select(vec!["2.0", "GET", "/documents", "https", "YQ=="])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..3)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// A good event with a few members replaced.
fn near_event() -> impl Strategy<Value = Value> {
    let place = prop::sample::select(vec![
        "/version",
        "/rawPath",
        "/rawQueryString",
        "/headers",
        "/headers/host",
        "/cookies",
        "/headers/x-forwarded-proto",
        "/requestContext",
        "/requestContext/domainName",
        "/requestContext/stage",
        "/requestContext/http/method",
        "/requestContext/http",
        "/requestContext/authorizer",
        "/body",
        "/isBase64Encoded",
        "/pathParameters",
        "/queryStringParameters",
        "/stageVariables",
    ]);
    prop::collection::vec((place, any_value()), 0..4).prop_map(|changes| {
        let mut event = request_event("/documents", "a=b");
        for (place, value) in changes {
            let (parent, member) = place.rsplit_once('/').unwrap();
            if let Some(Value::Object(parent)) = event.pointer_mut(parent) {
                parent.insert(member.to_owned(), value);
            }
        }
        event
    })
}

proptest! {
    #[test]
    fn any_json_near_an_event_is_a_request_or_a_clear_refusal(event in near_event()) {
        match request_of(event) {
            Ok(request) => prop_assert!(request.uri().path().starts_with('/')),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn any_path_query_host_and_body_make_a_request(
        path in "/(.|\\PC){0,40}", query in "(.|\\PC){0,40}", host in "[ -~\u{80}-\u{ff}]{0,20}", body in ".{0,40}"
    ) {
        let mut event = request_event(&path, &query);
        event["headers"]["host"] = json!(host);
        event["body"] = json!(body);
        let request = request_of(event).unwrap();
        prop_assert!(request.uri().authority().is_none());
    }
}
