//! The function as it is deployed: both builds in a sandbox, its table, its queue, its mapping.

use std::{path::Path, time::Duration};

use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use notary::{
    document::NewDocument,
    store::{Creation, DocumentStore},
};
use sandbox::testing::Sandbox;
use tests::{changed_build, root};
use uuid::Uuid;

/// The function's name.
pub const FUNCTION: &str = "event-processor";
/// Name of the table.
pub const TABLE: &str = "documents";
const QUEUE: &str = "documents";
const DEAD_LETTER_QUEUE: &str = "documents-dead-letter";

/// Only a test that fails waits for so long.
const PATIENCE: Duration = Duration::from_secs(600);

/// The function with everything around it.
pub struct Deployment {
    pub sandbox: Sandbox,
    pub sqs: aws_sdk_sqs::Client,
    pub store: DocumentStore,
    pub queue: Queue,
    pub dead_letters: Queue,
}

impl Deployment {
    /// What `scripts/build.sh event-processor` has built, applied; `live` is the x86_64 build.
    pub async fn start() -> Self {
        Self::of(&root().join("dist")).await
    }

    /// The same, with another time limit for an invocation.
    pub async fn with_timeout_s(timeout_s: u32) -> Self {
        let dist = changed_build(FUNCTION, FUNCTION, |manifest| {
            manifest["timeout_s"] = timeout_s.into();
        });
        Self::of(dist.path()).await
    }

    async fn of(dist: &Path) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        sandbox.apply_from(dist, FUNCTION).await.unwrap();
        let config = sandbox.sdk_config();
        let sqs = aws_sdk_sqs::Client::new(&config);
        Self {
            store: DocumentStore::new(&config, TABLE.to_owned()),
            queue: Queue::named(&sqs, QUEUE).await,
            dead_letters: Queue::named(&sqs, DEAD_LETTER_QUEUE).await,
            sandbox,
            sqs,
        }
    }

    /// Waits until the function's log has this.
    pub async fn logged(&self, text: &str) {
        // There is no log before the first invocation.
        let has_it = async || {
            let logs = self.sandbox.logs(FUNCTION);
            logs.is_ok_and(|logs| logs.contains(text))
        };
        until(&format!("{text:?} in the log"), has_it).await;
    }
}

/// A new document in any store.
pub async fn create(store: &DocumentStore, content: Vec<u8>, claimed_root: Option<String>) -> Uuid {
    let new = NewDocument {
        name: "deed.txt".to_owned(),
        content,
        claimed_root,
    };
    let key = Uuid::now_v7().to_string();
    match store.create(new, &key).await.unwrap() {
        Creation::Created(document) => document.id,
        other => panic!("{other:?}"),
    }
}

/// A queue with its client.
#[derive(Clone)]
pub struct Queue {
    client: aws_sdk_sqs::Client,
    pub url: String,
}

impl Queue {
    /// A queue that exists.
    pub async fn named(client: &aws_sdk_sqs::Client, name: &str) -> Self {
        let url = client.get_queue_url().queue_name(name).send().await;
        Self {
            client: client.clone(),
            url: url.unwrap().queue_url.unwrap(),
        }
    }

    /// Sets one attribute.
    pub async fn set(&self, name: QueueAttributeName, value: impl Into<String>) {
        let set = self.client.set_queue_attributes().queue_url(&self.url);
        set.attributes(name, value).send().await.unwrap();
    }

    /// One attribute.
    pub async fn attribute(&self, name: QueueAttributeName) -> String {
        let get = self.client.get_queue_attributes().queue_url(&self.url);
        let output = get.attribute_names(name.clone()).send().await.unwrap();
        output.attributes.unwrap()[&name].clone()
    }

    /// Sends messages, ten at a time.
    pub async fn send(&self, bodies: &[String]) {
        for ten in bodies.chunks(10) {
            let entry = |(index, body): (usize, &String)| {
                let entry = SendMessageBatchRequestEntry::builder().id(index.to_string());
                entry.message_body(body).build().unwrap()
            };
            let entries = ten.iter().enumerate().map(entry).collect();
            let send = self.client.send_message_batch().queue_url(&self.url);
            let sent = send.set_entries(Some(entries)).send().await.unwrap();
            assert_eq!(sent.successful.len(), ten.len(), "{:?}", sent.failed);
        }
    }

    /// How many messages it holds, waiting, in flight or delayed. The sandbox's count is exact.
    pub async fn len(&self) -> usize {
        use QueueAttributeName::{
            ApproximateNumberOfMessages, ApproximateNumberOfMessagesDelayed,
            ApproximateNumberOfMessagesNotVisible,
        };
        // In one call: between two a message may go from one of them to another.
        let get = self.client.get_queue_attributes().queue_url(&self.url);
        let get = get
            .attribute_names(ApproximateNumberOfMessages)
            .attribute_names(ApproximateNumberOfMessagesNotVisible)
            .attribute_names(ApproximateNumberOfMessagesDelayed);
        let attributes = get.send().await.unwrap().attributes.unwrap();
        let counts = attributes.values();
        counts.map(|count| count.parse::<usize>().unwrap()).sum()
    }

    /// Takes every message out, sorted.
    pub async fn drain(&self) -> Vec<String> {
        let mut bodies = Vec::new();
        loop {
            let receive = self.client.receive_message().queue_url(&self.url);
            let received = receive.max_number_of_messages(10).send().await.unwrap();
            let messages = received.messages.unwrap_or_default();
            if messages.is_empty() {
                bodies.sort();
                return bodies;
            }
            for message in messages {
                bodies.push(message.body.unwrap());
                let delete = self.client.delete_message().queue_url(&self.url);
                let handle = message.receipt_handle.unwrap();
                delete.receipt_handle(handle).send().await.unwrap();
            }
        }
    }
}

/// Asks again and again until the answer is yes.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("still no {what}"));
}
