//! Bodies, by example and by generated JSON.

use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse as _;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn parse(body: &Value) -> Result<Submission, Problem> {
    Submission::parse(body.to_string().as_bytes())
}

fn refusal(body: impl AsRef<[u8]>) -> (String, Option<String>) {
    match Submission::parse(body.as_ref()).unwrap_err() {
        Problem::InvalidBody { reason, member } => (reason, member),
        other => panic!("{other:?}"),
    }
}

#[test]
fn text_and_base64_of_the_same_content_are_the_same_submission() {
    let text = parse(&json!({"name": "deed", "content": "abc"})).unwrap();
    let base64 = parse(&json!({"content_base64": "YWJj", "name": "deed"})).unwrap();
    assert_eq!(text.content.as_ref(), b"abc");
    assert_eq!(text, base64);
    assert_eq!(text.fingerprint(), base64.fingerprint());
}

#[test]
fn a_submission_that_differs_in_anything_has_another_fingerprint() {
    let root = "00".repeat(32);
    let bodies = [
        json!({"name": "deed", "content": "abc"}),
        json!({"name": "deeda", "content": "bc"}),
        json!({"name": "deed", "content": "abd"}),
        json!({"name": "deed", "content": ""}),
        json!({"name": "deed", "content": "abc", "root": root}),
        json!({"name": "deed", "content": "abc", "root": "11".repeat(32)}),
    ];
    let prints: std::collections::HashSet<_> = bodies
        .iter()
        .map(|body| parse(body).unwrap().fingerprint())
        .collect();
    assert_eq!(prints.len(), bodies.len());
}

#[test]
fn content_may_have_256_kib_and_not_a_byte_more_however_it_is_spelled() {
    for (member, fits, too_much) in [
        ("content", "a".repeat(262_144), "a".repeat(262_145)),
        ("content", "ä".repeat(131_072), "ä".repeat(131_073)),
        (
            "content_base64",
            BASE64_STANDARD.encode(vec![7; 262_144]),
            BASE64_STANDARD.encode(vec![7; 262_145]),
        ),
    ] {
        let body = json!({"name": "n", member: fits});
        assert_eq!(parse(&body).unwrap().content.as_ref().len(), 262_144);
        let body = json!({"name": "n", member: too_much});
        assert!(matches!(parse(&body), Err(Problem::ContentTooLarge(_))));
    }
}

