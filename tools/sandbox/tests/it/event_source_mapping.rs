//! Event source mappings: what becomes of messages when the function succeeds, fails, and fails on some.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::common;
use std::time::{Duration, Instant};

use aws_sdk_lambda::types::{AliasRoutingConfiguration, ScalingConfig};
use aws_sdk_sqs::types::{QueueAttributeName as Name, SendMessageBatchRequestEntry};
use common::{
    FUNCTION, Sandbox, assert_share,
    batches::{
        batches, concurrency, deliveries, drained, map, message, sandbox, source, state, with_live,
    },
    eventually,
    queues::{Queue, attributes, depth, receive, send},
};
use sandbox::execution::emulation::HOST;
use serde_json::{Value, json};

/// Sends messages in batches of ten.
async fn send_many(queue: &Queue, names: impl Iterator<Item = String>, order: &Value) {
    let names: Vec<String> = names.collect();
    for names in names.chunks(10) {
        let mut batch = queue.sqs.send_message_batch().queue_url(&queue.url);
        for (id, name) in names.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder().id(id.to_string());
            let entry = entry.message_body(message(name, order.clone()));
            batch = batch.entries(entry.build().unwrap());
        }
        assert!(batch.send().await.unwrap().failed().is_empty());
    }
}

#[tokio::test]
async fn a_batch_that_succeeds_is_deleted() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 3).await;
    map(&sandbox, &source.queue).send().await.unwrap();
    send(&source.queue, &message("a", json!({}))).await;
    drained(&source.queue).await;
    assert_eq!(
        deliveries(&sandbox).into_iter().collect::<Vec<_>>(),
        [("a".to_owned(), 1)]
    );
}

#[tokio::test]
async fn a_failing_message_is_delivered_max_receive_count_times_and_then_it_is_dead() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 3).await;
    map(&sandbox, &source.queue).send().await.unwrap();
    send(&source.queue, &message("poison", json!({"failures": 100}))).await;
    eventually("the poison is dead", async || {
        depth(&source.dead).await == 1
    })
    .await;
    assert_eq!(depth(&source.queue).await, 0);
    let receives: Vec<_> = batches(&sandbox)
        .into_iter()
        .flat_map(|batch| batch.messages)
        .collect();
    let expected: Vec<_> = (1..=3)
        .map(|receive| ("poison".to_owned(), receive))
        .collect();
    assert_eq!(receives, expected);
}

#[tokio::test]
async fn only_the_messages_that_failed_come_again_and_after_the_visibility_timeout() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 5).await;
    send(&source.queue, &message("good", json!({}))).await;
    send(&source.queue, &message("bad", json!({"failures": 1}))).await;
    map(&sandbox, &source.queue).send().await.unwrap();
    eventually("the first batch is over", async || {
        depth(&source.queue).await == 1
    })
    .await;
    let counts = attributes(&source.queue).await;
    assert_eq!(
        counts[&Name::ApproximateNumberOfMessagesNotVisible],
        "1",
        "neither deleted nor visible"
    );
    drained(&source.queue).await;
    assert_eq!(depth(&source.dead).await, 0);
    let batches = batches(&sandbox);
    let names = |batch: usize| batches[batch].messages.clone();
    assert_eq!(names(0), [("good".to_owned(), 1), ("bad".to_owned(), 1)]);
    assert_eq!(names(1), [("bad".to_owned(), 2)]);
    assert_eq!(batches.len(), 2);
}

#[tokio::test]
async fn the_whole_batch_fails_when_the_response_makes_no_sense_or_there_is_none() {
    for order in [
        json!({"answer": {"batchItemFailures": [{"itemIdentifier": "nobody"}]}}),
        json!({"answer": {"batchItemFailures": [{"itemIdentifier": ""}]}}),
        json!({"answer": {"batchItemFailures": [{"id": "a"}]}}),
        json!({"answer": "done"}),
        json!({"instead": {"do": "error"}}),
        json!({"instead": {"do": "panic"}}),
        json!({"instead": {"do": "exit", "code": 0}}),
        json!({"instead": {"do": "sleep", "ms": 60_000}}),
    ] {
        let sandbox = sandbox().await;
        let source = source(&sandbox, 1).await;
        send(&source.queue, &message("good", json!({}))).await;
        send(&source.queue, &message("bad", order.clone())).await;
        map(&sandbox, &source.queue).send().await.unwrap();
        eventually(&format!("both are dead after {order}"), async || {
            depth(&source.dead).await == 2
        })
        .await;
        assert_eq!(batches(&sandbox).len(), 1, "{order}");
    }
}

#[tokio::test]
async fn without_partial_responses_any_answer_is_success() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 1).await;
    send(&source.queue, &message("a", json!({"failures": 100}))).await;
    let map = map(&sandbox, &source.queue).set_function_response_types(None);
    map.send().await.unwrap();
    drained(&source.queue).await;
    assert_eq!(depth(&source.dead).await, 0);
}

