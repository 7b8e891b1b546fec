use notary::store::Deletion;
use uuid::Uuid;

use crate::common::Table;

#[tokio::test]
async fn a_deleted_document_is_gone_with_its_content() {
    let table = Table::empty().await;
    let document = table.created().await;
    let deletion = table.store.delete(document.id, None).await;
    assert_eq!(deletion, Ok(Deletion::Deleted));
    assert_eq!(table.store.get(document.id).await, Ok(None));
    assert_eq!(table.store.get_with_content(document.id).await, Ok(None));
    let keys = table.keys().await;
    assert!(
        keys.iter().all(|key| key.starts_with("request#")),
        "{keys:?}"
    );
    let again = table.store.delete(document.id, None).await;
    assert_eq!(again, Ok(Deletion::Missing));
}

#[tokio::test]
async fn only_the_revision_that_was_seen_is_deleted() {
    let table = Table::empty().await;
    let document = table.created().await;
    table.store.settle(document.id, true).await.unwrap();
    let stale = table.store.delete(document.id, Some(1)).await;
    assert_eq!(stale, Ok(Deletion::RevisionMismatch));
    assert!(table.store.get(document.id).await.unwrap().is_some());
    let seen = table.store.delete(document.id, Some(2)).await;
    assert_eq!(seen, Ok(Deletion::Deleted));
    let missing = table.store.delete(document.id, Some(2)).await;
    assert_eq!(missing, Ok(Deletion::Missing));
}

#[tokio::test]
async fn a_document_that_never_was_is_missing() {
    let table = Table::empty().await;
    let id = Uuid::now_v7();
    assert_eq!(table.store.delete(id, None).await, Ok(Deletion::Missing));
    assert_eq!(table.store.delete(id, Some(1)).await, Ok(Deletion::Missing));
}
