use futures::future::join_all;
use notary::{
    document::Status,
    store::{Deletion, Settlement},
};
use tokio::join;
use uuid::Uuid;

use crate::common::Table;

#[tokio::test]
async fn a_verdict_is_given_once_and_raises_the_revision() {
    let table = Table::empty().await;
    let document = table.created().await;
    let Settlement::Settled(settled) = table.store.settle(document.id, true).await.unwrap() else {
        panic!("not settled");
    };
    assert_eq!(settled.status, Status::Verified);
    assert_eq!(settled.revision, 2);
    assert!(settled.updated_at >= document.updated_at);
    assert_eq!(settled.created_at, document.created_at);
    for verdict in [true, false] {
        let again = table.store.settle(document.id, verdict).await;
        assert_eq!(again, Ok(Settlement::AlreadySettled(settled.clone())));
    }
    assert_eq!(table.store.get(document.id).await, Ok(Some(settled)));
}

#[tokio::test]
async fn a_document_that_is_not_there_is_not_made_by_its_verdict() {
    let table = Table::empty().await;
    let settlement = table.store.settle(Uuid::now_v7(), true).await;
    assert_eq!(settlement, Ok(Settlement::Missing));
    assert!(table.keys().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_verdicts_at_once_one_holds_and_the_others_are_told_which() {
    let table = Table::empty().await;
    for _ in 0..10 {
        let document = table.created().await;
        let stores: Vec<_> = (0..6).map(|_| table.another_store()).collect();
        let settlements = stores
            .iter()
            .enumerate()
            .map(|(index, store)| store.settle(document.id, index % 2 == 0));
        let settlements: Vec<_> = join_all(settlements).await;
        let present = table.store.get(document.id).await.unwrap().unwrap();
        let winners = settlements
            .iter()
            .filter(|settlement| **settlement == Ok(Settlement::Settled(present.clone())));
        assert_eq!(winners.count(), 1);
        let told = settlements
            .iter()
            .filter(|settlement| **settlement == Ok(Settlement::AlreadySettled(present.clone())));
        assert_eq!(told.count(), 5);
        assert_eq!(present.revision, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_and_a_verdict_at_once_leave_no_half_of_a_document() {
    let table = Table::empty().await;
    let deleter = table.another_store();
    for _ in 0..20 {
        let document = table.created().await;
        let (settlement, deletion) = join!(
            table.store.settle(document.id, true),
            deleter.delete(document.id, None),
        );
        assert_eq!(deletion, Ok(Deletion::Deleted));
        assert!(
            matches!(settlement, Ok(Settlement::Settled(_) | Settlement::Missing)),
            "{settlement:?}"
        );
        let id = document.id.to_string();
        assert!(!table.keys().await.iter().any(|key| key.ends_with(&id)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_of_a_revision_and_a_verdict_at_once_exclude_each_other() {
    let table = Table::empty().await;
    let deleter = table.another_store();
    for _ in 0..20 {
        let document = table.created().await;
        let outcome = join!(
            table.store.settle(document.id, false),
            deleter.delete(document.id, Some(1)),
        );
        let present = table.store.get(document.id).await.unwrap();
        match (outcome, present) {
            ((Ok(Settlement::Settled(settled)), Ok(Deletion::RevisionMismatch)), Some(present)) => {
                assert_eq!(settled, present);
            }
            ((Ok(Settlement::Missing), Ok(Deletion::Deleted)), None) => {}
            other => panic!("{other:?}"),
        }
    }
}
