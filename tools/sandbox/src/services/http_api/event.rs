//! A request as the event of payload format 2.0.
//!
//! The shape is AWS's ("Create AWS Lambda proxy integrations for HTTP APIs"). What the documentation leaves open follows
//! captures from live HTTP APIs: `rawPath` is percent-decoded and ends at a decoded `?` (honojs/hono#2156,
//! middleapi/standard-server#93), and only few media types are text (ministackorg/ministack#766).

use std::{borrow::Cow, collections::BTreeMap};

use axum::http::{HeaderMap, HeaderName, Uri, header, request::Parts};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// The only client is on this machine.
const CLIENT: &str = "127.0.0.1";

/// Headers that concern one connection, and the cookies, which have a field of their own.
const NOT_PASSED_ON: [HeaderName; 9] = [
    header::CONNECTION,
    header::COOKIE,
    header::EXPECT,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// What API Gateway adds to a request.
pub(in crate::services) struct RequestMetadata<'a> {
    pub(in crate::services) api_id: &'a str,
    pub(in crate::services) request_id: &'a str,
    pub(in crate::services) received: DateTime<Utc>,
    pub(in crate::services) account_id: &'a str,
}

/// An id like API Gateway's, the same for a function every time: ten letters and digits.
pub(super) fn api_id(function: &str) -> String {
    let mut id = hex::encode(Sha256::digest(function));
    id.truncate(10);
    id
}

/// An id like API Gateway's: 11 bytes in base64.
pub(super) fn request_id() -> String {
    BASE64.encode(uuid::Uuid::new_v4().as_bytes().split_at(11).0)
}

/// The event. Fields without a value are left out, as API Gateway does.
pub(in crate::services) fn event(
    parts: &Parts,
    body: &[u8],
    metadata: &RequestMetadata<'_>,
) -> Value {
    let path = raw_path(&parts.uri);
    let query = parts.uri.query().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(parts, body, metadata),
        "requestContext": context(parts, &path, metadata),
        "isBase64Encoded": false,
    });
    let mut set = |name: &str, value: Value| event[name] = value;
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        set("cookies", json!(cookies));
    }
    if !query.is_empty() {
        set("queryStringParameters", json!(parameters(query)));
    }
    if !body.is_empty() {
        let text = is_text(&parts.headers).then(|| std::str::from_utf8(body).ok());
        match text.flatten() {
            Some(text) => set("body", json!(text)),
            // Text that is no UTF-8 too, so that the function sees what was sent.
            None => {
                set("body", json!(BASE64.encode(body)));
                set("isBase64Encoded", json!(true));
            }
        }
    }
    event
}

/// The path without its percent-encoding, up to a decoded `?`.
fn raw_path(uri: &Uri) -> String {
    let decoded = percent_decode_str(uri.path()).decode_utf8_lossy();
    let path = decoded.split('?').next().unwrap_or_default();
    path.to_owned()
}

fn context(parts: &Parts, path: &str, metadata: &RequestMetadata<'_>) -> Value {
    let domain = text(&parts.headers, &header::HOST);
    json!({
        "accountId": metadata.account_id,
        "apiId": metadata.api_id,
        "domainName": domain,
        "domainPrefix": domain.split('.').next(),
        "http": {
            "method": parts.method.as_str(),
            "path": path,
            "protocol": format!("{:?}", parts.version),
            "sourceIp": CLIENT,
            "userAgent": text(&parts.headers, &header::USER_AGENT),
        },
        "requestId": metadata.request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": metadata.received.format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
        "timeEpoch": metadata.received.timestamp_millis(),
    })
}

/// Lower-case names; repeated headers joined by commas; and the headers that API Gateway adds.
fn headers(parts: &Parts, body: &[u8], metadata: &RequestMetadata<'_>) -> Map<String, Value> {
    let names = parts.headers.keys();
    let mut headers: Map<_, _> = names
        .filter(|name| !NOT_PASSED_ON.contains(name))
        .map(|name| (name.as_str().to_owned(), text(&parts.headers, name).into()))
        .collect();
    let host = text(&parts.headers, &header::HOST);
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
    let mut forwarded = text(&parts.headers, &HeaderName::from_static("x-forwarded-for"));
    if !forwarded.is_empty() {
        forwarded.push_str(", ");
    }
    let mut set = |name: &str, value: String| headers.insert(name.to_owned(), value.into());
    set("content-length", body.len().to_string());
    set("x-forwarded-for", forwarded + CLIENT);
    set("x-forwarded-port", port.to_owned());
    set("x-forwarded-proto", "http".to_owned());
    let trace = HeaderName::from_static("x-amzn-trace-id");
    if !parts.headers.contains_key(&trace) {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let id = id.get(..24).unwrap_or(&id);
        let seconds = metadata.received.timestamp();
        set(trace.as_str(), format!("Root=1-{seconds:08x}-{id}"));
    }
    headers
}

