//! `delete`: a document and its content, in one transaction.

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, builders::DeleteBuilder};
use uuid::Uuid;

use super::{
    DynamoDocumentStore,
    failure::{condition_failed, incomplete, transaction_failure},
    item,
};
use crate::{
    document::DocumentId,
    document_store::{Deletion, StoreError},
};

/// The index of the document in the transaction.
const DOCUMENT: usize = 0;

impl DynamoDocumentStore {
    pub(super) async fn delete_document(
        &self,
        id: DocumentId,
        if_revision: Option<u64>,
    ) -> Result<Deletion, StoreError> {
        let document = self.delete_of(item::document_key(id));
        let document = match if_revision {
            Some(revision) => document
                .condition_expression("revision = :revision")
                .expression_attribute_values(":revision", item::number(revision)),
            None => document.condition_expression("attribute_exists(id)"),
        };
        // Without a condition: the content may be gone already.
        let content = self.delete_of(item::content_key(id));
        let result = self
            .client
            .transact_write_items()
            // Makes a retry succeed when only the answer to the first attempt was lost.
            .client_request_token(Uuid::now_v7().to_string())
            .transact_items(action(document)?)
            .transact_items(action(content)?)
            .send()
            .await;
        match result {
            Ok(_) => Ok(Deletion::Deleted),
            Err(error) if condition_failed(&error, DOCUMENT) => {
                self.why_not_deleted(id, if_revision).await
            }
            Err(error) => Err(transaction_failure(&error)),
        }
    }

    async fn why_not_deleted(
        &self,
        id: DocumentId,
        if_revision: Option<u64>,
    ) -> Result<Deletion, StoreError> {
        // An id is never used twice, so a missing document stays missing.
        if if_revision.is_none() || self.get_item(item::document_key(id)).await?.is_none() {
            return Ok(Deletion::Missing);
        }
        Ok(Deletion::RevisionMismatch)
    }

    fn delete_of(&self, key: String) -> DeleteBuilder {
        Delete::builder()
            .table_name(self.table.as_str())
            .key(item::ID, item::text(key))
    }
}

fn action(delete: DeleteBuilder) -> Result<TransactWriteItem, StoreError> {
    let delete = delete.build().map_err(|error| incomplete(&error))?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}
