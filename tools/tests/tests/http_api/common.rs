//! A sandbox with the function's table and queue, and the API that the build of this machine serves.

use std::sync::Arc;

use notary::store::DocumentStore;
use package::Architecture;
use sandbox::{execution::emulation::HOST, testing::Sandbox};
use serde_json::{Value, json};

use crate::answer::{Answer, Call};

/// The function under test.
pub const FUNCTION: &str = "http-api";

/// The table and the queue, as the function's metadata name them.
pub const DOCUMENTS: &str = "documents";

/// A sandbox with the function's table and queue, and no consumer: messages stay where they are.
pub async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.apply(FUNCTION).await.unwrap();
    sandbox
}

/// The answer of one build to an event, without the id of the request.
pub async fn ask(sandbox: &Sandbox, build: Architecture, event: &Value) -> Answer {
    let invocation = sandbox.invoke(FUNCTION, build.as_str(), event).await;
    let invocation = invocation.unwrap();
    assert!(invocation.is_success(), "{build}: {invocation:?}");
    let mut answer = Answer::new(invocation.payload);
    assert!(
        answer.headers.remove("x-request-id").is_some(),
        "{answer:?}"
    );
    answer
}

/// The API of the build that runs here without an emulator.
#[derive(Clone)]
pub struct Api {
    pub sandbox: Arc<Sandbox>,
}

impl Api {
    /// With an empty table and an empty queue.
    pub async fn start() -> Self {
        Self {
            sandbox: Arc::new(sandbox().await),
        }
    }

    /// The store behind it.
    pub fn store(&self) -> DocumentStore {
        DocumentStore::new(&self.sandbox.sdk_config(), DOCUMENTS.to_owned())
    }

    /// The answer to one request.
    pub async fn send(&self, call: Call) -> Answer {
        ask(&self.sandbox, HOST, &call.event()).await
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

    /// [`queued`].
    pub async fn queued(&self) -> Vec<String> {
        queued(&self.sandbox).await
    }
}

/// URL of the documents queue.
pub fn queue_url(sandbox: &Sandbox) -> String {
    format!("{}/000000000000/{DOCUMENTS}", sandbox.endpoint)
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
