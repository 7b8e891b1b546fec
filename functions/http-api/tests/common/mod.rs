//! The API in this process, with a store and a queue that do not answer.
#![allow(dead_code, unreachable_pub)] // `tools/tests` uses the rest
#![allow(clippy::unwrap_used, clippy::expect_used)] // a helper that panics fails its test

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_credential_types::Credentials;
use aws_sdk_sqs::config::{BehaviorVersion, Region, SharedCredentialsProvider, retry::RetryConfig};
use aws_types::SdkConfig;
use axum::body::to_bytes;
use http_api::{Api, router};
use lambda_http::{Context, RequestExt as _, Service as _, request};
use notary::store::DocumentStore;
use serde_json::{Map, Value};
use shared::http;

pub mod answer;

pub use answer::{Answer, Call};

/// A port where nobody listens (discard).
const NOBODY: &str = "http://127.0.0.1:9";

/// The answer to one request.
pub async fn send(call: Call) -> Answer {
    send_event(call.event()).await
}

/// The answer to one event.
pub async fn send_event(event: Value) -> Answer {
    send_within(event, Duration::from_secs(60)).await
}

/// The answer to one event of an invocation that has so much time.
pub async fn send_within(event: Value, time: Duration) -> Answer {
    let nobody = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(NOBODY)
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys(
            "key", "secret", None,
        )))
        .retry_config(RetryConfig::disabled())
        .build();
    let router = router(Api {
        store: DocumentStore::new(&nobody, "documents".to_owned()),
        sqs: aws_sdk_sqs::Client::new(&nobody),
        queue_url: NOBODY.to_owned(),
    });
    let mut context = Context::default();
    context.request_id = "00000000-0000-0000-0000-000000000007".to_owned();
    let end = (SystemTime::now() + time)
        .duration_since(UNIX_EPOCH)
        .unwrap();
    let function = Arc::make_mut(&mut context.env_config);
    function.function_name = "http-api".to_owned();
    function.version = "7".to_owned();
    context.deadline = end.as_millis().try_into().unwrap();
    // As lambda_http's `run` does it.
    let request = request::from_str(&event.to_string()).unwrap();
    let request = request.with_lambda_context(context);
    let answer = http::path_as_sent(router).call(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let text = |value: &axum::http::HeaderValue| Value::from(value.to_str().unwrap());
    let headers = parts.headers.iter();
    let headers: Map<_, _> = headers
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status.as_u16().into(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }
}
