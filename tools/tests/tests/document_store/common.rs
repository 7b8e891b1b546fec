//! A sandbox with an empty documents table.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use notary::{
    document::{Document, NewDocument},
    store::{Creation, DocumentStore},
};
use sandbox::testing::Sandbox;
use serde_json::json;
use shared::aws;

/// The table, a store on it, and a client that looks behind the store.
pub struct Table {
    pub sandbox: Sandbox,
    pub name: String,
    pub store: DocumentStore,
    pub client: Client,
}

impl Table {
    pub async fn empty() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let client = Client::new(&sandbox.sdk_config());
        let name = "documents".to_owned();
        create_table(&sandbox, &name).await;
        let store = store(&config(&sandbox), &name);
        Self {
            sandbox,
            name,
            store,
            client,
        }
    }

    /// Another environment's store on the same table.
    pub fn another_store(&self) -> DocumentStore {
        store(&config(&self.sandbox), &self.name)
    }

    /// Stores a document with content of its own.
    pub async fn created(&self) -> Document {
        let key = unique();
        match self.store.create(new_document(&key), &key).await.unwrap() {
            Creation::Created(document) => document,
            other => panic!("{other:?}"),
        }
    }

    /// Keys of all items, in order.
    pub async fn keys(&self) -> Vec<String> {
        let output = self.client.scan().table_name(&self.name).send().await;
        let items = output.unwrap().items.unwrap_or_default();
        let mut keys: Vec<String> = items
            .iter()
            .map(|item| item["pk"].as_s().unwrap().clone())
            .collect();
        keys.sort();
        keys
    }
}

/// What the functions use, towards the sandbox.
pub fn config(sandbox: &Sandbox) -> SdkConfig {
    sandbox
        .sdk_config()
        .to_builder()
        .retry_config(aws::retries())
        .timeout_config(aws::timeouts())
        .build()
}

pub fn store(config: &SdkConfig, table: &str) -> DocumentStore {
    DocumentStore::new(config, table.to_owned())
}

/// A document of a request with this idempotency key.
pub fn new_document(key: &str) -> NewDocument {
    NewDocument {
        name: "Ärger & Söhne".to_owned(),
        content: format!("content of {key}").into_bytes(),
        claimed_root: None,
    }
}

/// A text that no other call gives.
pub fn unique() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("key {}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// As `[package.metadata.tables.documents]` of notary has it.
pub async fn create_table(sandbox: &Sandbox, name: &str) {
    let table = json!({
        "name": name,
        "variable": "DOCUMENTS_TABLE",
        "actions": [],
        "partition_key": {"name": "pk", "type": "S"},
        "sort_key": null,
        "indexes": [{
            "name": "by_kind",
            "partition_key": {"name": "kind", "type": "S"},
            "sort_key": {"name": "id", "type": "S"},
        }],
        "ttl_attribute": "expires_at",
    });
    let table = serde_json::from_value(table).unwrap();
    sandbox.create_table(&table).await.unwrap();
}
