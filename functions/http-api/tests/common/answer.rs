// Requests as events, and answers as callers see them. `tools/tests` includes this file.

use serde_json::{Map, Value, json};

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    method: String,
    path: String,
    query: String,
    headers: Map<String, Value>,
    body: Option<String>,
}

impl Call {
    /// One without headers and body; `target` is path and query.
    pub fn new(method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Map::new(),
            body: None,
        }
    }

    /// `GET`.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// `POST /documents`.
    pub fn submit(key: &str, document: &Value) -> Self {
        Self::new("POST", "/documents")
            .header("idempotency-key", key)
            .header("content-type", "application/json")
            .body(document.to_string())
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.into());
        self
    }

    /// With a body.
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Payload format 2.0.
    pub fn event(self) -> Value {
        json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": self.path,
            "rawQueryString": self.query,
            "headers": self.headers,
            "requestContext": {
                "stage": "$default",
                "http": {"method": self.method, "path": self.path, "protocol": "HTTP/1.1"},
            },
            "body": self.body,
            "isBase64Encoded": false,
        })
    }
}

/// The answer to a request.
#[derive(Debug, PartialEq)]
pub struct Answer {
    /// Of HTTP.
    pub status: u64,
    /// By lower-case name.
    pub headers: Map<String, Value>,
    /// As JSON; null when there is none.
    pub body: Value,
}

impl Answer {
    /// What the function answered in payload format 2.0.
    pub fn new(answer: Value) -> Self {
        assert_eq!(answer["isBase64Encoded"], false, "{answer}");
        let text = answer["body"].as_str().unwrap_or_default();
        Self {
            status: answer["statusCode"].as_u64().unwrap(),
            headers: answer["headers"].as_object().unwrap().clone(),
            body: match text {
                "" => Value::Null,
                text => serde_json::from_str(text).unwrap(),
            },
        }
    }

    /// A header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// A member of the body.
    pub fn text(&self, pointer: &str) -> String {
        self.body
            .pointer(pointer)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Checks that this is a problem of this status and kind.
    #[track_caller]
    pub fn expect_problem(&self, status: u64, kind: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(
            self.body["type"],
            format!("urn:problem-type:http-api:{kind}")
        );
        assert_eq!(self.body["status"], status);
        assert!(!self.text("/detail").is_empty());
    }
}