#[tokio::test]
async fn the_weights_of_the_alias_split_the_batches() {
    let sandbox = sandbox().await;
    // Long enough that none comes again because the machine is busy.
    let queue = Queue::create(&sandbox, "q", &[(Name::VisibilityTimeout, "300")]).await;
    sandbox.change("another").await;
    sandbox.publish().await;
    let routing = AliasRoutingConfiguration::builder().additional_version_weights("2", 0.3);
    let update = sandbox
        .lambda
        .update_alias()
        .function_name(FUNCTION)
        .name("live");
    update.routing_config(routing.build()).send().await.unwrap();
    send_many(&queue, (0..300).map(|id| id.to_string()), &json!({})).await;
    map(&sandbox, &queue).batch_size(1).send().await.unwrap();
    drained(&queue).await;
    let batches = batches(&sandbox);
    assert_eq!(batches.len(), 300);
    let of_two = batches.iter().filter(|batch| batch.version == "2").count() as u64;
    assert_share(of_two, 300, 0.3);
}

/// How many messages each batch had.
fn sizes(sandbox: &Sandbox) -> Vec<usize> {
    let batches = batches(sandbox).into_iter();
    batches.map(|batch| batch.messages.len()).collect()
}

#[tokio::test]
async fn a_window_fills_a_batch_that_is_then_larger_than_ten_and_does_not_wait_any_longer() {
    let sandbox = sandbox().await;
    // Messages must not become visible again while they wait for the window to end.
    let queue = Queue::create(&sandbox, "q", &[(Name::VisibilityTimeout, "600")]).await;
    let map = map(&sandbox, &queue).batch_size(25);
    // Longer than the test waits for an empty queue.
    let map = map.maximum_batching_window_in_seconds(300);
    map.send().await.unwrap();
    for id in 0..25 {
        assert_eq!(sizes(&sandbox), [0; 0], "before {id}");
        send(&queue, &message(&id.to_string(), json!({}))).await;
    }
    drained(&queue).await;
    assert_eq!(sizes(&sandbox), [25]);
}

#[tokio::test]
async fn when_its_window_is_over_a_batch_is_delivered_that_is_not_full() {
    let sandbox = sandbox().await;
    let queue = Queue::create(&sandbox, "q", &[(Name::VisibilityTimeout, "30")]).await;
    let map = map(&sandbox, &queue).batch_size(30);
    let map = map.maximum_batching_window_in_seconds(1);
    map.send().await.unwrap();
    send(&queue, &message("a", json!({}))).await;
    drained(&queue).await;
    assert_eq!(sizes(&sandbox), [1]);
}

#[tokio::test]
async fn there_are_never_more_batches_at_once_than_allowed() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 3).await;
    send_many(
        &source.queue,
        (0..24).map(|id| id.to_string()),
        &json!({"sleep_ms": 100}),
    )
    .await;
    let scaling = ScalingConfig::builder().maximum_concurrency(3).build();
    let map = map(&sandbox, &source.queue)
        .batch_size(2)
        .scaling_config(scaling);
    map.send().await.unwrap();
    drained(&source.queue).await;
    assert_eq!(concurrency(&sandbox), 3);
    assert!(deliveries(&sandbox).values().all(|&times| times == 1));
}

#[tokio::test]
async fn without_a_limit_the_environments_are_the_limit_and_nobody_is_throttled() {
    let sandbox = Sandbox::start_with(|options| options.max_environments = 4).await;
    with_live(&sandbox).await;
    let source = source(&sandbox, 3).await;
    send_many(
        &source.queue,
        (0..32).map(|id| id.to_string()),
        &json!({"sleep_ms": 100}),
    )
    .await;
    map(&sandbox, &source.queue)
        .batch_size(1)
        .send()
        .await
        .unwrap();
    drained(&source.queue).await;
    assert_eq!(concurrency(&sandbox), 4);
    assert!(deliveries(&sandbox).values().all(|&times| times == 1));
}

