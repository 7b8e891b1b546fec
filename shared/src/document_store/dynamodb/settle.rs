//! `settle`: a received document becomes verified or rejected.

use aws_sdk_dynamodb::{
    operation::update_item::{UpdateItemError, UpdateItemOutput},
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use super::{
    DynamoDocumentStore,
    failure::failure,
    item::{self, Reader},
};
use crate::{
    document::{DocumentId, Status, Timestamp, Verdict},
    document_store::{Settlement, StoreError},
};

impl DynamoDocumentStore {
    pub(super) async fn settle_document(
        &self,
        id: DocumentId,
        verdict: Verdict,
    ) -> Result<Settlement, StoreError> {
        let result = self
            .client
            .update_item()
            .table_name(self.table.as_str())
            .key(item::ID, item::text(item::document_key(id)))
            // Never true for a missing item, so an update creates none.
            .condition_expression("#status = :received")
            .update_expression(
                "SET #status = :verdict, updated_at = :now, revision = revision + :one",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":received", item::text(Status::Received))
            .expression_attribute_values(":verdict", item::text(Status::from(verdict)))
            .expression_attribute_values(":now", item::text(Timestamp::now()))
            .expression_attribute_values(":one", item::number(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match result {
            Ok(output) => settled(output),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    match &failed.item {
                        Some(item) => already_settled(item.clone()),
                        None => Ok(Settlement::Missing),
                    }
                }
                _ => Err(failure("UpdateItem", &error)),
            },
        }
    }
}

fn settled(output: UpdateItemOutput) -> Result<Settlement, StoreError> {
    let item = output.attributes.unwrap_or_default();
    Reader::new(item).document().map(Settlement::Settled)
}

/// Also when an earlier attempt of ours succeeded and its answer was lost.
fn already_settled(item: item::Item) -> Result<Settlement, StoreError> {
    let reader = Reader::new(item);
    reader.status().map(Settlement::AlreadySettled)
}
