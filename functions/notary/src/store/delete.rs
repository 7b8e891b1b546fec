//! A document and its content, in one transaction.

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, builders::DeleteBuilder};
use uuid::Uuid;

use super::{
    DocumentStore, PK, content_key, document_key,
    error::{StoreError, condition_failed, transaction_failure},
    number, text,
};

/// The index of the document in the transaction.
const DOCUMENT: usize = 0;

/// What became of a request to delete a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// The document and its content are gone.
    Deleted,
    /// There was no such document.
    Missing,
    /// It has another revision than the one that was asked for: nothing was deleted.
    RevisionMismatch,
}

impl DocumentStore {
    /// Deletes a document with its content; with `if_revision`, only that revision. Needs `DeleteItem` and `GetItem`.
    pub async fn delete(&self, id: Uuid, if_revision: Option<u64>) -> Result<Deletion, StoreError> {
        let document = self.delete_of(document_key(id));
        let document = match if_revision {
            Some(revision) => document
                .condition_expression("revision = :revision")
                .expression_attribute_values(":revision", number(revision)),
            None => document.condition_expression("attribute_exists(pk)"),
        };
        // Without a condition: the content may be gone already.
        let content = self.delete_of(content_key(id));
        let transaction = self
            .client
            .transact_write_items()
            // Makes a retry succeed when only the answer to the first attempt was lost.
            .client_request_token(Uuid::now_v7().to_string())
            .transact_items(action(document)?)
            .transact_items(action(content)?);
        match transaction.send().await {
            Ok(_) => Ok(Deletion::Deleted),
            // An id is never used twice, so a missing document stays missing.
            Err(error) if condition_failed(&error, DOCUMENT) => {
                match if_revision.is_some() && self.get(id).await?.is_some() {
                    true => Ok(Deletion::RevisionMismatch),
                    false => Ok(Deletion::Missing),
                }
            }
            Err(error) => Err(transaction_failure(&error)),
        }
    }

    fn delete_of(&self, key: String) -> DeleteBuilder {
        let delete = Delete::builder().table_name(&self.table);
        delete.key(PK, text(key))
    }
}

fn action(delete: DeleteBuilder) -> Result<TransactWriteItem, StoreError> {
    let action = TransactWriteItem::builder();
    Ok(action.delete(delete.build()?).build())
}
