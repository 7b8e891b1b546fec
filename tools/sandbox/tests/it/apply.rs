//! `sandbox apply`: tables, queues, variables and triggers from a function's manifest.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::common;
use aws_sdk_dynamodb::types::TableDescription;
use aws_sdk_sqs::types::QueueAttributeName;
use common::{build, does, host};
use sandbox::testing::Sandbox;
use serde_json::{Value, json};

async fn table(sandbox: &Sandbox) -> TableDescription {
    let client = aws_sdk_dynamodb::Client::new(&sandbox.sdk_config());
    let described = client.describe_table().table_name("documents").send().await;
    described.unwrap().table.unwrap()
}

async fn attribute(sandbox: &Sandbox, queue: &str, name: QueueAttributeName) -> String {
    let client = aws_sdk_sqs::Client::new(&sandbox.sdk_config());
    let url = client
        .get_queue_url()
        .queue_name(queue)
        .send()
        .await
        .unwrap();
    let get = client.get_queue_attributes().set_queue_url(url.queue_url);
    let found = get.attribute_names(name.clone()).send().await.unwrap();
    found.attributes.unwrap().remove(&name).unwrap()
}

#[tokio::test]
async fn a_function_finds_its_table_and_queue_in_its_environment() {
    let sandbox = Sandbox::start().await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |_| {});
    sandbox.apply_from(dist.path(), "probe").await.unwrap();
    let answer = sandbox.invoke("probe", host().as_str(), &does("env")).await;
    let answer = answer.unwrap().payload;
    let variables = &answer["variables"];
    assert_eq!(variables["DOCUMENTS_TABLE"], "documents", "{answer}");
    let url = format!("{}/000000000000/new-documents", sandbox.endpoint);
    assert_eq!(variables["NEW_DOCUMENTS_QUEUE_URL"], url, "{answer}");
}

#[tokio::test]
async fn the_table_has_its_keys_its_index_and_its_time_to_live() {
    let sandbox = Sandbox::start().await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |_| {});
    sandbox.apply_from(dist.path(), "probe").await.unwrap();
    let table = table(&sandbox).await;
    assert_eq!(table.key_schema()[0].attribute_name(), "id");
    let index = &table.global_secondary_indexes()[0];
    let keys: Vec<_> = index
        .key_schema()
        .iter()
        .map(|key| key.attribute_name())
        .collect();
    assert_eq!(
        (index.index_name(), keys),
        (Some("by_kind"), vec!["kind", "id"])
    );
    let client = aws_sdk_dynamodb::Client::new(&sandbox.sdk_config());
    let ttl = client
        .describe_time_to_live()
        .table_name("documents")
        .send()
        .await;
    let ttl = ttl.unwrap().time_to_live_description.unwrap();
    assert_eq!(ttl.attribute_name(), Some("expires_at"));
}

#[tokio::test]
async fn the_queue_gives_up_messages_to_its_dead_letter_queue() {
    let sandbox = Sandbox::start().await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |_| {});
    sandbox.apply_from(dist.path(), "probe").await.unwrap();
    let policy = attribute(&sandbox, "new-documents", QueueAttributeName::RedrivePolicy).await;
    let policy: Value = serde_json::from_str(&policy).unwrap();
    let dead_letter = "new-documents-dead-letter";
    let arn = attribute(&sandbox, dead_letter, QueueAttributeName::QueueArn).await;
    assert_eq!(policy["deadLetterTargetArn"], arn, "{policy}");
    assert_eq!(policy["maxReceiveCount"], 5, "{policy}");
}

#[tokio::test]
async fn applying_again_keeps_what_is_there_and_changes_what_differs() {
    let sandbox = Sandbox::start().await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |_| {});
    sandbox.apply_from(dist.path(), "probe").await.unwrap();
    let before = table(&sandbox).await;
    build(dist.path(), |manifest| {
        manifest["queues"][0]["visibility_timeout_s"] = json!(90);
    });
    sandbox.apply_from(dist.path(), "probe").await.unwrap();
    assert_eq!(table(&sandbox).await.table_id, before.table_id);
    let name = QueueAttributeName::VisibilityTimeout;
    assert_eq!(attribute(&sandbox, "new-documents", name).await, "90");
}

#[tokio::test]
async fn a_table_with_other_keys_is_refused_with_both() {
    let sandbox = Sandbox::start().await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |_| {});
    sandbox.apply_from(dist.path(), "probe").await.unwrap();
    build(dist.path(), |manifest| {
        manifest["tables"][0]["sort_key"] = json!({"name": "revision", "type": "N"});
    });
    let error = sandbox.apply_from(dist.path(), "probe").await.unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("it has id (S); by_kind: kind (S), id (S),"),
        "{message}"
    );
    assert!(
        message.contains("wants id (S), revision (N); by_kind"),
        "{message}"
    );
}
