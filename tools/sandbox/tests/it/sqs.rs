//! SQS through the SDK, the AWS CLI and bare HTTP.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::common;
use std::time::{Duration, Instant};

use aws_sdk_sqs::{
    Client,
    primitives::Blob,
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
        MessageAttributeValue, MessageSystemAttributeName as Own, QueueAttributeName as Name,
        SendMessageBatchRequestEntry,
    },
};
use common::{
    external::{aws_command, stdout_of},
    queues::{Queue, attributes, receive, send},
    refusal,
};
use sandbox::testing::Sandbox;
use serde_json::{Value, json};

#[tokio::test]
async fn a_queue_is_created_once_and_conflicts_name_the_attribute() {
    let sandbox = Sandbox::start().await.unwrap();
    let sqs = Client::new(&sandbox.sdk_config());
    let create = |visibility: &str| {
        let create = sqs.create_queue().queue_name("q");
        create
            .attributes(Name::VisibilityTimeout, visibility)
            .send()
    };
    let url = create("60").await.unwrap().queue_url.unwrap();
    assert_eq!(url, format!("{}/000000000000/q", sandbox.endpoint));
    assert_eq!(
        create("60").await.unwrap().queue_url.as_deref(),
        Some(url.as_str())
    );
    let refused = create("61").await.unwrap_err().into_service_error();
    assert!(refused.is_queue_name_exists());
    let message = refused.meta().message().unwrap();
    assert!(
        message.ends_with("for attribute VisibilityTimeout"),
        "{message}"
    );
    let listed = sqs
        .list_queues()
        .queue_name_prefix("q")
        .send()
        .await
        .unwrap();
    assert_eq!(listed.queue_urls(), std::slice::from_ref(&url));
    sqs.delete_queue().queue_url(&url).send().await.unwrap();
    let gone = sqs.get_queue_url().queue_name("q").send().await;
    let gone = gone.unwrap_err().into_service_error();
    assert!(gone.is_queue_does_not_exist(), "{gone:?}");
}

#[tokio::test]
async fn errors_have_the_codes_of_both_protocols() {
    let sandbox = Sandbox::start().await.unwrap();
    let request = hyper::Request::post(format!("{}/", sandbox.endpoint))
        .header("x-amz-target", "AmazonSQS.GetQueueUrl")
        .header("content-type", "application/x-amz-json-1.0")
        .body(http_body_util::Full::<bytes::Bytes>::from(
            r#"{"QueueName":"nobody"}"#,
        ))
        .unwrap();
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new());
    let response = client.build_http().request(request).await.unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(
        response.headers()["x-amzn-query-error"],
        "AWS.SimpleQueueService.NonExistentQueue;Sender"
    );
    let body = http_body_util::BodyExt::collect(response.into_body()).await;
    let body: Value = serde_json::from_slice(&body.unwrap().to_bytes()).unwrap();
    assert_eq!(body["__type"], "com.amazonaws.sqs#QueueDoesNotExist");
    assert_eq!(body["message"], "The specified queue does not exist.");
}

