//! `get` and `get_with_content`: consistent reads, because the caller may just have written.

use tokio::try_join;

use super::{
    DynamoDocumentStore,
    failure::failure,
    item::{self, Item, Reader},
};
use crate::{
    document::{Content, Document, DocumentId},
    document_store::StoreError,
};

impl DynamoDocumentStore {
    pub(super) async fn get_document(
        &self,
        id: DocumentId,
    ) -> Result<Option<Document>, StoreError> {
        let item = self.get_item(item::document_key(id)).await?;
        item.map(|item| Reader::new(item).document()).transpose()
    }

    /// Two reads in parallel. They need not be a snapshot: content never changes, so only a deletion can
    /// come between them, which the second read finds.
    pub(super) async fn get_document_with_content(
        &self,
        id: DocumentId,
    ) -> Result<Option<(Document, Content)>, StoreError> {
        let (document, content) =
            try_join!(self.get_document(id), self.get_item(item::content_key(id)))?;
        match (document, content) {
            (None, _) => Ok(None),
            (Some(document), Some(content)) => {
                Ok(Some((document, Reader::new(content).content()?)))
            }
            (Some(_), None) if self.get_document(id).await?.is_none() => Ok(None),
            (Some(_), None) => Err(StoreError::MalformedItem {
                key: item::content_key(id),
                attribute: item::ID,
                problem: "the document is there and its content is not".to_owned(),
            }),
        }
    }

    /// The item with this key, as the last write left it.
    pub(super) async fn get_item(&self, key: String) -> Result<Option<Item>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(self.table.as_str())
            .key(item::ID, item::text(key))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| failure("GetItem", &error))?;
        Ok(output.item)
    }
}
