//! Both release builds, as they are deployed: the same events, the same answers; a document's way
//! through the queue; order in a FIFO queue.

use aws_sdk_sqs::types::QueueAttributeName;
use notary::document::{Status, content_root};
use sandbox::testing::Invocation;
use serde_json::{Value, json};
use tests::events;
use uuid::Uuid;

use crate::{
    deployment::{Deployment, FUNCTION, Queue, create, until},
    events::{event, failures},
    message,
};

const ARCHITECTURES: [&str; 2] = ["x86_64", "arm64"];

async fn invoke(deployment: &Deployment, architecture: &str, event: &Value) -> Invocation {
    let invocation = deployment
        .sandbox
        .invoke(FUNCTION, architecture, event)
        .await;
    invocation.unwrap()
}

#[tokio::test]
async fn both_builds_answer_alike_to_the_corpus() {
    let deployment = Deployment::start().await;
    let corpus = ["tests/corpus/refused", "tests/corpus/given-back"];
    // Lambda refuses what is not JSON before any function sees it.
    for (name, event) in corpus.iter().flat_map(|folder| events(FUNCTION, folder)) {
        let mut answers = Vec::new();
        for architecture in ARCHITECTURES {
            let invocation = invoke(&deployment, architecture, &event).await;
            answers.push((invocation.function_error, invocation.payload));
        }
        assert_eq!(answers[0], answers[1], "{name}");
    }
}

#[tokio::test]
async fn both_builds_answer_the_sample_events_as_expected_and_leave_nothing_behind() {
    let deployment = Deployment::start().await;
    deployment.sandbox.replay(FUNCTION).await.unwrap();
    let dynamodb = aws_sdk_dynamodb::Client::new(&deployment.sandbox.sdk_config());
    let items = dynamodb.scan().table_name("documents").send().await;
    assert_eq!(items.unwrap().count, 0);
}

#[tokio::test]
async fn either_build_verifies_rejects_and_gives_back() {
    let deployment = Deployment::start().await;
    let store = &deployment.store;
    for architecture in ARCHITECTURES {
        let genuine = create(store, vec![7; 100_000], None).await;
        let forged = create(store, vec![7; 100_000], Some(content_root(b""))).await;
        let batch = event([
            ("genuine", message(genuine)),
            ("deleted", message(Uuid::now_v7())),
            ("forged", message(forged)),
            ("again", message(genuine)),
        ]);
        let invocation = invoke(&deployment, architecture, &batch).await;
        assert!(invocation.is_success(), "{invocation:?}");
        assert_eq!(
            failures(&invocation.payload),
            Vec::<&str>::new(),
            "{architecture}"
        );
        for (id, status) in [(genuine, Status::Verified), (forged, Status::Rejected)] {
            let document = store.get(id).await.unwrap().unwrap();
            assert_eq!(
                (document.status, document.revision),
                (status, 2),
                "{architecture}"
            );
        }
    }
}

#[tokio::test]
async fn every_failure_is_logged_once_with_its_reason_and_no_content_ever() {
    let deployment = Deployment::start().await;
    let content = "the content of the deed";
    let id = create(&deployment.store, content.as_bytes().to_vec(), None).await;
    let batch = event([
        ("good", message(id)),
        ("bad", "no JSON".to_owned()),
        ("deleted", message(Uuid::now_v7())),
    ]);
    invoke(&deployment, "x86_64", &batch).await;
    let logs = deployment.sandbox.logs(FUNCTION).unwrap();
    let lines: Vec<Value> = logs
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let errors: Vec<_> = lines
        .iter()
        .filter(|line| line["level"] == "ERROR")
        .collect();
    let [line] = errors[..] else {
        panic!("not one error: {errors:?}");
    };
    assert_eq!(line["messageId"], "bad");
    assert_eq!(line["failure"], "MalformedMessage");
    assert_eq!(line["receiveCount"], 1);
    let reason = line["reason"].as_str();
    assert!(reason.is_some_and(|reason| reason.len() > 20), "{line}");
    assert!(line["requestId"].is_string(), "{line}");
    let metrics = lines.iter().find(|line| line["_aws"].is_object()).unwrap();
    for metric in ["DocumentsVerified", "MalformedMessage", "DocumentsDeleted"] {
        assert_eq!(metrics[metric].as_f64(), Some(1.0), "{metrics}");
    }
    assert!(!logs.contains(content));
}

#[tokio::test]
async fn a_message_in_the_queue_is_verified_and_gone() {
    let deployment = Deployment::start().await;
    let id = create(&deployment.store, b"deed".to_vec(), None).await;
    deployment.queue.send(&[message(id)]).await;
    until("empty queue", async || deployment.queue.len().await == 0).await;
    let document = deployment.store.get(id).await.unwrap().unwrap();
    assert_eq!((document.status, document.revision), (Status::Verified, 2));
    assert_eq!(deployment.dead_letters.len().await, 0);
}

