//! The request, the document and its content, all or nothing: a document is stored once for every idempotency key.

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, Put, TransactWriteItem, builders::PutBuilder},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    CONTENT, DOCUMENT, DocumentStore, Item, KIND, PK, content_key, document_key,
    error::{StoreError, condition_failed, transaction_failure},
    number, read, text,
};
use crate::document::{Document, NewDocument};

/// The index of the request in the transaction.
const REQUEST: usize = 0;
/// How long an idempotency key is remembered, in seconds: a day.
const REQUEST_LIFETIME_S: i64 = 24 * 60 * 60;

const ITEM_IS_NEW: &str = "attribute_not_exists(pk)";
/// DynamoDB deletes expired items days later, so an expired request may still be there.
const REQUEST_IS_NEW: &str = "attribute_not_exists(pk) OR expires_at < :now";

/// What became of a request to store a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// Stored now.
    Created(Document),
    /// The same request stored it before; this is its present state.
    Repeated(Document),
    /// Another request has used this key.
    KeyReused,
    /// The same request stored it before, and it has been deleted since.
    Deleted,
}

/// What is remembered of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Request {
    document_id: Uuid,
    /// Tells a repetition from another request with the same key.
    fingerprint: String,
}

impl DocumentStore {
    /// Stores a document with its content, once for every idempotency key. Needs `PutItem` and `GetItem`.
    pub async fn create(
        &self,
        new: NewDocument,
        idempotency_key: &str,
    ) -> Result<Creation, StoreError> {
        let document = Document::received(&new);
        let request = Request {
            document_id: document.id,
            fingerprint: fingerprint(&new),
        };
        // A digest, because the sender's key may be of any content.
        let key = format!("request#{}", hex::encode(Sha256::digest(idempotency_key)));
        let now = document.created_at.timestamp();
        let mut remembered: Item = serde_dynamo::to_item(&request)?;
        remembered.insert("expires_at".to_owned(), number(now + REQUEST_LIFETIME_S));
        let mut listed: Item = serde_dynamo::to_item(&document)?;
        listed.insert(KIND.to_owned(), text(DOCUMENT));
        let content = AttributeValue::B(Blob::new(new.content));
        let puts = [
            self.put(key.clone(), remembered, REQUEST_IS_NEW)
                .expression_attribute_values(":now", number(now)),
            self.put(document_key(document.id), listed, ITEM_IS_NEW),
            self.put(
                content_key(document.id),
                Item::from([(CONTENT.to_owned(), content)]),
                ITEM_IS_NEW,
            ),
        ];
        let mut transaction = self
            .client
            .transact_write_items()
            // Makes a retry succeed when only the answer to the first attempt was lost.
            .client_request_token(document.id.to_string());
        for put in puts {
            let put = TransactWriteItem::builder().put(put.build()?).build();
            transaction = transaction.transact_items(put);
        }
        match transaction.send().await {
            Ok(_) => Ok(Creation::Created(document)),
            Err(error) if condition_failed(&error, REQUEST) => {
                self.repeat(key, &request, document).await
            }
            Err(error) => Err(transaction_failure(&error)),
        }
    }

    /// The key is taken: by this request, or by another one.
    async fn repeat(
        &self,
        key: String,
        request: &Request,
        document: Document,
    ) -> Result<Creation, StoreError> {
        let Some(known) = self.get_item(key).await? else {
            return Err(StoreError::Unavailable {
                operation: "GetItem",
                reason: "the idempotency key has just expired".to_owned(),
            });
        };
        let known: Request = read(known)?;
        if known == *request {
            // It is ours: an earlier attempt stored it and its answer was lost.
            return Ok(Creation::Created(document));
        }
        if known.fingerprint != request.fingerprint {
            return Ok(Creation::KeyReused);
        }
        let document = self.get(known.document_id).await?;
        Ok(document.map_or(Creation::Deleted, Creation::Repeated))
    }

    fn put(&self, key: String, mut item: Item, condition: &str) -> PutBuilder {
        item.insert(PK.to_owned(), text(key));
        Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(condition)
    }
}

/// The same for equal documents alone: each part counts with its length.
fn fingerprint(new: &NewDocument) -> String {
    let root = new.claimed_root.as_deref().unwrap_or_default();
    let mut hasher = Sha256::new();
    for part in [new.name.as_bytes(), root.as_bytes(), &new.content] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_differs_in_anything_has_another_fingerprint() {
        let new = |name: &str, content: &str, root: Option<&str>| NewDocument {
            name: name.to_owned(),
            content: content.into(),
            claimed_root: root.map(str::to_owned),
        };
        let fingerprints: std::collections::HashSet<String> = [
            new("deed", "abc", None),
            new("deeda", "bc", None),
            new("deed", "abd", None),
            new("deed", "", None),
            new("deed", "abc", Some("00")),
            new("deed", "abc", Some("11")),
        ]
        .iter()
        .map(fingerprint)
        .collect();
        assert_eq!(fingerprints.len(), 6);
    }
}
