//! The key that signs cursors: made by the first listing, kept in the table, read once per
//! environment. So no secret has to be configured, and all environments have the same key.
//!
//! To make all cursors invalid, delete the item `secret#cursor` and deploy: environments that
//! have read the old key keep it until they end.

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    primitives::Blob,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};

use super::{
    DynamoDocumentStore,
    failure::{failure, unavailable},
    item::{self, Reader},
};
use crate::document_store::{StoreError, cursor::CursorKey};

const ITEM: &str = "secret#cursor";
const KEY: &str = "key";

impl DynamoDocumentStore {
    pub(super) async fn cursor_key(&self) -> Result<&CursorKey, StoreError> {
        self.cursor_key
            .get_or_try_init(async || match self.get_item(ITEM.to_owned()).await? {
                Some(item) => read(item),
                None => self.make_cursor_key().await,
            })
            .await
    }

    /// Makes the key, unless another environment has just made one: then it returns that one.
    async fn make_cursor_key(&self) -> Result<CursorKey, StoreError> {
        let mut key = [0; CursorKey::BYTES];
        getrandom::fill(&mut key)
            .map_err(|error| unavailable("PutItem", format!("no random bytes: {error}")))?;
        let result = self
            .client
            .put_item()
            .table_name(self.table.as_str())
            .item(item::ID, item::text(ITEM))
            .item(KEY, AttributeValue::B(Blob::new(key)))
            .condition_expression("attribute_not_exists(id)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match result {
            Ok(_) => Ok(CursorKey::new(&key)),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    read(failed.item.clone().unwrap_or_default())
                }
                _ => Err(failure("PutItem", &error)),
            },
        }
    }
}

fn read(item: item::Item) -> Result<CursorKey, StoreError> {
    let key = Reader::new(item).bytes(KEY)?;
    Ok(CursorKey::new(&key))
}