#[test]
fn the_longest_spelling_of_the_largest_document_is_within_the_limit_of_the_body() {
    let name = r"\ud83d\uddce".repeat(255);
    let content = r"\u0061".repeat(262_144);
    let root = "a".repeat(64);
    let body = format!(r#"{{"name":"{name}","content":"{content}","root":"{root}"}}"#);
    assert!(body.len() < MAX_BODY_BYTES);
    assert!(Submission::parse(body.as_bytes()).is_ok());
}

#[test]
fn a_wrong_member_is_named_with_what_is_wrong() {
    for (body, member, reason) in [
        (
            json!({"name": 7, "content": ""}),
            Some("name"),
            "invalid type: integer `7`",
        ),
        (
            json!({"name": null, "content": ""}),
            Some("name"),
            "invalid type: null",
        ),
        (
            json!({"name": " ", "content": ""}),
            Some("name"),
            "name is blank",
        ),
        (
            json!({"name": "a\nb", "content": ""}),
            Some("name"),
            "control character",
        ),
        (
            json!({"name": "n".repeat(256), "content": ""}),
            Some("name"),
            "more than 255",
        ),
        (
            json!({"name": "n", "content": null}),
            Some("content"),
            "invalid type: null",
        ),
        (
            json!({"name": "n", "content": ["a"]}),
            Some("content"),
            "invalid type: sequence",
        ),
        (
            json!({"name": "n", "content_base64": "YW!j"}),
            Some("content_base64"),
            "Invalid symbol 33, offset 2",
        ),
        (
            json!({"name": "n", "content_base64": "YWJ"}),
            Some("content_base64"),
            "base64 with padding",
        ),
        (
            json!({"name": "n", "content": "", "root": "ab"}),
            Some("root"),
            "64 hexadecimal digits",
        ),
        (
            json!({"name": "n", "content": "", "roots": "ab"}),
            Some("roots"),
            "unknown field `roots`",
        ),
        (json!({"content": ""}), None, "missing field `name`"),
        (json!({"name": "n"}), None, "this one has neither"),
        (
            json!({"name": "n", "content": "", "content_base64": ""}),
            None,
            "this one has both",
        ),
        (json!(["n", ""]), None, "an array, not an object"),
        (json!("n"), None, "invalid type: string"),
        (json!(null), None, "invalid type: null"),
    ] {
        let (found, place) = refusal(body.to_string());
        assert!(found.contains(reason), "{body}: {found}");
        assert_eq!(place.as_deref(), member, "{body}");
    }
}

#[test]
fn a_body_that_is_not_json_is_refused_with_the_place() {
    for (body, reason) in [
        (
            &b""[..],
            "the body is not JSON: EOF while parsing a value at line 1 column 0",
        ),
        (
            b"name=deed",
            "the body is not JSON: expected ident at line 1 column 2",
        ),
        (
            b"{\"name\": \"n\"",
            "the body is not JSON: EOF while parsing an object",
        ),
        (
            b"{\"name\": \"n\", \"content\": \"\"} x",
            "the body is not JSON: trailing characters",
        ),
        (
            b"{\"name\": \"n\", \"name\": \"m\"}",
            "duplicate field `name`",
        ),
        (
            b"{\"name\": \"\\ud800\", \"content\": \"\"}",
            "the body is not JSON: ",
        ),
        (
            b"{\"name\": \"\xff\"}",
            "the body is not UTF-8: invalid utf-8 sequence of 1 bytes from index 10",
        ),
        (
            b"\xef\xbb\xbf{}",
            "the body is not JSON: expected value at line 1 column 1",
        ),
    ] {
        let (found, _) = refusal(body);
        assert!(found.contains(reason), "{found}");
    }
}

#[test]
fn json_of_any_depth_is_refused_without_exhausting_the_stack() {
    for (open, close) in [
        ("[", "]"),
        ("{\"name\":", "}"),
        ("{\"x\":", "}"),
        ("{\"content\":[", "]}"),
    ] {
        let body = open.repeat(100_000) + &close.repeat(100_000);
        refusal(body);
    }
}

#[test]
fn only_json_in_utf_8_is_the_media_type() {
    let declared = |value: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
        is_json(&headers)
    };
    for value in [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/json;v=1",
    ] {
        assert!(declared(value), "{value}");
    }
    for value in [
        "",
        "json",
        "text/json",
        "application/jsonx",
        "application/problem+json",
        "application/json; charset=latin1",
        "application/x-www-form-urlencoded",
    ] {
        assert!(!declared(value), "{value}");
    }
    assert!(!is_json(&HeaderMap::new()));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        "[A-Za-z0-9+/=]{0,12}".prop_map(Value::from),
        "[0-9a-fA-F]{62,66}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// Objects whose members are mostly those of a document.
fn near_document() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec!["name", "content", "content_base64", "root", "x"]);
    prop::collection::btree_map(key, any_value(), 0..5)
        .prop_map(|map| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

fn outcome_is_clear(body: &[u8]) -> Result<(), TestCaseError> {
    match Submission::parse(body) {
        Ok(submission) => prop_assert!(submission.content.as_ref().len() <= MAX_CONTENT_BYTES),
        Err(problem) => {
            prop_assert!(!problem.to_string().is_empty());
            let status = problem.into_response().status();
            let expected = [StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE];
            prop_assert!(expected.contains(&status), "{}", status);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_a_submission_or_a_clear_refusal(body: Vec<u8>) {
        outcome_is_clear(&body)?;
    }

    #[test]
    fn any_json_near_a_document_is_a_submission_or_a_clear_refusal(
        body in near_document(), cut in any::<prop::sample::Index>()
    ) {
        let body = body.to_string();
        outcome_is_clear(body.as_bytes())?;
        outcome_is_clear(&body.as_bytes()[..cut.index(body.len())])?;
    }

    #[test]
    fn every_content_comes_through_base64_as_it_was(content: Vec<u8>, name in "[^\\pC\\s]{1,255}") {
        let body = json!({"name": name, "content_base64": BASE64_STANDARD.encode(&content)});
        let submission = parse(&body).unwrap();
        prop_assert_eq!(submission.content.into_bytes(), content);
        prop_assert_eq!(submission.name.as_str(), name);
        prop_assert_eq!(submission.claimed_root, None);
    }
}
