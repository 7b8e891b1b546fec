//! 5,000 messages through the queue, the mapping and both halves, while much goes wrong.
//!
//! What goes wrong: documents are announced twice; some messages are poison; 2% of the arm64
//! half's invocations crash, and 2% of the x86_64 half's answers are lost after the work was done;
//! DynamoDB refuses some requests all the time and all of them for a while.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod common;

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;
use common::{
    deployment::{Deployment, FUNCTION, until},
    message,
    store::create,
};
use futures_util::{StreamExt as _, stream};
use package::Architecture;
use shared::{
    document::{DocumentId, Status, content_root},
    document_store::DocumentStore as _,
};

const GENUINE: usize = 4_300;
const FORGED: usize = 100;
/// Announced twice, so that the two may meet.
const TWICE: usize = 500;
const MALFORMED: usize = 50;
const ORPHANED: usize = 50;
const MESSAGES: usize = 5_000;

/// How many deliveries a message gets before it is a dead letter.
///
/// A delivery of a good message fails by chance with a probability of at most 9%, by the union
/// bound and as if the SDK never tried again: 2% for the half's fault, 2% for each of two GetItem,
/// 3% for UpdateItem. Besides, it may meet the first crash and the outage, once each: while they
/// last, a message that has failed is invisible. That leaves 13 deliveries, and 5,000 * 0.09^13 =
/// 1.3e-10 is the chance that any good message becomes a dead letter.
const MAX_RECEIVE_COUNT: usize = 15;

/// While good messages are under way: the function's time limit, so that one delivery is over
/// before the next begins.
const VISIBILITY_S: &str = "10";
/// When only poison is left: it shall not take 15 times as long.
const POISON_VISIBILITY_S: &str = "1";

#[tokio::test(flavor = "multi_thread")]
async fn every_document_is_settled_once_every_poison_message_is_a_dead_letter_and_none_is_lost() {
    let deployment = Deployment::start().await;
    let sandbox = &deployment.sandbox;
    prepare(&deployment).await;
    let expected = documents(&deployment).await;
    let mut poison = poison();

    sandbox.service_fault("dynamodb:GetItem:errors=2%").unwrap();
    sandbox
        .service_fault("dynamodb:UpdateItem:throttle=3%")
        .unwrap();
    sandbox.fault(FUNCTION, "x86_64:errors=2%").unwrap();
    // All of them until the first one, so that there is one in every run of this test.
    sandbox.fault(FUNCTION, "arm64:crash=100%").unwrap();
    send(&deployment, &expected, &poison).await;
    deployment.logged("Runtime exited").await;
    sandbox.fault(FUNCTION, "arm64:crash=2%").unwrap();

    until("progress", async || {
        deployment.queue.len().await < MESSAGES * 2 / 3
    })
    .await;
    sandbox.service_fault("dynamodb:*:errors=100%").unwrap();
    deployment.logged("StoreUnavailable").await;
    sandbox.service_fault("dynamodb:*:errors=0%").unwrap();

    // Poison is never acknowledged: when there is no more than that, all else has been.
    let held = async || deployment.queue.len().await + deployment.dead_letters.len().await;
    until("end of the good messages", async || {
        held().await <= poison.len()
    })
    .await;
    let visibility = QueueAttributeName::VisibilityTimeout;
    deployment.queue.set(visibility, POISON_VISIBILITY_S).await;
    until("empty queue", async || deployment.queue.len().await == 0).await;

    poison.sort();
    assert_eq!(deployment.dead_letters.drain().await, poison);
    for fault in ["GetItem:errors=0%", "UpdateItem:throttle=0%"] {
        sandbox.service_fault(&format!("dynamodb:{fault}")).unwrap();
    }
    for (id, status) in expected {
        let document = deployment.store.get(id).await.unwrap().unwrap();
        assert_eq!((document.status, document.revision), (status, 2), "{id}");
    }
    let logs = sandbox.logs(FUNCTION).unwrap();
    for half in Architecture::ALL {
        let worked = format!("\"architecture\":\"{half}\"");
        assert!(logs.contains(&worked), "nothing came to the {half} half");
    }
}

/// Both halves get half of the traffic, and nobody gives up early.
async fn prepare(deployment: &Deployment) {
    let (sandbox, queue) = (&deployment.sandbox, &deployment.queue);
    sandbox
        .set_weight(FUNCTION, Architecture::Arm64, 50.0)
        .await
        .unwrap();
    let dead_letters = &deployment.dead_letters;
    let arn = dead_letters.attribute(QueueAttributeName::QueueArn).await;
    let redrive = serde_json::json!({
        "deadLetterTargetArn": arn,
        "maxReceiveCount": MAX_RECEIVE_COUNT,
    });
    queue
        .set(QueueAttributeName::RedrivePolicy, redrive.to_string())
        .await;
    queue
        .set(QueueAttributeName::VisibilityTimeout, VISIBILITY_S)
        .await;
}

/// Stores the documents; gives what shall become of them.
async fn documents(deployment: &Deployment) -> HashMap<DocumentId, Status> {
    let false_root = content_root(b"of another document");
    stream::iter(0..GENUINE + FORGED)
        .map(async |number| {
            // From a few bytes to three leaves.
            let content = format!("document {number} ")
                .repeat(1 + number % 700)
                .into_bytes();
            let forged = number >= GENUINE;
            let claimed = forged.then_some(false_root);
            let id = create(&deployment.store, content, claimed).await;
            (
                id,
                if forged {
                    Status::Rejected
                } else {
                    Status::Verified
                },
            )
        })
        .buffer_unordered(16)
        .collect()
        .await
}

/// Messages that nobody can do.
fn poison() -> Vec<String> {
    let malformed = (0..MALFORMED).map(|number| format!("{{\"document\": {number}}}"));
    let orphaned = (0..ORPHANED).map(|_| message(DocumentId::generate()));
    malformed.chain(orphaned).collect()
}

/// Sends everything, poison among the good.
async fn send(deployment: &Deployment, documents: &HashMap<DocumentId, Status>, poison: &[String]) {
    let mut bodies: Vec<String> = documents.keys().map(|id| message(*id)).collect();
    bodies.extend(documents.keys().take(TWICE).map(|id| message(*id)));
    let every = bodies.len() / poison.len();
    for (index, poison) in poison.iter().enumerate() {
        bodies.insert(index * (every + 1), poison.clone());
    }
    assert_eq!(bodies.len(), MESSAGES);
    deployment.queue.send(&bodies).await;
}