#[tokio::test]
async fn in_a_fifo_queue_a_group_waits_behind_its_poison_until_that_is_a_dead_letter() {
    let deployment = Deployment::start().await;
    let sent = Sent::to_a_fifo_queue(&deployment, 1).await;
    assert_eq!(sent.dead_letters.drain().await, [POISON]);
    let mut settled_at = Vec::new();
    for id in [sent.before, sent.other, sent.behind] {
        let document = deployment.store.get(id).await.unwrap().unwrap();
        assert_eq!((document.status, document.revision), (Status::Verified, 2));
        settled_at.push(document.updated_at);
    }
    let [before, other, behind] = settled_at[..] else {
        panic!("{settled_at:?}");
    };
    assert!(
        before < behind,
        "{before}, {behind}: order within the group"
    );
    assert!(
        other < behind,
        "{other}, {behind}: the other group waited too"
    );
}

/// Delivered in one batch, what stands behind poison is counted with it and shares its fate: that
/// is SQS's rule, and better than overtaking.
#[tokio::test]
async fn what_comes_in_one_batch_behind_poison_of_its_group_never_overtakes_it() {
    let deployment = Deployment::start().await;
    let sent = Sent::to_a_fifo_queue(&deployment, 10).await;
    let dead = [POISON.to_owned(), message(sent.behind)];
    assert_eq!(sent.dead_letters.drain().await, dead);
    for (id, status) in [
        (sent.before, Status::Verified),
        (sent.other, Status::Verified),
        (sent.behind, Status::Received),
    ] {
        let document = deployment.store.get(id).await.unwrap().unwrap();
        assert_eq!(document.status, status);
    }
}

const POISON: &str = "poison";

/// What was sent to a FIFO queue that is empty by now. One group had `before`, poison and
/// `behind`, another one `other`.
struct Sent {
    before: Uuid,
    behind: Uuid,
    other: Uuid,
    dead_letters: Queue,
}

impl Sent {
    async fn to_a_fifo_queue(deployment: &Deployment, batch_size: i32) -> Self {
        let (queue, dead_letters) = fifo_queue(deployment).await;
        let document = async || create(&deployment.store, b"deed".to_vec(), None).await;
        let sent = Self {
            before: document().await,
            behind: document().await,
            other: document().await,
            dead_letters,
        };
        for (group, body) in [
            ("one", message(sent.before)),
            ("one", POISON.to_owned()),
            ("one", message(sent.behind)),
            ("another", message(sent.other)),
        ] {
            let send = deployment.sqs.send_message().queue_url(&queue.url);
            let send = send.message_group_id(group).message_body(body);
            send.send().await.unwrap();
        }
        map(deployment, &queue, batch_size).await;
        until("empty queue", async || queue.len().await == 0).await;
        sent
    }
}

/// A FIFO queue and its dead-letter queue, which it gives a message to after two deliveries.
async fn fifo_queue(deployment: &Deployment) -> (Queue, Queue) {
    use QueueAttributeName::{
        ContentBasedDeduplication, FifoQueue, QueueArn, RedrivePolicy, VisibilityTimeout,
    };
    let mut queues = Vec::new();
    for name in ["ordered-dead-letter.fifo", "ordered.fifo"] {
        let create = deployment.sqs.create_queue().queue_name(name);
        let create = create.attributes(FifoQueue, "true");
        let create = create.attributes(ContentBasedDeduplication, "true");
        // A mapping wants the function's time limit at least.
        create
            .attributes(VisibilityTimeout, "10")
            .send()
            .await
            .unwrap();
        queues.push(Queue::named(&deployment.sqs, name).await);
    }
    let (queue, dead_letters) = (queues.remove(1), queues.remove(0));
    let arn = dead_letters.attribute(QueueArn).await;
    let redrive = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 2});
    queue.set(RedrivePolicy, redrive.to_string()).await;
    (queue, dead_letters)
}

/// Has the queue read by `live`, with failures reported one by one.
async fn map(deployment: &Deployment, queue: &Queue, batch_size: i32) {
    use aws_sdk_lambda::types::FunctionResponseType::ReportBatchItemFailures;

    let create = deployment.sandbox.lambda.create_event_source_mapping();
    create
        .function_name(format!("{FUNCTION}:live"))
        .event_source_arn(queue.attribute(QueueAttributeName::QueueArn).await)
        .function_response_types(ReportBatchItemFailures)
        .batch_size(batch_size)
        .send()
        .await
        .unwrap();
    queue.set(QueueAttributeName::VisibilityTimeout, "1").await;
}
