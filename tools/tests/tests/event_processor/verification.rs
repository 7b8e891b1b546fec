//! Verification against the real wire behaviour of DynamoDB: conditions, conflicts, refusals.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use notary::{
    document::{Document, MAX_CONTENT_BYTES, Status, content_root},
    store::Deletion,
};
use sandbox::execution::emulation::HOST;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    deployment::{Deployment, FUNCTION, TABLE, create},
    events::{event, failures},
    message,
};

/// What one invocation came to.
#[derive(Debug)]
struct Delivery {
    failures: Vec<String>,
    /// Its own lines in the log.
    lines: Vec<Value>,
}

impl Delivery {
    /// The counts of verified, rejected, already settled and deleted documents.
    fn counts(&self) -> [f64; 4] {
        let metrics = self.lines.iter().find(|line| line["_aws"].is_object());
        let metrics = metrics.unwrap_or_else(|| panic!("no metrics: {self:?}"));
        let names = [
            "DocumentsVerified",
            "DocumentsRejected",
            "DocumentsAlreadySettled",
            "DocumentsDeleted",
        ];
        names.map(|name| metrics[name].as_f64().unwrap())
    }

    /// Kind, level and reason of the one failure. A warning is of what may succeed next time.
    fn failure(&self) -> (&str, &str, &str) {
        let mut failed = self.lines.iter().filter(|line| line["failure"].is_string());
        let (Some(line), None) = (failed.next(), failed.next()) else {
            panic!("not one failure: {self:?}");
        };
        let [kind, level, reason] =
            ["failure", "level", "reason"].map(|field| line[field].as_str().unwrap());
        (kind, level, reason)
    }
}

const VERIFIED: [f64; 4] = [1.0, 0.0, 0.0, 0.0];
const REJECTED: [f64; 4] = [0.0, 1.0, 0.0, 0.0];
const ALREADY_SETTLED: [f64; 4] = [0.0, 0.0, 1.0, 0.0];
const DELETED: [f64; 4] = [0.0, 0.0, 0.0, 1.0];

/// Delivers a batch to the build that runs here without an emulator.
async fn deliver(deployment: &Deployment, batch: &Value) -> Delivery {
    let lines = || -> Vec<Value> {
        let logs = deployment.sandbox.logs(FUNCTION).unwrap_or_default();
        let lines = logs.lines();
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    };
    let before = lines().len();
    let invocation = deployment.sandbox.invoke(FUNCTION, HOST.as_str(), batch);
    let invocation = invocation.await.unwrap();
    assert!(invocation.is_success(), "{invocation:?}");
    // One invocation at a time: there is one environment, and one log.
    assert_eq!(deployment.sandbox.processes(), 1);
    Delivery {
        failures: failures(&invocation.payload)
            .into_iter()
            .map(str::to_owned)
            .collect(),
        lines: lines().split_off(before),
    }
}

/// Delivers the message of one document.
async fn verify(deployment: &Deployment, id: Uuid) -> Delivery {
    deliver(deployment, &event([("message", message(id))])).await
}

async fn get(deployment: &Deployment, id: Uuid) -> Document {
    deployment.store.get(id).await.unwrap().unwrap()
}

async fn deed(deployment: &Deployment, claimed_root: Option<String>) -> Uuid {
    create(&deployment.store, b"deed".to_vec(), claimed_root).await
}

#[tokio::test]
async fn content_that_has_the_root_is_verified_at_every_size() {
    let deployment = Deployment::start().await;
    for bytes in [0, 1, 4096, 4097, 100_000, MAX_CONTENT_BYTES] {
        let id = create(&deployment.store, vec![7; bytes], None).await;
        let delivery = verify(&deployment, id).await;
        assert!(delivery.failures.is_empty(), "{delivery:?}");
        assert_eq!(delivery.counts(), VERIFIED, "{bytes}");
        let document = get(&deployment, id).await;
        assert_eq!((document.status, document.revision), (Status::Verified, 2));
    }
}

#[tokio::test]
async fn content_that_has_another_root_is_rejected() {
    let deployment = Deployment::start().await;
    let claimed = content_root(b"what it should have been");
    let id = deed(&deployment, Some(claimed.clone())).await;
    let delivery = verify(&deployment, id).await;
    assert!(delivery.failures.is_empty(), "{delivery:?}");
    assert_eq!(delivery.counts(), REJECTED);
    let document = get(&deployment, id).await;
    assert_eq!((document.status, document.revision), (Status::Rejected, 2));
    assert_eq!(document.root, claimed, "what was claimed is kept");
}

#[tokio::test]
async fn a_message_delivered_again_is_done_and_changes_nothing() {
    let deployment = Deployment::start().await;
    let id = deed(&deployment, None).await;
    verify(&deployment, id).await;
    let settled = get(&deployment, id).await;
    assert_eq!(settled.status, Status::Verified);
    for _ in 0..3 {
        let again = verify(&deployment, id).await;
        assert!(again.failures.is_empty(), "{again:?}");
        assert_eq!(again.counts(), ALREADY_SETTLED);
        assert_eq!(get(&deployment, id).await, settled);
    }
}

#[tokio::test]
async fn of_many_deliveries_at_once_one_settles_and_all_are_done() {
    let deployment = Deployment::start().await;
    for _ in 0..20 {
        let id = deed(&deployment, None).await;
        // A batch is worked on all at once.
        let batch = event((0..8).map(|_| ("message", message(id))));
        let delivery = deliver(&deployment, &batch).await;
        assert!(delivery.failures.is_empty(), "{delivery:?}");
        assert_eq!(delivery.counts(), [1.0, 0.0, 7.0, 0.0]);
        assert_eq!(get(&deployment, id).await.revision, 2);
    }
}

