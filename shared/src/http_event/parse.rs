//! Parses HTTP requests from events, with clear errors for everything else.
//!
//! lambda_http turns the event into a request. By itself it answers an event of another source with
//! "data doesn't match", and panics on a host, a path, a query or a body that it cannot use. So
//! these are checked or corrected here.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use lambda_http::{
    aws_lambda_events::apigw::ApiGatewayV2httpRequest, http::header::HOST, request::LambdaRequest,
};
use lambda_runtime::{Diagnostic, LambdaEvent};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;

use crate::quote::{kind, shortened};

/// Longest path and query in bytes: `http::Uri` holds 65,534. API Gateway takes 10,240 with all
/// headers.
const MAX_TARGET_BYTES: usize = 60_000;

/// Characters that must be encoded in a URI's path or query (RFC 3986, sections 3.3 and 3.4). The percent sign is none
/// of them: what was sent encoded stays encoded.
const NOT_IN_URI: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
/// In a path, a question mark too: it is part of a segment that API Gateway has decoded.
const NOT_IN_PATH: &AsciiSet = &NOT_IN_URI.add(b'?');

/// Why an event is refused; Lambda reports it as a function error of type `InvalidEvent`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Something else than an HTTP request.
    #[error("the event is {0}; {EXPECTED}")]
    OtherSource(String),
    /// An HTTP request in a format that we do not read.
    #[error(
        "the event has payload format version {0}; {EXPECTED}: set the integration's payload format version to 2.0"
    )]
    OtherVersion(String),
    /// A member that is missing or of another type.
    #[error("{reason}; {EXPECTED}")]
    Shape {
        /// What does not fit, with the member's path.
        reason: String,
    },
    /// A path that does not begin with a slash.
    #[error("rawPath does not begin with a slash; {EXPECTED}")]
    Path,
    /// More than a URI can hold.
    #[error("rawPath and rawQueryString have {0} bytes, more than {MAX_TARGET_BYTES}")]
    LongTarget(usize),
    /// A body that is marked as base64 and is not.
    #[error("isBase64Encoded is true, but body is not base64: {0}")]
    NotBase64(String),
}

/// How many characters of a caller's text an error repeats: enough to find the event in the log.
const QUOTED_CHARS: usize = 200;

const EXPECTED: &str = "this function takes HTTP requests in payload format 2.0 (API Gateway's HTTP APIs, function URLs)";

impl From<EventError> for Diagnostic {
    fn from(error: EventError) -> Self {
        Self {
            error_type: "InvalidEvent".to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// The request that an event holds, such that lambda_http can use it.
///
/// # Errors
/// [`EventError`] for everything that is no request in payload format 2.0.
pub fn parse(event: LambdaEvent<Value>) -> Result<LambdaEvent<LambdaRequest>, EventError> {
    let LambdaEvent { payload, context } = event;
    expect_version_2(&payload)?;
    let request = serde_path_to_error::deserialize(payload).map_err(shape)?;
    let payload = LambdaRequest::ApiGatewayV2(usable(request)?);
    Ok(LambdaEvent { payload, context })
}

fn expect_version_2(event: &Value) -> Result<(), EventError> {
    let Some(object) = event.as_object() else {
        return Err(EventError::OtherSource(kind(event).to_owned()));
    };
    match object.get("version") {
        Some(Value::String(version)) if version == "2.0" => Ok(()),
        // Custom events and EventBridge have a version as well.
        Some(version) if object.contains_key("requestContext") => Err(EventError::OtherVersion(
            shortened(&version.to_string(), QUOTED_CHARS),
        )),
        _ => Err(EventError::OtherSource(source(event))),
    }
}

/// What an object without a version looks like.
fn source(event: &Value) -> String {
    let record = &event["Records"][0];
    let name = record["eventSource"]
        .as_str()
        .or(record["EventSource"].as_str());
    match (name, event["source"].as_str()) {
        (Some(source), _) => format!("a batch of records from {}", shortened(source, QUOTED_CHARS)),
        (None, Some(source)) => format!("an EventBridge event from {}", shortened(source, QUOTED_CHARS)),
        (None, None) if event.get("httpMethod").is_some() => {
            "an HTTP request without a payload format version, as a REST API or a load balancer sends it".to_owned()
        }
        (None, None) => "an object without a payload format version".to_owned(),
    }
}

/// Checks and corrects what lambda_http would panic on.
fn usable(mut request: ApiGatewayV2httpRequest) -> Result<ApiGatewayV2httpRequest, EventError> {
    let path = request.raw_path.take().filter(|path| path.starts_with('/'));
    let path = path.ok_or(EventError::Path)?;
    let path = utf8_percent_encode(&path, NOT_IN_PATH).to_string();
    let path = with_dots_spelled_out(&path);
    let query = request.raw_query_string.take().unwrap_or_default();
    let query = utf8_percent_encode(&query, NOT_IN_URI).to_string();
    if path.len() + query.len() > MAX_TARGET_BYTES {
        return Err(EventError::LongTarget(path.len() + query.len()));
    }
    request.raw_path = Some(path);
    request.raw_query_string = Some(query);
    // The URI is made from the path alone, without a host, which the caller chooses, and without a stage.
    request.headers.remove(HOST);
    request.request_context.domain_name = None;
    request.request_context.stage = None;
    if let (true, Some(body)) = (request.is_base64_encoded, &request.body) {
        BASE64_STANDARD
            .decode(body)
            .map_err(|error| EventError::NotBase64(error.to_string()))?;
    }
    Ok(request)
}

/// lambda_http resolves `.` and `..`, so that a path could reach another route than the one that API Gateway has
/// checked. No route of ours has such a segment: encode it.
fn with_dots_spelled_out(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        let dots = segment.to_ascii_lowercase().replace("%2e", ".");
        match dots.as_str() {
            "." | ".." => dots.replace('.', "%252e"),
            _ => segment.to_owned(),
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

fn shape(error: serde_path_to_error::Error<serde_json::Error>) -> EventError {
    let path = error.path().to_string();
    let reason = match path.as_str() {
        "." => error.into_inner().to_string(),
        // The reason would repeat the value, which may be a caller's credentials.
        path if path.starts_with("headers") => format!("{path}: not a header of HTTP"),
        path => format!("{path}: {}", error.inner()),
    };
    EventError::Shape {
        reason: shortened(&reason, QUOTED_CHARS),
    }
}
