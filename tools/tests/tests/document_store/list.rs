use notary::{
    document::Document,
    store::{DocumentStore, Page},
};
use uuid::Uuid;

use crate::common::Table;

/// Follows the cursors to the end; the pages as they came.
async fn pages(store: &DocumentStore, limit: u32) -> Vec<Vec<Document>> {
    let mut pages = Vec::new();
    let mut cursor = None;
    loop {
        let Page { documents, next } = store.list(limit, cursor).await.unwrap();
        pages.push(documents);
        cursor = next;
        if cursor.is_none() {
            return pages;
        }
    }
}

fn ids<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Vec<Uuid> {
    documents.into_iter().map(|document| document.id).collect()
}

#[tokio::test]
async fn pages_hold_every_document_once_newest_first_and_end_exactly() {
    let table = Table::empty().await;
    assert_eq!(pages(&table.store, 10).await, vec![Vec::new()]);
    let mut all = Vec::new();
    for _ in 0..21 {
        all.push(table.created().await);
    }
    all.reverse();
    for (limit, sizes) in [
        (5, vec![5, 5, 5, 5, 1]),
        (7, vec![7, 7, 7]),
        (21, vec![21]),
        (100, vec![21]),
    ] {
        let pages = pages(&table.store, limit).await;
        let found: Vec<usize> = pages.iter().map(Vec::len).collect();
        assert_eq!(found, sizes, "limit {limit}");
        assert_eq!(ids(pages.iter().flatten()), ids(&all), "limit {limit}");
    }
}

#[tokio::test]
async fn a_page_goes_on_after_a_document_that_was_deleted_meanwhile() {
    let table = Table::empty().await;
    let (old, new) = (table.created().await, table.created().await);
    let page = table.store.list(1, None).await.unwrap();
    assert_eq!(ids(&page.documents), [new.id]);
    table.store.delete(new.id, None).await.unwrap();
    let page = table.store.list(1, page.next).await.unwrap();
    assert_eq!(ids(&page.documents), [old.id]);
}

#[tokio::test]
async fn a_place_that_is_made_up_shows_what_is_older() {
    let table = Table::empty().await;
    let old = table.created().await;
    let between = Uuid::now_v7();
    table.created().await;
    let page = table.store.list(10, Some(between)).await.unwrap();
    assert_eq!(ids(&page.documents), [old.id]);
    assert_eq!(
        table
            .store
            .list(10, Some(Uuid::nil()))
            .await
            .unwrap()
            .documents,
        []
    );
}
