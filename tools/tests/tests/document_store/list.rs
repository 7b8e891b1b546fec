use shared::{
    document::{Document, DocumentId},
    document_store::{DocumentStore, Page, StoreError},
};
use tokio::try_join;

use crate::common::{Table, config, create_table, store};

/// Follows the cursors to the end; the pages as they came.
async fn pages(store: &impl DocumentStore, limit: u32) -> Vec<Vec<Document>> {
    let mut pages = Vec::new();
    let mut cursor = None;
    loop {
        let Page { documents, next } = store.list(limit, cursor.as_deref()).await.unwrap();
        pages.push(documents);
        cursor = next;
        if cursor.is_none() {
            return pages;
        }
    }
}

fn ids<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Vec<DocumentId> {
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
        (u32::MAX, vec![21]),
    ] {
        let pages = pages(&table.store, limit).await;
        let found: Vec<usize> = pages.iter().map(Vec::len).collect();
        assert_eq!(found, sizes, "limit {limit}");
        assert_eq!(ids(pages.iter().flatten()), ids(&all), "limit {limit}");
    }
    assert_eq!(table.store.list(0, None).await.unwrap().documents.len(), 1);
}

#[tokio::test]
async fn a_page_goes_on_after_a_document_that_was_deleted_meanwhile() {
    let table = Table::empty().await;
    let (old, new) = (table.created().await, table.created().await);
    let page = table.store.list(1, None).await.unwrap();
    assert_eq!(ids(&page.documents), [new.id]);
    table.store.delete(new.id, None).await.unwrap();
    let page = table.store.list(1, page.next.as_deref()).await.unwrap();
    assert_eq!(ids(&page.documents), [old.id]);
}

#[tokio::test]
async fn a_cursor_that_was_changed_or_made_up_is_refused() {
    let table = Table::empty().await;
    let (_, _) = (table.created().await, table.created().await);
    let cursor = table.store.list(1, None).await.unwrap().next.unwrap();
    let mut changed = cursor.clone();
    changed.replace_range(9..10, if &cursor[9..10] == "A" { "B" } else { "A" });
    for text in [
        changed.as_str(),
        "",
        "x",
        "document#1",
        &cursor[1..],
        &format!("{cursor}="),
    ] {
        let refused = table.store.list(1, Some(text)).await;
        assert_eq!(refused, Err(StoreError::InvalidCursor), "{text}");
    }
}

#[tokio::test]
async fn environments_of_one_table_take_each_others_cursors_and_another_tables_are_refused() {
    let table = Table::empty().await;
    let (_, _) = (table.created().await, table.created().await);
    // Both list for the first time: one of them makes the key.
    let other = table.another_store();
    let (one, two) = try_join!(table.store.list(1, None), other.list(1, None)).unwrap();
    assert_eq!(one, two);
    let cursor = one.next.unwrap();
    let next = other.list(1, Some(&cursor)).await.unwrap();
    assert_eq!(next.documents.len(), 1);

    create_table(&table.sandbox, "others").await;
    let foreign = store(&config(&table.sandbox), "others");
    let refused = foreign.list(1, Some(&cursor)).await;
    assert_eq!(refused, Err(StoreError::InvalidCursor));
}
