use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;
use notary::{
    document::{MAX_CONTENT_BYTES, NewDocument, Status, content_root},
    store::Creation,
};

use crate::common::{Table, new_document, unique};

#[tokio::test]
async fn a_created_document_is_read_back_with_its_content() {
    let table = Table::empty().await;
    let document = table.created().await;
    assert_eq!(document.status, Status::Received);
    assert_eq!(document.revision, 1);
    let (read, content) = table
        .store
        .get_with_content(document.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read, document);
    assert_eq!(content_root(&content), document.root);
    assert_eq!(content.len() as u64, document.size_bytes);
    assert_eq!(table.store.get(document.id).await, Ok(Some(document)));
}

#[tokio::test]
async fn the_largest_and_the_smallest_content_come_back() {
    let table = Table::empty().await;
    for bytes in [0, MAX_CONTENT_BYTES] {
        let new = NewDocument {
            content: vec![0xa5; bytes],
            ..new_document("")
        };
        let content = new.content.clone();
        let Creation::Created(document) = table.store.create(new, &unique()).await.unwrap() else {
            panic!("not created");
        };
        let found = table.store.get_with_content(document.id).await.unwrap();
        assert_eq!(found, Some((document, content)));
    }
}

#[tokio::test]
async fn a_claimed_root_is_kept_as_it_was_claimed() {
    let table = Table::empty().await;
    let claimed = content_root(b"something else");
    let new = NewDocument {
        claimed_root: Some(claimed.clone()),
        ..new_document("claim")
    };
    let Creation::Created(document) = table.store.create(new, "claim").await.unwrap() else {
        panic!("not created");
    };
    assert_eq!(document.root, claimed);
}

#[tokio::test]
async fn a_request_sent_again_gives_the_same_document_and_another_one_with_its_key_is_told() {
    let table = Table::empty().await;
    let Creation::Created(document) = table
        .store
        .create(new_document("key"), "key")
        .await
        .unwrap()
    else {
        panic!("not created");
    };
    let again = table.store.create(new_document("key"), "key").await;
    assert_eq!(again, Ok(Creation::Repeated(document.clone())));
    let other = NewDocument {
        content: b"another".to_vec(),
        ..new_document("key")
    };
    assert_eq!(
        table.store.create(other, "key").await,
        Ok(Creation::KeyReused)
    );
    table.store.delete(document.id, None).await.unwrap();
    let gone = table.store.create(new_document("key"), "key").await;
    assert_eq!(gone, Ok(Creation::Deleted));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_creations_with_one_key_at_once_one_creates_and_all_give_its_document() {
    let table = Table::empty().await;
    let stores: Vec<_> = (0..12).map(|_| table.another_store()).collect();
    let creations = stores
        .iter()
        .map(|store| store.create(new_document("key"), "key"));
    let mut created = Vec::new();
    let mut repeated = Vec::new();
    for creation in join_all(creations).await {
        match creation.unwrap() {
            Creation::Created(document) => created.push(document),
            Creation::Repeated(document) => repeated.push(document),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(created.len(), 1);
    assert_eq!(repeated, vec![created[0].clone(); 11]);
    // The request, the document and its content: nothing of the others was left.
    assert_eq!(table.keys().await.len(), 3);
}

#[tokio::test]
async fn a_key_is_free_again_when_its_time_is_over_and_nobody_has_deleted_it_yet() {
    let table = Table::empty().await;
    let Creation::Created(first) = table
        .store
        .create(new_document("key"), "key")
        .await
        .unwrap()
    else {
        panic!("not created");
    };
    let keys = table.keys().await;
    let request = keys.iter().find(|key| key.starts_with("request#")).unwrap();
    table
        .client
        .update_item()
        .table_name(&table.name)
        .key("pk", AttributeValue::S(request.clone()))
        .update_expression("SET expires_at = :past")
        .expression_attribute_values(":past", AttributeValue::N("1".to_owned()))
        .send()
        .await
        .unwrap();
    match table
        .store
        .create(new_document("key"), "key")
        .await
        .unwrap()
    {
        Creation::Created(second) => assert_ne!(second.id, first.id),
        other => panic!("{other:?}"),
    }
}
