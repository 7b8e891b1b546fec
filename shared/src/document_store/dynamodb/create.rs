//! `create`: the request, the document and its content, all or nothing.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use super::{
    DynamoDocumentStore,
    failure::{condition_failed, incomplete, transaction_failure, unavailable},
    item::{self, Item, Reader, Request},
};
use crate::{
    document::{Document, DocumentId, Status, Timestamp, content_root},
    document_store::{Creation, NewDocument, StoreError},
};

/// The index of the request in the transaction.
const REQUEST: usize = 0;

/// DynamoDB deletes expired items days later, so an expired request may still be there.
const REQUEST_IS_NEW: &str = "attribute_not_exists(id) OR expires_at < :now";
const ITEM_IS_NEW: &str = "attribute_not_exists(id)";

impl DynamoDocumentStore {
    pub(super) async fn create_document(&self, new: NewDocument) -> Result<Creation, StoreError> {
        let now = Timestamp::now();
        let document = received(&new, now);
        let key = item::request_key(&new.idempotency_key);
        let request = Request {
            document_id: document.id,
            fingerprint: hex::encode(new.fingerprint),
        };
        let puts = [
            self.put(item::request_item(&key, &request, now), REQUEST_IS_NEW)
                .expression_attribute_values(":now", item::number(now.epoch_seconds())),
            self.put(item::document_item(&document), ITEM_IS_NEW),
            self.put(item::content_item(document.id, new.content), ITEM_IS_NEW),
        ];
        let mut transaction = self
            .client
            .transact_write_items()
            // Makes a retry succeed when only the answer to the first attempt was lost.
            .client_request_token(document.id.to_string());
        for put in puts {
            let put = put.build().map_err(|error| incomplete(&error))?;
            transaction = transaction.transact_items(TransactWriteItem::builder().put(put).build());
        }
        match transaction.send().await {
            Ok(_) => Ok(Creation::Created(document)),
            Err(error) if condition_failed(&error, REQUEST) => {
                self.repeat(&key, &request, document).await
            }
            Err(error) => Err(transaction_failure(&error)),
        }
    }

    /// The key is taken: by this request, or by another one.
    async fn repeat(
        &self,
        key: &str,
        request: &Request,
        document: Document,
    ) -> Result<Creation, StoreError> {
        let Some(known) = self.get_item(key.to_owned()).await? else {
            // The request expired and was deleted between the two calls.
            return Err(unavailable(
                "GetItem",
                "the idempotency key has just expired",
            ));
        };
        let known = Reader::new(known).request()?;
        if known.fingerprint != request.fingerprint {
            return Ok(Creation::KeyReused);
        }
        if known.document_id == document.id {
            // It is ours: an earlier attempt stored it and its answer was lost.
            return Ok(Creation::Created(document));
        }
        let document = self.get_document(known.document_id).await?;
        Ok(document.map_or(Creation::Deleted, Creation::Repeated))
    }

    fn put(&self, item: Item, condition: &str) -> aws_sdk_dynamodb::types::builders::PutBuilder {
        Put::builder()
            .table_name(self.table.as_str())
            .set_item(Some(item))
            .condition_expression(condition)
    }
}

fn received(new: &NewDocument, now: Timestamp) -> Document {
    let content = new.content.as_ref();
    Document {
        id: DocumentId::generate(),
        name: new.name.clone(),
        size_bytes: content.len() as u64,
        status: Status::Received,
        root: new.claimed_root.unwrap_or_else(|| content_root(content)),
        revision: 1,
        created_at: now,
        updated_at: now,
    }
}
