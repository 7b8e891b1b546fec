//! Documents in one DynamoDB table with the partition key `id`.
//!
//! | item | key | attributes |
//! | --- | --- | --- |
//! | document | `document#<id>` | `kind` = `document`, `name`, `size_bytes`, `status`, `root`, `revision`, `created_at`, `updated_at` |
//! | content | `content#<id>` | `content` |
//! | request | `request#<SHA-256 of the idempotency key>` | `document_id`, `fingerprint`, `expires_at` (time to live) |
//! | key of cursors | `secret#cursor` | `key` |
//!
//! Content is an item of its own, so that a listing or a change of status does not pay for 256 KiB. Only
//! documents have a `kind`, so the index `by_kind` has only them, sorted by id and so by time. They share
//! one partition of that index: a table that gets more than about 1,000 documents a second needs
//! a `kind` per day or shard.
//!
//! Every write is conditional. When two writers meet, the condition decides, after a conflict that the SDK
//! retries ([`conflict`]).

mod conflict;
mod create;
mod cursor_key;
mod delete;
mod failure;
mod get;
mod item;
mod list;
mod settle;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use tokio::sync::OnceCell;

use super::{
    Creation, Deletion, DocumentStore, NewDocument, Page, Settlement, StoreError, cursor::CursorKey,
};
use crate::{
    configuration::TableName,
    document::{Content, Document, DocumentId, Verdict},
};

/// The index over all documents.
const INDEX: &str = "by_kind";

/// [`DocumentStore`] on DynamoDB.
///
/// Make one during the init phase and keep it: it holds the connections and the key of the cursors. Nothing is
/// sent before the first request.
///
/// The permissions of each method: `create` `PutItem` and `GetItem`; `get` and
/// `get_with_content` `GetItem`; `list` `Query` (of the index), `GetItem` and `PutItem`; `settle`
/// `UpdateItem`; `delete` `DeleteItem` and `GetItem`.
#[derive(Clone)]
pub struct DynamoDocumentStore {
    client: Client,
    table: TableName,
    cursor_key: std::sync::Arc<OnceCell<CursorKey>>,
}

impl DynamoDocumentStore {
    /// Documents in `table`, with the connections, retries and timeouts of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, table: TableName) -> Self {
        let config = aws_sdk_dynamodb::config::Builder::from(config)
            .retry_classifier(conflict::ConflictClassifier)
            .build();
        Self {
            client: Client::from_conf(config),
            table,
            cursor_key: std::sync::Arc::default(),
        }
    }
}

impl DocumentStore for DynamoDocumentStore {
    async fn create(&self, new: NewDocument) -> Result<Creation, StoreError> {
        self.create_document(new).await
    }

    async fn get(&self, id: DocumentId) -> Result<Option<Document>, StoreError> {
        self.get_document(id).await
    }

    async fn get_with_content(
        &self,
        id: DocumentId,
    ) -> Result<Option<(Document, Content)>, StoreError> {
        self.get_document_with_content(id).await
    }

    async fn list(&self, limit: u32, cursor: Option<&str>) -> Result<Page, StoreError> {
        self.list_documents(limit, cursor).await
    }

    async fn settle(&self, id: DocumentId, verdict: Verdict) -> Result<Settlement, StoreError> {
        self.settle_document(id, verdict).await
    }

    async fn delete(
        &self,
        id: DocumentId,
        if_revision: Option<u64>,
    ) -> Result<Deletion, StoreError> {
        self.delete_document(id, if_revision).await
    }
}
