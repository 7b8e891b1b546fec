//! `list`: newest first, page by page.

use super::{
    DynamoDocumentStore, INDEX,
    failure::failure,
    item::{self, DOCUMENT, Item, Reader},
};
use crate::{
    document::{Document, DocumentId},
    document_store::{MAX_PAGE, Page, StoreError},
};

impl DynamoDocumentStore {
    pub(super) async fn list_documents(
        &self,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let after = match cursor {
            Some(cursor) => Some(self.after(cursor).await?),
            None => None,
        };
        // Eventually consistent, like every global secondary index.
        let output = self
            .client
            .query()
            .table_name(self.table.as_str())
            .index_name(INDEX)
            .key_condition_expression("kind = :document")
            .expression_attribute_values(":document", item::text(DOCUMENT))
            .scan_index_forward(false)
            // One more than asked for tells whether there is a next page.
            .limit(limit.saturating_add(1).cast_signed())
            .set_exclusive_start_key(after.map(start_key))
            .send()
            .await
            .map_err(|error| failure("Query", &error))?;
        let cut_short = output.last_evaluated_key.is_some();
        let mut documents = output
            .items
            .unwrap_or_default()
            .into_iter()
            .map(|item| Reader::new(item).document())
            .collect::<Result<Vec<Document>, _>>()?;
        // DynamoDB also ends a page at 1 MiB, more than MAX_PAGE documents have.
        let more = documents.len() > limit as usize || cut_short;
        documents.truncate(limit as usize);
        let next = match documents.last() {
            Some(last) if more => Some(self.cursor_key().await?.seal(last.id)),
            _ => None,
        };
        Ok(Page { documents, next })
    }

    async fn after(&self, cursor: &str) -> Result<DocumentId, StoreError> {
        let key = self.cursor_key().await?;
        key.open(cursor).ok_or(StoreError::InvalidCursor)
    }
}

/// The place in the index right after this document, whether or not it still exists.
fn start_key(after: DocumentId) -> Item {
    item::item([
        (item::ID, item::text(item::document_key(after))),
        (item::KIND, item::text(DOCUMENT)),
    ])
}
