//! Verification against the real wire behaviour of DynamoDB: conditions, conflicts, refusals.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod common;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::{event, failures, message, store::Documents};
use event_processor::{
    failure::Failure,
    handle,
    verify::{Verification, verify},
};
use futures_util::future::join_all;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;
use shared::{
    document::{Content, Document, DocumentId, MAX_CONTENT_BYTES, Status, Verdict, content_root},
    document_store::{
        Creation, Deletion, DocumentStore, DynamoDocumentStore, NewDocument, Page, Settlement,
        StoreError,
    },
    queue::{Record, WorkFailure as _},
};

fn record(id: DocumentId) -> Record {
    Record {
        message_id: "message".to_owned(),
        group: None,
        receive_count: Some(1),
        body: Ok(message(id)),
    }
}

/// The answer to an event that has `time` left.
async fn answer(store: &DynamoDocumentStore, event: Value, time: Duration) -> Value {
    let end = (SystemTime::now() + time)
        .duration_since(UNIX_EPOCH)
        .unwrap();
    let mut context = Context::default();
    context.deadline = u64::try_from(end.as_millis()).unwrap();
    let answer = handle(LambdaEvent::new(event, context), store).await;
    serde_json::to_value(answer.unwrap()).unwrap()
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn content_that_has_the_root_is_verified_at_every_size() {
    let documents = Documents::start().await;
    for bytes in [0, 1, 4096, 4097, 100_000, MAX_CONTENT_BYTES] {
        let id = documents.create(vec![7; bytes], None).await;
        let verification = verify(&documents.store, &record(id)).await.unwrap();
        assert_eq!(
            verification,
            Verification::Settled(Verdict::Verified),
            "{bytes}"
        );
        let document = documents.get(id).await;
        assert_eq!((document.status, document.revision), (Status::Verified, 2));
    }
}

#[tokio::test]
async fn content_that_has_another_root_is_rejected() {
    let documents = Documents::start().await;
    let claimed = content_root(b"what it should have been");
    let id = documents
        .create(b"what it is".to_vec(), Some(claimed))
        .await;
    let verification = verify(&documents.store, &record(id)).await.unwrap();
    assert_eq!(verification, Verification::Settled(Verdict::Rejected));
    let document = documents.get(id).await;
    assert_eq!((document.status, document.revision), (Status::Rejected, 2));
    assert_eq!(document.root, claimed, "what was claimed is kept");
}

#[tokio::test]
async fn a_message_delivered_again_is_done_and_changes_nothing() {
    let documents = Documents::start().await;
    let id = documents.create(b"deed".to_vec(), None).await;
    verify(&documents.store, &record(id)).await.unwrap();
    let settled = documents.get(id).await;
    for _ in 0..3 {
        let again = verify(&documents.store, &record(id)).await.unwrap();
        assert_eq!(again, Verification::AlreadySettled(Status::Verified));
        assert_eq!(documents.get(id).await, settled);
    }
}

#[tokio::test]
async fn of_many_deliveries_at_once_one_settles_and_all_are_done() {
    let documents = Documents::start().await;
    for _ in 0..20 {
        let id = documents.create(b"deed".to_vec(), None).await;
        let record = record(id);
        let deliveries = (0..8).map(|_| verify(&documents.store, &record));
        let verifications: Vec<_> = join_all(deliveries).await;
        let settled = verifications
            .iter()
            .filter(|verification| matches!(verification, Ok(Verification::Settled(_))));
        assert_eq!(settled.count(), 1, "{verifications:?}");
        assert!(verifications.iter().all(Result::is_ok), "{verifications:?}");
        assert_eq!(documents.get(id).await.revision, 2);
    }
}

#[tokio::test]
async fn a_message_without_its_document_is_orphaned_and_makes_no_document() {
    let documents = Documents::start().await;
    let deleted = documents.create(b"deed".to_vec(), None).await;
    documents.store.delete(deleted, None).await.unwrap();
    for id in [deleted, DocumentId::generate()] {
        let failure = verify(&documents.store, &record(id)).await.unwrap_err();
        assert!(matches!(failure, Failure::Orphaned { .. }), "{failure}");
        assert!(!failure.is_transient());
        assert_eq!(documents.store.get(id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_document_that_is_deleted_while_it_is_verified_is_orphaned_and_stays_deleted() {
    let documents = Documents::start().await;
    let id = documents.create(b"deed".to_vec(), None).await;
    let store = DeletedMeanwhile(documents.store.clone());
    let failure = verify(&store, &record(id)).await.unwrap_err();
    assert!(matches!(failure, Failure::Orphaned { .. }), "{failure}");
    assert_eq!(documents.store.get(id).await.unwrap(), None);
}

#[tokio::test]
async fn a_document_without_its_content_is_a_defect_that_no_retry_mends() {
    let documents = Documents::start().await;
    let id = documents.create(b"deed".to_vec(), None).await;
    documents.lose_content(id).await;
    let failure = verify(&documents.store, &record(id)).await.unwrap_err();
    assert_eq!(
        (failure.kind(), failure.is_transient()),
        ("MalformedItem", false)
    );
    assert_eq!(documents.get(id).await.status, Status::Received);
}

#[tokio::test]
async fn a_batch_answers_with_what_could_not_be_done_and_does_the_rest() {
    let documents = Documents::start().await;
    let good = documents.create(b"good".to_vec(), None).await;
    let claimed = Some(content_root(b"good"));
    let forged = documents.create(b"forged".to_vec(), claimed).await;
    let batch = event([
        ("good", message(good)),
        ("orphaned", message(DocumentId::generate())),
        ("good again", message(good)),
        ("malformed", "{".to_owned()),
        ("forged", message(forged)),
    ]);
    let answer = answer(&documents.store, batch, MINUTE).await;
    assert_eq!(failures(&answer), ["orphaned", "malformed"]);
    let state = |document: Document| (document.status, document.revision);
    assert_eq!(state(documents.get(good).await), (Status::Verified, 2));
    assert_eq!(state(documents.get(forged).await), (Status::Rejected, 2));
}

#[tokio::test]
async fn what_the_store_cannot_do_for_now_is_done_when_the_message_comes_again() {
    let documents = Documents::start().await;
    for (operation, fault) in [
        ("GetItem", "throttle"),
        ("GetItem", "errors"),
        ("UpdateItem", "throttle"),
        ("UpdateItem", "errors"),
    ] {
        let id = documents.create(b"deed".to_vec(), None).await;
        let order = |size| {
            let fault = format!("dynamodb:{operation}:{fault}={size}%");
            documents.sandbox.service_fault(&fault).unwrap();
        };
        order(100);
        let failure = verify(&documents.store, &record(id)).await.unwrap_err();
        assert_eq!(failure.kind(), "StoreUnavailable", "{failure}");
        assert!(failure.is_transient() && failure.to_string().contains(operation));
        order(0);
        let verification = verify(&documents.store, &record(id)).await.unwrap();
        assert_eq!(verification, Verification::Settled(Verdict::Verified));
        assert_eq!(documents.get(id).await.revision, 2);
    }
}

#[tokio::test]
async fn what_a_hanging_store_holds_up_goes_back_before_the_invocation_ends() {
    const TIME: Duration = Duration::from_secs(3);
    let documents = Documents::start().await;
    let id = documents.create(b"deed".to_vec(), None).await;
    let batch = event([("hangs", message(id)), ("malformed", String::new())]);
    let fault = |latency| format!("dynamodb:UpdateItem:latency={latency}");
    documents.sandbox.service_fault(&fault("60s")).unwrap();
    let begin = Instant::now();
    let held_up = answer(&documents.store, batch.clone(), TIME).await;
    assert!(begin.elapsed() < TIME, "{:?}", begin.elapsed());
    assert_eq!(failures(&held_up), ["hangs", "malformed"]);

    documents.sandbox.service_fault(&fault("0s")).unwrap();
    let answer = answer(&documents.store, batch, MINUTE).await;
    assert_eq!(failures(&answer), ["malformed"]);
    let document = documents.get(id).await;
    assert_eq!((document.status, document.revision), (Status::Verified, 2));
}

/// The document is deleted between the read and the verdict.
struct DeletedMeanwhile(DynamoDocumentStore);

impl DocumentStore for DeletedMeanwhile {
    async fn create(&self, new: NewDocument) -> Result<Creation, StoreError> {
        self.0.create(new).await
    }

    async fn get(&self, id: DocumentId) -> Result<Option<Document>, StoreError> {
        self.0.get(id).await
    }

    async fn get_with_content(
        &self,
        id: DocumentId,
    ) -> Result<Option<(Document, Content)>, StoreError> {
        let found = self.0.get_with_content(id).await?;
        assert_eq!(self.0.delete(id, None).await?, Deletion::Deleted);
        Ok(found)
    }

    async fn list(&self, limit: u32, cursor: Option<&str>) -> Result<Page, StoreError> {
        self.0.list(limit, cursor).await
    }

    async fn settle(&self, id: DocumentId, verdict: Verdict) -> Result<Settlement, StoreError> {
        self.0.settle(id, verdict).await
    }

    async fn delete(
        &self,
        id: DocumentId,
        if_revision: Option<u64>,
    ) -> Result<Deletion, StoreError> {
        self.0.delete(id, if_revision).await
    }
}
