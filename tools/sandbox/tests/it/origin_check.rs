//! What a browser sends for a web page is refused on every port. Here it is written by hand; a real browser sends it in
//! `scripts/test/browser.sh`.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::common;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use common::{FUNCTION, ROLE, build, does, host, probe_zip};
use sandbox::testing::Sandbox;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A sandbox with the probe behind HTTP, and the addresses of its three kinds of ports.
struct Ports {
    sandbox: Sandbox,
    api: String,
    runtime_api: String,
    http_api: String,
}

impl Ports {
    async fn open() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let dist = tempfile::tempdir().unwrap();
        build(dist.path(), |manifest| {
            manifest["trigger"] = json!({"kind": "http"});
        });
        sandbox.apply_from(dist.path(), FUNCTION).await.unwrap();
        let http_api = sandbox.http_endpoint(FUNCTION).await.unwrap();
        let ports = Self {
            api: address(&sandbox.endpoint),
            http_api: address(&http_api),
            runtime_api: String::new(),
            sandbox,
        };
        let variables = ports.probe("env").await["variables"].clone();
        let runtime_api = variables["AWS_LAMBDA_RUNTIME_API"].as_str().unwrap();
        Self {
            runtime_api: runtime_api.to_owned(),
            ..ports
        }
    }

    async fn probe(&self, what: &str) -> Value {
        let answer = self
            .sandbox
            .invoke(FUNCTION, host().as_str(), &does(what))
            .await
            .unwrap();
        answer.payload
    }

    async fn functions(&self) -> usize {
        let list = self.sandbox.lambda.list_functions().send().await.unwrap();
        list.functions().len()
    }

    /// A request line for every part of the two ports that programs alone use, with its body.
    fn requests(&self) -> Vec<(&str, &'static str, String)> {
        let create = create_function("stranger");
        let api = [
            ("POST /2015-03-31/functions", create),
            (
                "POST /2015-03-31/functions/probe/invocations",
                "{}".to_owned(),
            ),
            ("GET /2015-03-31/event-source-mappings/", String::new()),
            ("OPTIONS /2015-03-31/functions", String::new()),
            ("GET /_sandbox/health", String::new()),
            (
                "PUT /_sandbox/faults/probe/arm64",
                r#"{"errors":1.0}"#.to_owned(),
            ),
            ("POST /", "Action=ListQueues".to_owned()),
            ("GET /nothing/is/here", String::new()),
        ];
        let runtime_api = [
            ("GET /2018-06-01/runtime/invocation/next", String::new()),
            ("POST /2018-06-01/runtime/init/error", "{}".to_owned()),
            (
                "POST /2018-06-01/runtime/invocation/a/response",
                "{}".to_owned(),
            ),
            ("GET /nothing/is/here", String::new()),
        ];
        let on = |address, requests: Vec<_>| {
            requests
                .into_iter()
                .map(move |(line, body)| (address, line, body))
        };
        on(self.api.as_str(), api.to_vec())
            .chain(on(self.runtime_api.as_str(), runtime_api.to_vec()))
            .collect()
    }
}

fn create_function(name: &str) -> String {
    let code = json!({"ZipFile": BASE64.encode(probe_zip())});
    json!({"FunctionName": name, "Role": ROLE, "Runtime": "provided.al2023", "Handler": "bootstrap", "Code": code})
        .to_string()
}

fn address(url: &str) -> String {
    url.strip_prefix("http://").unwrap().to_owned()
}

/// Status and answer of a request with these header lines.
async fn send(address: &str, line: &str, headers: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\n{headers}Content-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The end of the connection may come as a reset, where a body was not read.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).unwrap_or_default().parse();
    (status.unwrap_or_default(), answer)
}

