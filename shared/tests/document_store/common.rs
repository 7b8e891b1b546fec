//! A sandbox with an empty documents table.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType,
    },
};
use sandbox::testing::Sandbox;
use shared::{
    aws,
    document::{Content, Document},
    document_store::{Creation, DocumentStore as _, DynamoDocumentStore, NewDocument},
};

/// The table, a store on it, and a client that looks behind the store.
pub struct Table {
    pub sandbox: Sandbox,
    pub name: String,
    pub store: DynamoDocumentStore,
    pub client: Client,
}

impl Table {
    pub async fn empty() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let client = Client::new(&sandbox.sdk_config());
        let name = "documents".to_owned();
        create_table(&client, &name).await;
        let store = store(&config(&sandbox), &name);
        Self {
            sandbox,
            name,
            store,
            client,
        }
    }

    /// Another environment's store on the same table.
    pub fn another_store(&self) -> DynamoDocumentStore {
        store(&config(&self.sandbox), &self.name)
    }

    /// Stores a document with content of its own.
    pub async fn created(&self) -> Document {
        match self.store.create(new_document(&unique())).await.unwrap() {
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
            .map(|item| item["id"].as_s().unwrap().clone())
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

pub fn store(config: &SdkConfig, table: &str) -> DynamoDocumentStore {
    DynamoDocumentStore::new(config, table.parse().unwrap())
}

/// A request with this idempotency key.
pub fn new_document(key: &str) -> NewDocument {
    NewDocument {
        name: "Ärger & Söhne".parse().unwrap(),
        content: Content::try_from(format!("content of {key}").into_bytes()).unwrap(),
        claimed_root: None,
        idempotency_key: key.to_owned(),
        fingerprint: [7; 32],
    }
}

/// A text that no other call gives.
pub fn unique() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("key {}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// As `[package.metadata.tables.documents]` of this crate has it.
pub async fn create_table(client: &Client, name: &str) {
    let attribute = |name: &str| {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        attribute
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap()
    };
    let key = |name: &str, key_type| {
        let key = KeySchemaElement::builder().attribute_name(name);
        key.key_type(key_type).build().unwrap()
    };
    let all = Projection::builder().projection_type(ProjectionType::All);
    let index = GlobalSecondaryIndex::builder()
        .index_name("by_kind")
        .key_schema(key("kind", KeyType::Hash))
        .key_schema(key("id", KeyType::Range))
        .projection(all.build());
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("id"))
        .attribute_definitions(attribute("kind"))
        .key_schema(key("id", KeyType::Hash))
        .global_secondary_indexes(index.build().unwrap())
        .send()
        .await
        .unwrap();
}