/// All values of a header, joined by commas.
fn text(headers: &HeaderMap, name: &HeaderName) -> String {
    let values = headers.get_all(name).iter();
    let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()));
    values.collect::<Vec<Cow<'_, str>>>().join(",")
}

/// One entry for each cookie: `name=value`.
fn cookies(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::COOKIE).iter();
    values
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .flat_map(|value| {
            let cookies = value.split(';').map(|cookie| cookie.trim().to_owned());
            cookies.collect::<Vec<_>>()
        })
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

/// Decoded; the values of a repeated name joined by commas.
fn parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::<String, String>::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        parameters
            .entry(name.into_owned())
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    parameters
}

/// Whether API Gateway passes this body on as text. To it a form, or `application/problem+json`, is no text.
fn is_text(headers: &HeaderMap) -> bool {
    let media_type = text(headers, &header::CONTENT_TYPE).to_ascii_lowercase();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    media_type.starts_with("text/")
        || matches!(
            media_type,
            "application/json" | "application/xml" | "application/javascript"
        )
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn event_of(request: axum::http::request::Builder, body: &[u8]) -> Value {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let metadata = RequestMetadata {
            account_id: "000000000000",
            api_id: "0123456789",
            request_id: "JKJaXmPLvHcESHA=",
            received: DateTime::from_timestamp_millis(1_583_348_638_390).unwrap(),
        };
        event(&parts, body, &metadata)
    }

    #[test]
    fn an_event_has_the_shape_that_aws_documents() {
        let request =
            Request::post("/my/path?parameter1=value1&parameter1=value2&parameter2=value")
                .header("Host", "id.execute-api.us-east-1.amazonaws.com")
                .header("Header1", "value1")
                .header("Header2", "value1")
                .header("Header2", "value2")
                .header("Cookie", "cookie1=a; cookie2=b")
                .header("User-Agent", "agent")
                .header(
                    "X-Amzn-Trace-Id",
                    "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
                )
                .header("Content-Type", "application/json");
        let expected = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/my/path",
            "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
            "cookies": ["cookie1=a", "cookie2=b"],
            "headers": {
                "content-length": "2",
                "content-type": "application/json",
                "header1": "value1",
                "header2": "value1,value2",
                "host": "id.execute-api.us-east-1.amazonaws.com",
                "user-agent": "agent",
                "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "80",
                "x-forwarded-proto": "http",
            },
            "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "0123456789",
                "domainName": "id.execute-api.us-east-1.amazonaws.com",
                "domainPrefix": "id",
                "http": {
                    "method": "POST",
                    "path": "/my/path",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "agent",
                },
                "requestId": "JKJaXmPLvHcESHA=",
                "routeKey": "$default",
                "stage": "$default",
                "time": "04/Mar/2020:19:03:58 +0000",
                "timeEpoch": 1_583_348_638_390_i64,
            },
            "body": "{}",
            "isBase64Encoded": false,
        });
        assert_eq!(event_of(request, b"{}"), expected);
    }

    #[test]
    fn a_path_is_decoded_and_a_query_string_is_not() {
        for (target, path, query) in [
            ("/a%20b%2Fc?x=%20y", "/a b/c", "x=%20y"),
            ("/a%23b", "/a#b", ""),
            ("/a%3Fb=1/c?d", "/a", "d"),
            ("/%FF", "/\u{fffd}", ""),
        ] {
            let event = event_of(Request::get(target), b"");
            assert_eq!(
                (&event["rawPath"], &event["rawQueryString"]),
                (&json!(path), &json!(query))
            );
            assert_eq!(event["requestContext"]["http"]["path"], path);
        }
    }

    #[test]
    fn only_text_comes_as_text() {
        for (content_type, body, is_base64) in [
            ("text/plain", &b"a"[..], false),
            ("Application/JSON; charset=utf-8", b"a", false),
            ("application/problem+json", b"a", true),
            ("application/x-www-form-urlencoded", b"a", true),
            ("", b"a", true),
            ("text/plain", b"\xff", true),
        ] {
            let event = event_of(
                Request::post("/").header("Content-Type", content_type),
                body,
            );
            assert_eq!(event["isBase64Encoded"], is_base64, "{content_type}");
            let encoded = BASE64.encode(body);
            let expected = if is_base64 { encoded.as_str() } else { "a" };
            assert_eq!(event["body"], expected, "{content_type}");
        }
    }

    #[test]
    fn what_a_request_does_not_have_is_left_out() {
        let event = event_of(Request::get("/"), b"");
        for name in ["body", "cookies", "queryStringParameters"] {
            assert!(event.get(name).is_none(), "{name}: {event}");
        }
    }
}