#[tokio::test]
async fn a_message_arrives_with_its_attributes_and_digests() {
    let sandbox = Sandbox::start().await.unwrap();
    let queue = Queue::create(&sandbox, "q", &[]).await;
    let attribute = |kind: &str| MessageAttributeValue::builder().data_type(kind);
    let number = attribute("Number")
        .string_value("1493147359900")
        .build()
        .unwrap();
    let binary = attribute("Binary")
        .binary_value(Blob::new([0, 255]))
        .build()
        .unwrap();
    let sent = queue
        .sqs
        .send_message()
        .queue_url(&queue.url)
        .message_body("derp ä")
        .message_attributes("timestamp", number.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(
        sent.md5_of_message_attributes.as_deref(),
        Some("235c5c510d26fb653d073faed50ae77c")
    );
    let two = queue
        .sqs
        .send_message()
        .queue_url(&queue.url)
        .message_body("two");
    let two = two
        .message_attributes("a.one", binary.clone())
        .message_attributes("b", number.clone());
    two.send().await.unwrap();

    let first = receive(&queue, 1).await.remove(0);
    assert_eq!(first.body.as_deref(), Some("derp ä"));
    assert_eq!(first.message_id, sent.message_id);
    assert_eq!(first.md5_of_body, sent.md5_of_message_body);
    assert_eq!(
        first.md5_of_message_attributes,
        sent.md5_of_message_attributes
    );
    assert_eq!(first.message_attributes.unwrap()["timestamp"], number);
    let own = first.attributes.unwrap();
    assert_eq!(own[&Own::ApproximateReceiveCount], "1");
    let sent_ms: i64 = own[&Own::SentTimestamp].parse().unwrap();
    let first_ms: i64 = own[&Own::ApproximateFirstReceiveTimestamp].parse().unwrap();
    assert!(sent_ms <= first_ms && first_ms - sent_ms < 5000);
    assert!(!own.contains_key(&Own::SequenceNumber));

    let ask = queue
        .sqs
        .receive_message()
        .queue_url(&queue.url)
        .message_attribute_names("a.*");
    let second = ask.send().await.unwrap().messages.unwrap().remove(0);
    let found = second.message_attributes.unwrap();
    assert_eq!((found.len(), &found["a.one"]), (1, &binary));
    assert_eq!(second.attributes, None, "none was asked for");
}

#[tokio::test]
async fn a_message_is_delivered_max_receive_count_times_and_then_it_is_in_the_dead_letter_queue() {
    let sandbox = Sandbox::start().await.unwrap();
    let dead = Queue::create(&sandbox, "dead", &[]).await;
    let policy = json!({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 2}).to_string();
    let queue = Queue::create(&sandbox, "q", &[(Name::RedrivePolicy, &policy)]).await;
    send(&queue, "poison").await;
    let mut id = None;
    for expected in ["1", "2"] {
        let ask = queue
            .sqs
            .receive_message()
            .queue_url(&queue.url)
            .visibility_timeout(0);
        let ask = ask.message_system_attribute_names(Own::ApproximateReceiveCount);
        let received = ask.send().await.unwrap().messages.unwrap_or_default();
        assert_eq!(received.len(), 1, "delivery {expected}");
        assert_eq!(
            received[0].attributes.as_ref().unwrap()[&Own::ApproximateReceiveCount],
            expected
        );
        id.clone_from(&received[0].message_id);
    }
    assert!(receive(&dead, 10).await.is_empty(), "not before the limit");
    assert!(receive(&queue, 10).await.is_empty());
    let found = receive(&dead, 10).await.remove(0);
    assert_eq!(found.message_id, id);
    let own = found.attributes.unwrap();
    assert_eq!(own[&Own::DeadLetterQueueSourceArn], queue.arn);
    assert_eq!(
        own[&Own::ApproximateReceiveCount],
        "3",
        "across both queues"
    );
}

#[tokio::test]
async fn without_its_dead_letter_queue_a_message_is_delivered_on_and_on() {
    let sandbox = Sandbox::start().await.unwrap();
    let dead = Queue::create(&sandbox, "dead", &[]).await;
    let policy = json!({"deadLetterTargetArn": dead.arn, "maxReceiveCount": "1"}).to_string();
    let queue = Queue::create(&sandbox, "q", &[(Name::RedrivePolicy, &policy)]).await;
    dead.sqs
        .delete_queue()
        .queue_url(&dead.url)
        .send()
        .await
        .unwrap();
    send(&queue, "kept").await;
    for _ in 0..3 {
        let ask = queue
            .sqs
            .receive_message()
            .queue_url(&queue.url)
            .visibility_timeout(0);
        assert_eq!(ask.send().await.unwrap().messages().len(), 1);
    }
}

#[tokio::test]
async fn a_redrive_policy_needs_a_queue_of_the_same_kind() {
    let sandbox = Sandbox::start().await.unwrap();
    let queue = Queue::create(&sandbox, "q", &[]).await;
    let fifo = Queue::create(&sandbox, "dead.fifo", &[(Name::FifoQueue, "true")]).await;
    for target in [
        fifo.arn.as_str(),
        "arn:aws:sqs:us-east-1:000000000000:nobody",
    ] {
        let policy = json!({"deadLetterTargetArn": target, "maxReceiveCount": 2}).to_string();
        let set = queue.sqs.set_queue_attributes().queue_url(&queue.url);
        let (code, status, message) =
            refusal(set.attributes(Name::RedrivePolicy, policy).send().await);
        assert_eq!(
            (code.as_str(), status),
            ("InvalidParameterValue", 400),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_long_poll_ends_with_the_first_message_also_when_it_comes_back() {
    let sandbox = Sandbox::start().await.unwrap();
    let queue = Queue::create(
        &sandbox,
        "q",
        &[(Name::ReceiveMessageWaitTimeSeconds, "10")],
    )
    .await;
    let begun = Instant::now();
    let waiting = queue
        .sqs
        .receive_message()
        .queue_url(&queue.url)
        .visibility_timeout(1);
    let waiting = tokio::spawn(waiting.send());
    tokio::time::sleep(Duration::from_millis(300)).await;
    send(&queue, "late").await;
    let first = waiting.await.unwrap().unwrap();
    assert_eq!(first.messages().len(), 1);
    assert!(
        (300..2000).contains(&begun.elapsed().as_millis()),
        "{:?}",
        begun.elapsed()
    );
    let again = queue
        .sqs
        .receive_message()
        .queue_url(&queue.url)
        .send()
        .await
        .unwrap();
    assert_eq!(again.messages().len(), 1);
    assert!(
        (1200..3000).contains(&begun.elapsed().as_millis()),
        "{:?}",
        begun.elapsed()
    );
    let ask = queue
        .sqs
        .receive_message()
        .queue_url(&queue.url)
        .wait_time_seconds(1);
    assert!(ask.send().await.unwrap().messages().is_empty());
}

#[tokio::test]
async fn receipt_handles_that_mean_nothing_are_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let queue = Queue::create(&sandbox, "q", &[]).await;
    let other = Queue::create(&sandbox, "other", &[]).await;
    send(&other, "elsewhere").await;
    let elsewhere = receive(&other, 1).await.remove(0).receipt_handle.unwrap();
    for handle in ["nonsense", elsewhere.as_str()] {
        let delete = queue
            .sqs
            .delete_message()
            .queue_url(&queue.url)
            .receipt_handle(handle);
        let refused = delete.send().await.unwrap_err().into_service_error();
        assert!(refused.is_receipt_handle_is_invalid(), "{handle}");
    }
    send(&queue, "a").await;
    let handle = receive(&queue, 1).await.remove(0).receipt_handle.unwrap();
    let change = |seconds| {
        let change = queue.sqs.change_message_visibility().queue_url(&queue.url);
        change
            .receipt_handle(&handle)
            .visibility_timeout(seconds)
            .send()
    };
    change(0).await.unwrap();
    let refused = change(10).await.unwrap_err().into_service_error();
    assert!(refused.is_message_not_inflight(), "{refused:?}");
    for _ in 0..2 {
        // The newest handle still deletes, and a message that is gone is no error.
        let delete = queue.sqs.delete_message().queue_url(&queue.url);
        delete.receipt_handle(&handle).send().await.unwrap();
    }
    assert_eq!(refusal(change(10).await).0, "InvalidParameterValue");
}

#[tokio::test]
async fn entries_of_a_batch_fail_one_by_one() {
    let sandbox = Sandbox::start().await.unwrap();
    let queue = Queue::create(&sandbox, "q", &[]).await;
    let entry = |id: &str, body: &str, delay| {
        let entry = SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(body);
        entry.delay_seconds(delay).build().unwrap()
    };
    let batch = |entries| {
        let batch = queue.sqs.send_message_batch().queue_url(&queue.url);
        batch.set_entries(Some(entries)).send()
    };
    let sent = batch(vec![
        entry("good", "a", 0),
        entry("bad", "b", 901),
        entry("odd", "\u{1}", 0),
    ]);
    let sent = sent.await.unwrap();
    assert_eq!(sent.successful()[0].id(), "good");
    let failed: Vec<_> = sent
        .failed()
        .iter()
        .map(|entry| (entry.id(), entry.code()))
        .collect();
    assert_eq!(
        failed,
        [
            ("bad", "InvalidParameterValue"),
            ("odd", "InvalidMessageContents")
        ]
    );

    let none = batch(vec![]).await.unwrap_err().into_service_error();
    assert!(none.is_empty_batch_request(), "{none:?}");
    let twice = batch(vec![entry("a", "a", 0), entry("a", "b", 0)]).await;
    assert!(
        twice
            .unwrap_err()
            .into_service_error()
            .is_batch_entry_ids_not_distinct()
    );
    let many = (0..11).map(|id| entry(&id.to_string(), "a", 0)).collect();
    assert!(
        batch(many)
            .await
            .unwrap_err()
            .into_service_error()
            .is_too_many_entries_in_batch_request()
    );
    let large = "x".repeat(600 * 1024);
    let bodies = vec![entry("a", &large, 0), entry("b", &large, 0)];
    let with_attribute = |mut entry: SendMessageBatchRequestEntry| {
        let value = MessageAttributeValue::builder().data_type("String");
        let value = value.string_value(&large).build().unwrap();
        entry.message_attributes = Some([("large".to_owned(), value)].into());
        entry
    };
    let with_attributes = vec![
        with_attribute(entry("a", "a", 0)),
        with_attribute(entry("b", "b", 0)),
    ];
    for entries in [bodies, with_attributes] {
        let refused = batch(entries).await.unwrap_err().into_service_error();
        assert!(refused.is_batch_request_too_long(), "{refused:?}");
    }

    let handle = receive(&queue, 1).await.remove(0).receipt_handle.unwrap();
    let change = |id: &str, handle: &str| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
            .id(id)
            .receipt_handle(handle);
        entry.visibility_timeout(60).build().unwrap()
    };
    let changed = queue
        .sqs
        .change_message_visibility_batch()
        .queue_url(&queue.url);
    let changed = changed
        .entries(change("a", &handle))
        .entries(change("b", "nonsense"));
    let changed = changed.send().await.unwrap();
    assert_eq!(
        (changed.successful().len(), changed.failed()[0].code()),
        (1, "ReceiptHandleIsInvalid")
    );
    let delete = DeleteMessageBatchRequestEntry::builder()
        .id("a")
        .receipt_handle(&handle);
    let deleted = queue.sqs.delete_message_batch().queue_url(&queue.url);
    let deleted = deleted
        .entries(delete.build().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.successful()[0].id(), "a");
    assert_eq!(
        attributes(&queue).await[&Name::ApproximateNumberOfMessagesNotVisible],
        "0"
    );
}

#[tokio::test]
async fn a_message_may_have_one_mebibyte_and_no_byte_more() {
    let sandbox = Sandbox::start().await.unwrap();
    let queue = Queue::create(&sandbox, "q", &[]).await;
    assert_eq!(
        attributes(&queue).await[&Name::MaximumMessageSize],
        "1048576"
    );
    send(&queue, &"x".repeat(1 << 20)).await;
    let larger = queue.sqs.send_message().queue_url(&queue.url);
    let (code, _, message) = refusal(larger.message_body("x".repeat((1 << 20) + 1)).send().await);
    assert_eq!(code, "InvalidParameterValue");
    assert!(message.contains("shorter than 1048576 bytes"), "{message}");
    let set = queue.sqs.set_queue_attributes().queue_url(&queue.url);
    set.attributes(Name::MaximumMessageSize, "1024")
        .send()
        .await
        .unwrap();
    let value = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("x".repeat(1018));
    let with_attribute = queue
        .sqs
        .send_message()
        .queue_url(&queue.url)
        .message_body("x");
    let with_attribute = with_attribute
        .message_attributes("a", value.build().unwrap())
        .send();
    assert_eq!(
        refusal(with_attribute.await).0,
        "InvalidParameterValue",
        "attributes count"
    );
}

#[tokio::test]
async fn a_delayed_message_is_counted_as_such_until_its_time() {
    let sandbox = Sandbox::start().await.unwrap();
    let queue = Queue::create(&sandbox, "q", &[(Name::DelaySeconds, "1")]).await;
    send(&queue, "later").await;
    let at_once = queue
        .sqs
        .send_message()
        .queue_url(&queue.url)
        .message_body("now");
    at_once.delay_seconds(0).send().await.unwrap();
    let counts = attributes(&queue).await;
    assert_eq!(counts[&Name::ApproximateNumberOfMessagesDelayed], "1");
    assert_eq!(counts[&Name::ApproximateNumberOfMessages], "1");
    assert_eq!(receive(&queue, 10).await[0].body(), Some("now"));
    let ask = queue
        .sqs
        .receive_message()
        .queue_url(&queue.url)
        .wait_time_seconds(3);
    assert_eq!(
        ask.send().await.unwrap().messages()[0].body(),
        Some("later")
    );
}

#[tokio::test]
async fn a_fifo_queue_keeps_groups_in_order_and_knows_duplicates() {
    let sandbox = Sandbox::start().await.unwrap();
    let queue = Queue::create(&sandbox, "q.fifo", &[(Name::FifoQueue, "true")]).await;
    let message = |body: &str| {
        queue
            .sqs
            .send_message()
            .queue_url(&queue.url)
            .message_body(body)
    };
    assert_eq!(
        refusal(message("a").send().await).0,
        "MissingParameter",
        "no group"
    );
    let without_id = message("a").message_group_id("g").send().await;
    assert_eq!(refusal(without_id).0, "InvalidParameterValue");
    let grouped = |body: &str, id: &str| {
        message(body)
            .message_group_id("g")
            .message_deduplication_id(id)
            .send()
    };
    let first = grouped("a", "1").await.unwrap();
    let again = grouped("a", "1").await.unwrap();
    assert_eq!(
        (first.message_id(), first.sequence_number()),
        (again.message_id(), again.sequence_number())
    );
    let second = grouped("b", "2").await.unwrap();
    assert!(second.sequence_number() > first.sequence_number());

    let received = receive(&queue, 1).await;
    assert_eq!(received[0].body(), Some("a"));
    let own = received[0].attributes.as_ref().unwrap();
    assert_eq!(own[&Own::MessageGroupId], "g");
    assert_eq!(own[&Own::MessageDeduplicationId], "1");
    assert_eq!(
        Some(own[&Own::SequenceNumber].as_str()),
        first.sequence_number()
    );
    assert!(
        receive(&queue, 10).await.is_empty(),
        "the group has a message in flight"
    );
    let delete = queue.sqs.delete_message().queue_url(&queue.url);
    delete
        .set_receipt_handle(received[0].receipt_handle.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(receive(&queue, 10).await[0].body(), Some("b"));
}

#[tokio::test]
async fn content_stands_for_a_deduplication_id_when_the_queue_says_so() {
    let sandbox = Sandbox::start().await.unwrap();
    let fifo = [
        (Name::FifoQueue, "true"),
        (Name::ContentBasedDeduplication, "true"),
    ];
    let queue = Queue::create(&sandbox, "q.fifo", &fifo).await;
    for body in ["a", "a", "b"] {
        let message = queue
            .sqs
            .send_message()
            .queue_url(&queue.url)
            .message_body(body);
        message.message_group_id("g").send().await.unwrap();
    }
    assert_eq!(
        attributes(&queue).await[&Name::ApproximateNumberOfMessages],
        "2"
    );
}

#[tokio::test]
async fn purging_leaves_nothing_and_tags_are_kept() {
    let sandbox = Sandbox::start().await.unwrap();
    let queue = Queue::create(&sandbox, "q", &[]).await;
    send(&queue, "visible").await;
    send(&queue, "in flight").await;
    receive(&queue, 1).await;
    queue
        .sqs
        .purge_queue()
        .queue_url(&queue.url)
        .send()
        .await
        .unwrap();
    let counts = attributes(&queue).await;
    assert_eq!(counts[&Name::ApproximateNumberOfMessages], "0");
    assert_eq!(counts[&Name::ApproximateNumberOfMessagesNotVisible], "0");
    let tag = queue.sqs.tag_queue().queue_url(&queue.url);
    tag.tags("team", "a")
        .tags("stage", "test")
        .send()
        .await
        .unwrap();
    let untag = queue.sqs.untag_queue().queue_url(&queue.url);
    untag.tag_keys("team").send().await.unwrap();
    let tags = queue
        .sqs
        .list_queue_tags()
        .queue_url(&queue.url)
        .send()
        .await
        .unwrap();
    assert_eq!(
        tags.tags.unwrap().into_iter().collect::<Vec<_>>(),
        [("stage".to_owned(), "test".to_owned())]
    );
}

#[tokio::test]
async fn failures_can_be_ordered_for_one_operation() {
    let sandbox = Sandbox::start().await.unwrap();
    let queue = Queue::create(&sandbox, "q", &[]).await;
    sandbox
        .service_fault("sqs:SendMessage:errors=100%")
        .unwrap();
    let message = queue
        .sqs
        .send_message()
        .queue_url(&queue.url)
        .message_body("a");
    let (code, status, _) = refusal(message.clone().send().await);
    assert_eq!((code.as_str(), status), ("InternalFailure", 500));
    assert!(receive(&queue, 10).await.is_empty(), "it was not sent");
    sandbox.service_fault("sqs:SendMessage:errors=0%").unwrap();
    message.send().await.unwrap();
    assert_eq!(receive(&queue, 10).await.len(), 1);
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let queue = Queue::create(&sandbox, "q", &[]).await;
    let ask = || queue.sqs.receive_message().queue_url(&queue.url);
    for ask in [
        ask().max_number_of_messages(0),
        ask().max_number_of_messages(11),
        ask().wait_time_seconds(21),
        ask().visibility_timeout(43_201),
    ] {
        assert_eq!(refusal(ask.send().await).0, "InvalidParameterValue");
    }
    let elsewhere = queue
        .sqs
        .receive_message()
        .queue_url("http://example.com/1/q")
        .send()
        .await;
    assert!(
        elsewhere
            .unwrap_err()
            .into_service_error()
            .is_queue_does_not_exist()
    );
    let empty = queue
        .sqs
        .send_message()
        .queue_url(&queue.url)
        .message_body("")
        .send()
        .await;
    assert_eq!(refusal(empty).0, "MissingParameter");
    for name in ["", "a b", ".fifo", &"x".repeat(81), "a.fifo"] {
        assert_eq!(
            refusal(queue.sqs.create_queue().queue_name(name).send().await).0,
            "InvalidParameterValue",
            "{name}"
        );
    }
    let unknown = queue
        .sqs
        .start_message_move_task()
        .source_arn(&queue.arn)
        .send()
        .await;
    assert_eq!(refusal(unknown).0, "InvalidAction");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_sends_receives_and_reads_errors() {
    let sandbox = Sandbox::start().await.unwrap();
    let aws = |arguments: &[&str]| {
        let mut command = aws_command("aws", &sandbox.endpoint);
        // Version 1 knows a host of its own for SQS, which AWS_ENDPOINT_URL does not replace.
        command.args(["--endpoint-url", &sandbox.endpoint, "sqs"]);
        command.args(arguments);
        command
    };
    let json =
        |arguments: &[&str]| -> Value { serde_json::from_str(&stdout_of(aws(arguments))).unwrap() };
    let created = json(&[
        "create-queue",
        "--queue-name",
        "q",
        "--attributes",
        "VisibilityTimeout=5",
    ]);
    let url = created["QueueUrl"].as_str().unwrap();
    let sent = json(&[
        "send-message",
        "--queue-url",
        url,
        "--message-body",
        "hello",
    ]);
    let received = json(&[
        "receive-message",
        "--queue-url",
        url,
        "--attribute-names",
        "All",
    ]);
    let message = &received["Messages"][0];
    assert_eq!(
        (&message["Body"], &message["MessageId"]),
        (&json!("hello"), &sent["MessageId"])
    );
    assert_eq!(message["Attributes"]["ApproximateReceiveCount"], "1");
    let asked = [
        "get-queue-attributes",
        "--queue-url",
        url,
        "--attribute-names",
        "VisibilityTimeout",
    ];
    assert_eq!(
        json(&asked)["Attributes"],
        json!({"VisibilityTimeout": "5"})
    );
    let missing = aws(&["get-queue-url", "--queue-name", "nobody"])
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(
        message.contains("(AWS.SimpleQueueService.NonExistentQueue)"),
        "{message}"
    );
}

/// What a queue counts of itself.
async fn metric(sandbox: &Sandbox, queue: &str, name: &str, statistic: &str) -> f64 {
    let (name, queue) = (("AWS/SQS", name), [("QueueName", queue)]);
    common::metric(sandbox, name, &queue, statistic).await
}

#[tokio::test]
async fn a_queue_counts_what_is_sent_received_and_deleted_and_a_dead_letter_is_not_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let dead = Queue::create(&sandbox, "dead", &[]).await;
    let redrive = json!({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1}).to_string();
    let settings = [
        (Name::RedrivePolicy, redrive.as_str()),
        (Name::VisibilityTimeout, "0"),
    ];
    let queue = Queue::create(&sandbox, "q", &settings).await;
    for body in ["1", "22", "poison"] {
        send(&queue, body).await;
    }
    let received = receive(&queue, 10).await;
    assert_eq!(received.len(), 3);
    for done in &received[..2] {
        let delete = queue.sqs.delete_message().queue_url(&queue.url);
        let delete = delete.receipt_handle(done.receipt_handle().unwrap());
        delete.send().await.unwrap();
    }
    // The second receive of the third is one too many.
    assert!(receive(&queue, 10).await.is_empty());
    let sum = async |name| metric(&sandbox, "q", name, "Sum").await;
    assert_eq!(sum("NumberOfMessagesSent").await, 3.0);
    assert_eq!(sum("NumberOfMessagesReceived").await, 3.0);
    assert_eq!(sum("NumberOfMessagesDeleted").await, 2.0);
    assert_eq!(sum("NumberOfEmptyReceives").await, 1.0);
    assert_eq!(sum("SentMessageSize").await, 9.0);
    let sent = metric(&sandbox, "dead", "NumberOfMessagesSent", "Sum").await;
    assert_eq!(sent, 0.0);
    let visible = "ApproximateNumberOfMessagesVisible";
    common::eventually("a dead letter in the metrics", async || {
        metric(&sandbox, "dead", visible, "Maximum").await == 1.0
    })
    .await;
}
