//! Documents in one DynamoDB table.
//!
//! | item | `pk` | attributes |
//! | --- | --- | --- |
//! | document | `document#<id>` | `kind` = `document`, and the fields of [`Document`] |
//! | content | `content#<id>` | `content` |
//! | request | `request#<SHA-256 of the idempotency key>` | `document_id`, `fingerprint`, `expires_at` (time to live) |
//!
//! Content is an item of its own, so that a listing or a change of status does not pay for 256 KiB. Only documents have
//! a `kind`, so the index `by_kind` has only them, sorted by id and so by time. They share one partition of that index,
//! which takes 1,000 writes of up to 1 KiB a second. A document is written there twice, when it is stored and when it is
//! settled, so that is 500 documents a second: a table that gets more needs a `kind` per day or shard.
//!
//! Every write is conditional, and every expected outcome has a name ([`Creation`], [`Settlement`], [`Deletion`]);
//! [`StoreError`] is for the rest. Every operation may be repeated after it failed. One file each: `create`, `settle`,
//! `delete`; what only reads is here.

mod create;
mod delete;
mod error;
mod settle;

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use aws_types::SdkConfig;
use serde::de::DeserializeOwned;
use serde_dynamo::Deserializer;
use tokio::try_join;
use uuid::Uuid;

pub use create::Creation;
pub use delete::Deletion;
pub use error::StoreError;
pub use settle::Settlement;

use crate::document::Document;
use error::{ConflictClassifier, failure};

/// The table's partition key.
const PK: &str = "pk";
/// The index over all documents, its partition key, and the only value of that.
const INDEX: &str = "by_kind";
const KIND: &str = "kind";
const DOCUMENT: &str = "document";
const CONTENT: &str = "content";

type Item = HashMap<String, AttributeValue>;

/// The table of documents. Make one during the init phase and keep it: it holds the connections.
#[derive(Clone)]
pub struct DocumentStore {
    client: Client,
    table: String,
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The documents, newest first.
    pub documents: Vec<Document>,
    /// The document after which the next page begins; none when this is the last page.
    pub next: Option<Uuid>,
}

impl DocumentStore {
    /// Documents in `table`, with the connections, retries and timeouts of `config`. Nothing is sent yet.
    pub fn new(config: &SdkConfig, table: String) -> Self {
        let config = aws_sdk_dynamodb::config::Builder::from(config)
            .retry_classifier(ConflictClassifier)
            .build();
        Self {
            client: Client::from_conf(config),
            table,
        }
    }

    /// The document as the last write left it. Needs `GetItem`.
    pub async fn get(&self, id: Uuid) -> Result<Option<Document>, StoreError> {
        let item = self.get_item(document_key(id)).await?;
        item.map(read).transpose()
    }

    /// The document with its content. Needs `GetItem`.
    ///
    /// Two reads side by side. They need not be a snapshot: content never changes, so only a deletion can come between
    /// them, and then there is no document.
    pub async fn get_with_content(
        &self,
        id: Uuid,
    ) -> Result<Option<(Document, Vec<u8>)>, StoreError> {
        let (document, content) = try_join!(self.get(id), self.get_item(content_key(id)))?;
        let content = content.and_then(|mut item| match item.remove(CONTENT) {
            Some(AttributeValue::B(bytes)) => Some(bytes.into_inner()),
            _ => None,
        });
        match (document, content) {
            (None, _) => Ok(None),
            (Some(document), Some(content)) => Ok(Some((document, content))),
            (Some(_), None) if self.get(id).await?.is_none() => Ok(None),
            (Some(_), None) => Err(StoreError::MalformedItem {
                key: content_key(id),
                problem: "the document is there and its content is not".to_owned(),
            }),
        }
    }

    /// Up to `limit` documents, newest first, from the beginning or after that document, whether or not it still
    /// exists. May miss what was changed within about the last second, as every index of DynamoDB. Needs `Query`.
    pub async fn list(&self, limit: u32, after: Option<Uuid>) -> Result<Page, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(INDEX)
            .key_condition_expression("kind = :document")
            .expression_attribute_values(":document", text(DOCUMENT))
            .scan_index_forward(false)
            // One more than asked for tells whether there is a next page.
            .limit(limit.saturating_add(1).cast_signed())
            .set_exclusive_start_key(after.map(start_key));
        let output = query.send().await;
        let output = output.map_err(|error| failure("Query", &error))?;
        // DynamoDB ends a page also at 1 MiB.
        let cut_short = output.last_evaluated_key.is_some();
        let items = output.items.unwrap_or_default().into_iter();
        let mut documents: Vec<Document> = items.map(read).collect::<Result<_, _>>()?;
        let more = documents.len() > limit as usize || cut_short;
        documents.truncate(limit as usize);
        let last = documents.last().filter(|_| more);
        Ok(Page {
            next: last.map(|document| document.id),
            documents,
        })
    }

    /// The item with this key, as the last write left it.
    async fn get_item(&self, key: String) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.table);
        let get = get.key(PK, text(key)).consistent_read(true);
        let output = get.send().await;
        Ok(output.map_err(|error| failure("GetItem", &error))?.item)
    }
}

fn document_key(id: Uuid) -> String {
    format!("document#{id}")
}

fn content_key(id: Uuid) -> String {
    format!("content#{id}")
}

/// The place in the index right after this document.
fn start_key(after: Uuid) -> Item {
    Item::from([
        (PK.to_owned(), text(document_key(after))),
        (KIND.to_owned(), text(DOCUMENT)),
        ("id".to_owned(), text(after)),
    ])
}

fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// What an item holds; an error names the item and the attribute.
fn read<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    let key = item.get(PK).and_then(|key| key.as_s().ok()).cloned();
    let item = serde_dynamo::Item::from(item).into_inner();
    let value = serde_dynamo::AttributeValue::M(item);
    serde_path_to_error::deserialize(Deserializer::from_attribute_value(value)).map_err(|error| {
        StoreError::MalformedItem {
            key: key.unwrap_or_default(),
            problem: error.to_string(),
        }
    })
}