#[tokio::test]
async fn a_fifo_queue_stays_in_order_around_a_message_that_fails() {
    let sandbox = sandbox().await;
    let fifo = [
        (Name::FifoQueue, "true"),
        (Name::ContentBasedDeduplication, "true"),
        (Name::VisibilityTimeout, "1"),
    ];
    let queue = Queue::create(&sandbox, "q.fifo", &fifo).await;
    for id in 0..12 {
        let group = if id % 2 == 0 { "even" } else { "odd" };
        let order = if id == 4 {
            json!({"failures": 2})
        } else {
            json!({})
        };
        let send = queue
            .sqs
            .send_message()
            .queue_url(&queue.url)
            .message_group_id(group);
        send.message_body(message(&format!("{id:02}"), order))
            .send()
            .await
            .unwrap();
    }
    map(&sandbox, &queue).batch_size(1).send().await.unwrap();
    drained(&queue).await;
    let order: Vec<_> = batches(&sandbox)
        .into_iter()
        .flat_map(|batch| batch.messages)
        .collect();
    let names = |parity: u64| -> Vec<String> {
        let of_group = order.iter().map(|(name, _)| name.clone());
        of_group
            .filter(|name| name.parse::<u64>().unwrap() % 2 == parity)
            .collect()
    };
    assert_eq!(names(0), ["00", "02", "04", "04", "04", "06", "08", "10"]);
    assert_eq!(names(1), ["01", "03", "05", "07", "09", "11"]);
    let third_try = batches(&sandbox)
        .iter()
        .position(|batch| batch.messages[0] == ("04".to_owned(), 3));
    let last_odd = batches(&sandbox)
        .iter()
        .position(|batch| batch.messages[0].0 == "11");
    assert!(
        last_odd < third_try,
        "another group does not wait: {order:?}"
    );
}

#[tokio::test]
async fn throttles_lose_nothing() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 10).await;
    sandbox
        .fault(FUNCTION, &format!("{HOST}:throttle=60%"))
        .unwrap();
    send_many(&source.queue, (0..100).map(|id| id.to_string()), &json!({})).await;
    map(&sandbox, &source.queue).send().await.unwrap();
    drained(&source.queue).await;
    assert_eq!(depth(&source.dead).await, 0);
    assert_eq!(deliveries(&sandbox).len(), 100);
}

#[tokio::test]
async fn a_disabled_mapping_reads_nothing_and_goes_on_when_it_is_enabled() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 3).await;
    let mapping = map(&sandbox, &source.queue)
        .enabled(false)
        .send()
        .await
        .unwrap();
    let uuid = mapping.uuid.unwrap();
    assert_eq!(state(&sandbox, &uuid).await.as_deref(), Some("Disabled"));
    let set = async |enabled: bool, resting: &str| {
        let update = sandbox.lambda.update_event_source_mapping().uuid(&uuid);
        update.enabled(enabled).send().await.unwrap();
        eventually(resting, async || {
            state(&sandbox, &uuid).await.as_deref() == Some(resting)
        })
        .await;
    };
    send(&source.queue, &message("a", json!({}))).await;
    set(true, "Enabled").await;
    drained(&source.queue).await;
    send(&source.queue, &message("slow", json!({"sleep_ms": 500}))).await;
    eventually("the slow batch began", async || {
        batches(&sandbox).len() == 2
    })
    .await;
    set(false, "Disabled").await;
    assert_eq!(
        depth(&source.queue).await,
        0,
        "what was under way is over, and deleted"
    );
    send(&source.queue, &message("c", json!({}))).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let counts = attributes(&source.queue).await;
    assert_eq!(counts[&Name::ApproximateNumberOfMessages], "1");
    let delete = sandbox.lambda.delete_event_source_mapping().uuid(&uuid);
    assert_eq!(
        delete.send().await.unwrap().state.as_deref(),
        Some("Deleting")
    );
    eventually("it is gone", async || {
        state(&sandbox, &uuid).await.is_none()
    })
    .await;
}

#[tokio::test]
async fn a_deleted_queue_that_is_created_again_is_read_again() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 3).await;
    map(&sandbox, &source.queue).send().await.unwrap();
    let delete = source.queue.sqs.delete_queue().queue_url(&source.queue.url);
    delete.send().await.unwrap();
    let queue = Queue::create(&sandbox, "q", &[(Name::VisibilityTimeout, "1")]).await;
    send(&queue, &message("a", json!({}))).await;
    drained(&queue).await;
}

#[tokio::test]
async fn stopping_the_sandbox_does_not_wait_for_its_queues() {
    let mut sandbox = sandbox().await;
    let source = source(&sandbox, 3).await;
    map(&sandbox, &source.queue).send().await.unwrap();
    send(&source.queue, &message("slow", json!({"sleep_ms": 900}))).await;
    eventually("the batch began", async || !batches(&sandbox).is_empty()).await;
    let begun = Instant::now();
    sandbox.stop().await;
    assert!(
        begun.elapsed() < Duration::from_millis(800),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_messages_are_done_in_less_than_a_minute() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 3).await;
    send_many(
        &source.queue,
        (0..5000).map(|id| id.to_string()),
        &json!({}),
    )
    .await;
    let begun = Instant::now();
    let scaling = ScalingConfig::builder().maximum_concurrency(10).build();
    map(&sandbox, &source.queue)
        .scaling_config(scaling)
        .send()
        .await
        .unwrap();
    while depth(&source.queue).await > 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{} are left",
            depth(&source.queue).await
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let deliveries = deliveries(&sandbox);
    assert_eq!(deliveries.len(), 5000);
    assert!(deliveries.values().all(|&times| times == 1));
    assert!(receive(&source.dead, 10).await.is_empty());
}
