//! A received document becomes verified or rejected, once.

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use uuid::Uuid;

use super::{
    DocumentStore, PK, document_key,
    error::{StoreError, failure},
    number, read, text,
};
use crate::document::{Document, Status, now};

/// What became of a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It is verified or rejected now.
    Settled(Document),
    /// It was verified or rejected before: nothing was changed.
    AlreadySettled(Document),
    /// There is no such document (any more).
    Missing,
}

impl DocumentStore {
    /// Makes a received document verified or rejected, which is final. Needs `UpdateItem`.
    pub async fn settle(&self, id: Uuid, verified: bool) -> Result<Settlement, StoreError> {
        let verdict = match verified {
            true => Status::Verified,
            false => Status::Rejected,
        };
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(PK, text(document_key(id)))
            // Never true for a missing item, so an update creates none.
            .condition_expression("#status = :received")
            .update_expression(
                "SET #status = :verdict, updated_at = :now, revision = revision + :one",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(
                ":received",
                serde_dynamo::to_attribute_value(Status::Received)?,
            )
            .expression_attribute_values(":verdict", serde_dynamo::to_attribute_value(verdict)?)
            .expression_attribute_values(":now", serde_dynamo::to_attribute_value(now())?)
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(output) => read(output.attributes.unwrap_or_default()).map(Settlement::Settled),
            Err(error) => match error.as_service_error() {
                // Also when an earlier attempt of ours succeeded and its answer was lost.
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    match failed.item.clone() {
                        Some(item) => read(item).map(Settlement::AlreadySettled),
                        None => Ok(Settlement::Missing),
                    }
                }
                _ => Err(failure("UpdateItem", &error)),
            },
        }
    }
}