#[tokio::test]
async fn what_browsers_add_and_foreign_hosts_are_refused_on_every_route_that_programs_alone_use() {
    let ports = Ports::open().await;
    let functions = ports.functions().await;
    let earlier = ports.probe("who").await["earlier"].as_u64().unwrap();
    for (address, line, body) in ports.requests() {
        for (headers, why) in [
            (
                "Host: {}\r\nOrigin: https://evil.example\r\n",
                "https://evil.example",
            ),
            (
                "Host: {}\r\nOrigin: http://127.0.0.1:8000\r\n",
                "http://127.0.0.1:8000",
            ),
            ("Host: {}\r\nOrigin: null\r\n", "Origin: null"),
            (
                "Host: {}\r\nSec-Fetch-Site: cross-site\r\n",
                "Sec-Fetch-Site: cross-site",
            ),
            (
                "Host: {}\r\nSec-Fetch-Site: same-site\r\n",
                "Sec-Fetch-Site: same-site",
            ),
            (
                "Host: {}\r\nSec-Fetch-Site: same-origin\r\n",
                "Sec-Fetch-Site: same-origin",
            ),
            ("Host: evil.example\r\n", "evil.example"),
            (
                "Host: evil.example:4566\r\nSec-Fetch-Site: none\r\n",
                "evil.example:4566",
            ),
            ("", "send the header Host"),
        ] {
            let headers = headers.replace("{}", address);
            let (status, answer) = send(address, line, &headers, &body).await;
            assert_eq!(status, 403, "{line} {headers} {answer}");
            assert!(
                answer.contains("The sandbox refused this request"),
                "{answer}"
            );
            assert!(answer.contains(why), "{answer}");
            assert!(!answer.contains("access-control-allow"), "{answer}");
        }
    }
    assert_eq!(ports.functions().await, functions);
    assert_eq!(ports.probe("who").await["earlier"], json!(earlier + 1));
}

#[tokio::test]
async fn a_websocket_is_refused() {
    let ports = Ports::open().await;
    for address in [&ports.api, &ports.runtime_api] {
        let headers = format!(
            "Host: {address}\r\nOrigin: http://127.0.0.1:8000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        );
        let (status, answer) = send(address, "GET /", &headers, "").await;
        assert_eq!(status, 403, "{answer}");
    }
}

#[tokio::test]
async fn the_same_requests_of_a_program_are_answered_under_every_name_of_loopback() {
    let ports = Ports::open().await;
    let port = ports.api.rsplit(':').next().unwrap();
    for (number, host) in ["127.0.0.1", "localhost", "[::1]"].iter().enumerate() {
        for headers in ["", "Sec-Fetch-Site: none\r\n"] {
            let headers = format!("Host: {host}:{port}\r\n{headers}");
            let (status, answer) = send(&ports.api, "GET /_sandbox/health", &headers, "").await;
            assert_eq!(status, 200, "{answer}");
        }
        let headers = format!("Host: {host}:{port}\r\n");
        let create = create_function(&format!("friend{number}"));
        let line = "POST /2015-03-31/functions";
        let (status, answer) = send(&ports.api, line, &headers, &create).await;
        assert_eq!(status, 201, "{answer}");
        let line = "POST /2018-06-01/runtime/invocation/a/response";
        let (status, answer) = send(&ports.runtime_api, line, &headers, "{}").await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer.contains("InvalidRequestID"), "{answer}");
    }
}

#[tokio::test]
async fn an_http_api_answers_web_pages_and_refuses_foreign_hosts() {
    let ports = Ports::open().await;
    let address = &ports.http_api;
    for page in [
        "Origin: http://127.0.0.1:5173\r\n",
        "Sec-Fetch-Site: same-site\r\n",
    ] {
        let headers = format!("Host: {address}\r\n{page}");
        let (status, answer) = send(address, "GET /a", &headers, "").await;
        assert_eq!(status, 200, "{answer}");
        let headers = format!("Host: evil.example\r\n{page}");
        let (status, answer) = send(address, "GET /a", &headers, "").await;
        assert_eq!(status, 403, "{answer}");
    }
    assert_eq!(send(address, "GET /a", "", "").await.0, 403);
}
