//! 5,000 messages through the queue, the mapping and both builds, while much goes wrong.
//!
//! What goes wrong: documents are announced twice; some messages are poison; 2% of the arm64
//! build's invocations crash, and 2% of the x86_64 build's answers are lost after the work was done;
//! DynamoDB refuses some requests all the time and all of them for a while.

use std::{collections::BTreeMap, iter::repeat_n, time::Instant};

use aws_sdk_sqs::types::QueueAttributeName;
use futures::{StreamExt as _, future::join, stream};
use notary::document::{Document, Status, content_root};
use package::Architecture;
use uuid::Uuid;

use crate::{
    deployment::{Deployment, FUNCTION, create, until},
    message,
};

const GENUINE: usize = 4_300;
const FORGED: usize = 100;
/// Announced twice in a row, so that the two come in one batch and meet.
const TWICE: usize = 500;
const MALFORMED: usize = 50;
/// Announced, and deleted before anybody looks: done, and no poison.
const DELETED: usize = 50;
const MESSAGES: usize = 5_000;

/// How many deliveries a message gets before it is a dead letter.
///
/// A delivery of a good message fails by chance with a probability of at most 9%, by the union
/// bound and as if the SDK never tried again: 2% for the build's fault, 2% for each of two GetItem,
/// 3% for UpdateItem. Besides, it may meet the time of crashes and the outage, once each for every
/// 10 s that they last; they end when they are first seen. Were that three deliveries, 12 would be
/// left: 5,000 * 0.09^12 = 1.4e-9 is the chance that any good message becomes a dead letter.
const MAX_RECEIVE_COUNT: usize = 15;

/// While good messages are under way: the function's time limit, so that one delivery is over
/// before the next begins.
const VISIBILITY_S: &str = "10";
/// When only poison is left: it shall not take 15 times as long.
const POISON_VISIBILITY_S: &str = "1";

#[tokio::test(flavor = "multi_thread")]
async fn every_document_is_settled_once_every_poison_message_is_a_dead_letter_and_none_is_lost() {
    let begin = Instant::now();
    // Seen with `--nocapture`, and when the test fails.
    let reached = |what: &str| println!("{:>5.1} s  {what}", begin.elapsed().as_secs_f64());
    let deployment = Deployment::start().await;
    let sandbox = &deployment.sandbox;
    prepare(&deployment).await;
    let expected = documents(&deployment).await;
    let mut poison = poison();
    reached("documents stored");

    sandbox.service_fault("dynamodb:GetItem:errors=2%").unwrap();
    sandbox
        .service_fault("dynamodb:UpdateItem:throttle=3%")
        .unwrap();
    sandbox.fault(FUNCTION, "x86_64:errors=2%").unwrap();
    let mut others = poison.clone();
    others.extend((0..DELETED).map(|_| message(Uuid::now_v7())));
    let messages = messages(&expected, &others);
    let (first, rest) = messages.split_at(MESSAGES / 10);

    // All of them until the first one, so that there is one in every run of this test.
    sandbox.fault(FUNCTION, "arm64:crash=100%").unwrap();
    join(deployment.queue.send(first), async {
        deployment.logged("Runtime.ExitError").await;
        sandbox.fault(FUNCTION, "arm64:crash=2%").unwrap();
    })
    .await;
    reached("a tenth is sent, a build has crashed");
    sandbox.service_fault("dynamodb:*:errors=100%").unwrap();
    join(deployment.queue.send(rest), async {
        deployment.logged("StoreUnavailable").await;
        sandbox.service_fault("dynamodb:*:errors=0%").unwrap();
        reached("the store was out");
    })
    .await;
    reached("all is sent");

    // Poison is never acknowledged: when there is no more than that, all else has been.
    let held = async || deployment.queue.len().await + deployment.dead_letters.len().await;
    until("end of the good messages", async || {
        held().await <= poison.len()
    })
    .await;
    reached("only poison is left");
    let visibility = QueueAttributeName::VisibilityTimeout;
    deployment.queue.set(visibility, POISON_VISIBILITY_S).await;
    until("empty queue", async || deployment.queue.len().await == 0).await;

    reached("the queue is empty");
    poison.sort();
    assert_eq!(deployment.dead_letters.drain().await, poison);
    assert_eq!(settled(&deployment).await, expected);
    reached("every document looked at");
    let logs = sandbox.logs(FUNCTION).unwrap();
    for architecture in Architecture::ALL {
        let worked = format!("\"architecture\":\"{architecture}\"");
        assert!(
            logs.contains(&worked),
            "nothing came to the {architecture} build"
        );
    }
}

/// Status and revision of documents.
type Settled = BTreeMap<Uuid, (Status, u64)>;

/// Both builds get half of the traffic, and nobody gives up early.
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
async fn documents(deployment: &Deployment) -> Settled {
    let false_root = content_root(b"of another document");
    stream::iter(0..GENUINE + FORGED)
        .map(async |number| {
            // From a few bytes to three leaves.
            let content = format!("document {number} ")
                .repeat(1 + number % 700)
                .into_bytes();
            let forged = number >= GENUINE;
            let claimed = forged.then(|| false_root.clone());
            let status = if forged {
                Status::Rejected
            } else {
                Status::Verified
            };
            let id = create(&deployment.store, content, claimed).await;
            (id, (status, 2))
        })
        .buffer_unordered(16)
        .collect()
        .await
}

/// Messages that nobody can do.
fn poison() -> Vec<String> {
    let malformed = (0..MALFORMED).map(|number| format!("{{\"document\": {number}}}"));
    malformed.collect()
}

/// All that is sent, the others among the good.
fn messages(documents: &Settled, others: &[String]) -> Vec<String> {
    let times = |index| if index < TWICE { 2 } else { 1 };
    let mut messages: Vec<_> = documents
        .keys()
        .enumerate()
        .flat_map(|(index, id)| repeat_n(message(*id), times(index)))
        .collect();
    let every = messages.len() / others.len();
    for (index, other) in others.iter().enumerate() {
        messages.insert(index * (every + 1), other.clone());
    }
    assert_eq!(messages.len(), MESSAGES);
    messages
}

/// What became of the documents.
async fn settled(deployment: &Deployment) -> Settled {
    let mut settled = Settled::new();
    let mut cursor = None;
    loop {
        let page = deployment.store.list(100, cursor).await;
        let page = page.unwrap();
        let state = |document: Document| (document.id, (document.status, document.revision));
        settled.extend(page.documents.into_iter().map(state));
        cursor = page.next;
        if cursor.is_none() {
            return settled;
        }
    }
}