#[tokio::test]
async fn a_message_whose_document_was_deleted_is_done_and_counted_and_makes_no_document() {
    let deployment = Deployment::start().await;
    let deleted = deed(&deployment, None).await;
    deployment.store.delete(deleted, None).await.unwrap();
    for id in [deleted, Uuid::now_v7()] {
        let delivery = verify(&deployment, id).await;
        assert!(delivery.failures.is_empty(), "{delivery:?}");
        assert_eq!(delivery.counts(), DELETED);
        let errors = delivery
            .lines
            .iter()
            .filter(|line| line["level"] == "ERROR");
        assert_eq!(errors.count(), 0, "{delivery:?}");
        assert_eq!(deployment.store.get(id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_document_that_is_deleted_while_it_is_verified_is_done_and_stays_deleted() {
    let deployment = Deployment::start().await;
    let id = deed(&deployment, None).await;
    // Between the two reads, which are recorded as faults when they begin, and the verdict.
    for fault in ["GetItem:latency=1ms", "UpdateItem:latency=2s"] {
        let fault = format!("dynamodb:{fault}");
        deployment.sandbox.service_fault(&fault).unwrap();
    }
    let delete = async {
        let faults = deployment.sandbox.service_faults();
        while faults.injected() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        deployment.store.delete(id, None).await.unwrap()
    };
    let (delivery, deletion) = tokio::join!(verify(&deployment, id), delete);
    assert_eq!(deletion, Deletion::Deleted);
    assert!(delivery.failures.is_empty(), "{delivery:?}");
    assert_eq!(delivery.counts(), DELETED);
    assert_eq!(deployment.store.get(id).await.unwrap(), None);
}

#[tokio::test]
async fn a_document_without_its_content_is_a_defect_that_no_retry_mends() {
    let deployment = Deployment::start().await;
    let id = deed(&deployment, None).await;
    // As no code of ours does.
    aws_sdk_dynamodb::Client::new(&deployment.sandbox.sdk_config())
        .delete_item()
        .table_name(TABLE)
        .key("pk", AttributeValue::S(format!("content#{id}")))
        .send()
        .await
        .unwrap();
    let delivery = verify(&deployment, id).await;
    assert_eq!(delivery.failures, ["message"]);
    let (kind, level, _) = delivery.failure();
    assert_eq!((kind, level), ("MalformedItem", "ERROR"));
    assert_eq!(get(&deployment, id).await.status, Status::Received);
}

#[tokio::test]
async fn a_batch_answers_with_what_could_not_be_done_and_does_the_rest() {
    let deployment = Deployment::start().await;
    let good = deed(&deployment, None).await;
    let forged = deed(&deployment, Some(content_root(b"good"))).await;
    let batch = event([
        ("good", message(good)),
        ("deleted", message(Uuid::now_v7())),
        ("good again", message(good)),
        ("malformed", "{".to_owned()),
        ("forged", message(forged)),
    ]);
    let delivery = deliver(&deployment, &batch).await;
    assert_eq!(delivery.failures, ["malformed"]);
    let state = |document: Document| (document.status, document.revision);
    let good = state(get(&deployment, good).await);
    assert_eq!(good, (Status::Verified, 2));
    let forged = state(get(&deployment, forged).await);
    assert_eq!(forged, (Status::Rejected, 2));
}

#[tokio::test]
async fn what_the_store_cannot_do_for_now_is_done_when_the_message_comes_again() {
    let deployment = Deployment::start().await;
    for (operation, fault) in [
        ("GetItem", "throttle"),
        ("GetItem", "errors"),
        ("UpdateItem", "throttle"),
        ("UpdateItem", "errors"),
    ] {
        let id = deed(&deployment, None).await;
        let order = |size| {
            let fault = format!("dynamodb:{operation}:{fault}={size}%");
            deployment.sandbox.service_fault(&fault).unwrap();
        };
        order(100);
        let delivery = verify(&deployment, id).await;
        assert_eq!(delivery.failures, ["message"]);
        let (kind, level, reason) = delivery.failure();
        assert_eq!((kind, level), ("StoreUnavailable", "WARN"), "{reason}");
        assert!(reason.contains(operation), "{reason}");
        order(0);
        let delivery = verify(&deployment, id).await;
        assert_eq!(delivery.counts(), VERIFIED, "{delivery:?}");
        assert_eq!(get(&deployment, id).await.revision, 2);
    }
}

#[tokio::test]
async fn what_a_hanging_store_holds_up_goes_back_before_the_invocation_ends() {
    const TIMEOUT_S: u32 = 3;
    let deployment = Deployment::with_timeout_s(TIMEOUT_S).await;
    let id = deed(&deployment, None).await;
    let batch = event([("hangs", message(id)), ("malformed", String::new())]);
    let fault = |latency| format!("dynamodb:UpdateItem:latency={latency}");
    deployment.sandbox.service_fault(&fault("60s")).unwrap();
    let begin = Instant::now();
    let held_up = deliver(&deployment, &batch).await;
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(TIMEOUT_S.into()), "{took:?}");
    assert_eq!(held_up.failures, ["hangs", "malformed"]);

    deployment.sandbox.service_fault(&fault("0s")).unwrap();
    let delivery = deliver(&deployment, &batch).await;
    assert_eq!(delivery.failures, ["malformed"]);
    let document = get(&deployment, id).await;
    assert_eq!((document.status, document.revision), (Status::Verified, 2));
}
