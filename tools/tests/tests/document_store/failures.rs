use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use notary::store::{Creation, Settlement, StoreError};

use crate::{
    common::{Table, config, new_document, store, unique},
    lossy::losing_first_answers,
};

/// Attempts of [`shared::aws::retries`].
const ATTEMPTS: usize = 4;

#[tokio::test]
async fn throttling_and_faults_are_tried_again_and_then_transient() {
    let table = Table::empty().await;
    let document = table.created().await;
    let faults = table.sandbox.service_faults();
    for (status, code) in [
        (400, "ProvisionedThroughputExceededException"),
        (400, "ThrottlingException"),
        (400, "RequestLimitExceeded"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ] {
        faults.refuse("GetItem", status, code);
        let error = table.store.get(document.id).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        assert!(error.to_string().contains(code), "{error}");
        assert_eq!(faults.injected(), ATTEMPTS, "{code}");
        faults.clear();
    }
}

#[tokio::test]
async fn a_call_succeeds_when_the_throttling_ends_between_its_attempts() {
    let table = Table::empty().await;
    let faults = table.sandbox.service_faults().clone();
    faults.refuse("TransactWriteItems", 400, "ThrottlingException");
    let lift = async {
        while faults.injected() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        faults.clear();
    };
    let (creation, ()) = tokio::join!(table.store.create(new_document("key"), "key"), lift);
    assert!(matches!(creation, Ok(Creation::Created(_))), "{creation:?}");
    assert_eq!(table.keys().await.len(), 3);
}

#[tokio::test]
async fn what_will_fail_again_is_asked_once_and_is_not_transient() {
    let table = Table::empty().await;
    let faults = table.sandbox.service_faults();
    faults.refuse("UpdateItem", 400, "AccessDeniedException");
    let document = table.created().await;
    let error = table.store.settle(document.id, true).await.unwrap_err();
    assert!(!error.is_transient(), "{error}");
    assert_eq!(
        error.to_string(),
        "UpdateItem on the documents table was refused: AccessDeniedException: The sandbox injected this error"
    );
    assert_eq!(faults.injected(), 1);

    let elsewhere = store(&config(&table.sandbox), "no-such-table");
    let error = elsewhere
        .create(new_document("key"), "key")
        .await
        .unwrap_err();
    assert!(!error.is_transient(), "{error}");
    assert!(
        error.to_string().contains("ResourceNotFoundException"),
        "{error}"
    );
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_is_transient() {
    let mut table = Table::empty().await;
    table.sandbox.stop().await.unwrap();
    let error = table.store.list(1, None).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn a_malformed_item_is_named_with_its_attribute() {
    let table = Table::empty().await;
    let document = table.created().await;
    let key = format!("document#{}", document.id);
    for (attribute, value, problem) in [
        (
            "status",
            AttributeValue::S("lost".to_owned()),
            "unknown variant `lost`",
        ),
        ("revision", AttributeValue::S("1".to_owned()), ""),
        ("size_bytes", AttributeValue::N("-1".to_owned()), ""),
    ] {
        let document = table.created().await;
        let key = format!("document#{}", document.id);
        table
            .client
            .update_item()
            .table_name(&table.name)
            .key("pk", AttributeValue::S(key.clone()))
            .update_expression("SET #attribute = :value")
            .expression_attribute_names("#attribute", attribute)
            .expression_attribute_values(":value", value)
            .send()
            .await
            .unwrap();
        let error = table.store.get(document.id).await.unwrap_err();
        assert!(!error.is_transient());
        let start = format!("item {key} in the table is malformed: {attribute}: ");
        let text = error.to_string();
        assert!(text.starts_with(&start) && text.contains(problem), "{text}");
    }
    let content = format!("content#{}", document.id);
    table
        .client
        .delete_item()
        .table_name(&table.name)
        .key("pk", AttributeValue::S(content.clone()))
        .send()
        .await
        .unwrap();
    let error = table.store.get_with_content(document.id).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::MalformedItem { key, .. } if *key == content),
        "{key}: {error}"
    );
}

#[tokio::test]
async fn an_answer_that_is_lost_does_not_make_a_second_document_or_change() {
    let table = Table::empty().await;
    let operations = ["TransactWriteItems", "UpdateItem"];
    let (config, losses) = losing_first_answers(&config(&table.sandbox), &operations);
    let store = store(&config, &table.name);
    let key = unique();
    let Creation::Created(document) = store.create(new_document(&key), &key).await.unwrap() else {
        panic!("not created");
    };
    assert_eq!(table.keys().await.len(), 3);
    let settlement = store.settle(document.id, true).await.unwrap();
    // The attempt that was through is found by the next one.
    let document = store.get(document.id).await.unwrap().unwrap();
    assert_eq!(settlement, Settlement::AlreadySettled(document.clone()));
    assert_eq!(document.revision, 2);
    assert!(losses.lock().unwrap().is_empty());
}
