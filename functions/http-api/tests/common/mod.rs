//! The API in this process, with a store and a queue that do not answer.
#![allow(dead_code, unreachable_pub)] // `tools/tests` uses the rest
#![allow(clippy::unwrap_used, clippy::expect_used)] // a helper that panics fails its test

use aws_credential_types::Credentials;
use aws_sdk_sqs::config::{BehaviorVersion, Region, SharedCredentialsProvider, retry::RetryConfig};
use aws_types::SdkConfig;
use axum::Router;
use http_api::{Api, Facts, handle, queue::SqsDocumentQueue, router};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;
use shared::document_store::DynamoDocumentStore;

pub mod answer;

pub use answer::{Answer, Call};

/// A port where nobody listens (discard).
const NOBODY: &str = "http://127.0.0.1:9";

/// The API with a store and a queue that do not answer.
pub fn api() -> TestApi {
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
    TestApi::new(&nobody)
}

/// The whole function without its process.
#[derive(Clone)]
pub struct TestApi {
    router: Router,
}

impl TestApi {
    fn new(config: &SdkConfig) -> Self {
        let router = router(Api {
            store: DynamoDocumentStore::new(config, "documents".parse().unwrap()),
            queue: SqsDocumentQueue::new(config, NOBODY.parse().unwrap()),
            facts: Facts::new("http-api".to_owned(), "7".to_owned()),
        });
        Self { router }
    }

    /// The answer to one request.
    pub async fn send(&self, call: Call) -> Answer {
        self.send_event(call.event()).await
    }

    /// The answer to one event.
    pub async fn send_event(&self, event: Value) -> Answer {
        let mut context = Context::default();
        context.request_id = "00000000-0000-0000-0000-000000000007".to_owned();
        let event = LambdaEvent::new(event, context);
        let answer = handle(self.router.clone(), event).await.unwrap();
        Answer::new(serde_json::to_value(&answer).unwrap())
    }
}
