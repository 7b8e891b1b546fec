//! What the tests share: the API in this process on a sandbox's DynamoDB and SQS.
#![allow(dead_code, unreachable_pub)] // every test file uses its own part of it
#![allow(clippy::unwrap_used, clippy::expect_used)] // a helper that panics fails its test

use aws_types::{SdkConfig, sdk_config::RetryConfig};
use axum::Router;
use http_api::{Api, Facts, handle, queue::SqsDocumentQueue, router};
use lambda_runtime::{Context, LambdaEvent};
use sandbox::testing::Sandbox;
use serde_json::{Value, json};
use shared::document_store::DynamoDocumentStore;

pub mod answer;

pub use answer::{Answer, Call};

/// The table and the queue, as the function's metadata name them.
pub const DOCUMENTS: &str = "documents";

/// Where nobody listens: port 9 of this machine (discard).
pub const NOBODY: &str = "http://127.0.0.1:9";

/// A sandbox with the function's table and queue, and no consumer: messages stay where they are.
pub async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.apply("http-api").await.unwrap();
    sandbox
}

/// The API on this sandbox.
pub fn api(sandbox: &Sandbox) -> TestApi {
    TestApi::new(&config(sandbox), &config(sandbox), &queue_url(sandbox))
}

/// The sandbox's configuration, with the SDK's retries: concurrent transactions conflict.
pub fn config(sandbox: &Sandbox) -> SdkConfig {
    let retries = RetryConfig::standard().with_max_attempts(5);
    let config = sandbox.sdk_config().to_builder();
    config.retry_config(retries).build()
}

/// The same for an endpoint where nobody listens.
pub fn unreachable(sandbox: &Sandbox) -> SdkConfig {
    sandbox
        .sdk_config()
        .to_builder()
        .endpoint_url(NOBODY)
        .build()
}

/// URL of the documents queue.
pub fn queue_url(sandbox: &Sandbox) -> String {
    format!("{}/000000000000/{DOCUMENTS}", sandbox.endpoint)
}

/// The whole function but for the process around it.
#[derive(Clone)]
pub struct TestApi {
    router: Router,
}

impl TestApi {
    /// One with this store and queue.
    pub fn new(store: &SdkConfig, queue: &SdkConfig, queue_url: &str) -> Self {
        let router = router(Api {
            store: DynamoDocumentStore::new(store, DOCUMENTS.parse().unwrap()),
            queue: SqsDocumentQueue::new(queue, queue_url.parse().unwrap()),
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

    /// The answer to `POST /documents` with this key.
    pub async fn submit(&self, key: &str, document: &Value) -> Answer {
        self.send(Call::submit(key, document)).await
    }

    /// Submits a document with a key of its own; gives its id.
    pub async fn stored(&self, name: &str) -> String {
        let document = json!({"name": name, "content": name});
        let answer = self.submit(&format!("key-of-{name}"), &document).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.text("/id")
    }
}

/// Ids of the documents whose messages wait in the queue; takes them out.
pub async fn queued(sandbox: &Sandbox) -> Vec<String> {
    let client = aws_sdk_sqs::Client::new(&sandbox.sdk_config());
    let mut ids = Vec::new();
    loop {
        let receive = client.receive_message().queue_url(queue_url(sandbox));
        let received = receive.max_number_of_messages(10).send().await.unwrap();
        let messages = received.messages.unwrap_or_default();
        if messages.is_empty() {
            return ids;
        }
        for message in messages {
            let body: Value = serde_json::from_str(&message.body.unwrap()).unwrap();
            ids.push(body["document_id"].as_str().unwrap().to_owned());
        }
    }
}
