//! `sandbox apply`: tables, queues, variables and triggers from a function's manifest.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::common;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aws_sdk_dynamodb::types::TableDescription;
use aws_sdk_sqs::types::QueueAttributeName;
use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode},
};
use common::{build, does, host};
use package::FunctionManifest;
use sandbox::{
    client::{
        apply,
        endpoint::{Clients, sdk_config},
        settings::Variables,
    },
    testing::Sandbox,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

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

#[tokio::test]
async fn logs_and_tracing_are_as_terraform_sets_them_and_can_be_changed() {
    let sandbox = Sandbox::start().await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |_| {});
    let manifest = FunctionManifest::read(dist.path(), "probe").unwrap();
    let clients = Clients::new(&sandbox.sdk_config()).unwrap();
    let apply = async |variables: &Variables| {
        let said = apply::apply(&clients, dist.path(), &manifest, variables).await;
        said.unwrap().pop().unwrap()
    };
    apply(&Variables::default()).await;
    let shown = async || {
        let shown = clients.lambda.get_function_configuration();
        let shown = shown.function_name("probe").send().await.unwrap();
        let logging = shown.logging_config.unwrap();
        let tracing = shown.tracing_config.unwrap().mode.unwrap();
        let level = |level: &str| level.to_owned();
        [
            level(logging.log_format.unwrap().as_str()),
            level(logging.application_log_level.unwrap().as_str()),
            level(logging.system_log_level.unwrap().as_str()),
            level(tracing.as_str()),
        ]
    };
    assert_eq!(shown().await, ["JSON", "INFO", "INFO", "PassThrough"]);
    let debug = Variables {
        log_level: "debug".to_owned(),
        tracing: "Active".to_owned(),
        ..Variables::default()
    };
    let said = apply(&debug).await;
    assert!(said.contains(r#"log_level "INFO" -> "DEBUG""#), "{said}");
    assert_eq!(shown().await, ["JSON", "DEBUG", "INFO", "Active"]);
    let said = apply(&debug).await;
    assert!(said.contains("probe: unchanged"), "{said}");
}

#[tokio::test]
async fn reserved_concurrency_is_set_and_taken_away() {
    let sandbox = Sandbox::start().await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |_| {});
    let manifest = FunctionManifest::read(dist.path(), "probe").unwrap();
    let clients = Clients::new(&sandbox.sdk_config()).unwrap();
    for reserved_concurrency in [Some(5), Some(5), Some(0), None] {
        let variables = Variables {
            reserved_concurrency,
            ..Variables::default()
        };
        let applied = apply::apply(&clients, dist.path(), &manifest, &variables).await;
        applied.unwrap();
        let get = clients.lambda.get_function().function_name("probe");
        let found = get.send().await.unwrap().concurrency;
        let found = found.and_then(|found| found.reserved_concurrent_executions);
        assert_eq!(found, reserved_concurrency);
    }
}

#[tokio::test]
async fn queues_have_the_attributes_that_terraform_gives_them() {
    let sandbox = Sandbox::start().await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |_| {});
    sandbox.apply_from(dist.path(), "probe").await.unwrap();
    let (queue, dead_letter) = ("new-documents", "new-documents-dead-letter");
    for name in [queue, dead_letter] {
        let largest = QueueAttributeName::MaximumMessageSize;
        assert_eq!(attribute(&sandbox, name, largest).await, "262144");
    }
    let kept = QueueAttributeName::MessageRetentionPeriod;
    assert_eq!(attribute(&sandbox, dead_letter, kept).await, "1209600");
    let allow = QueueAttributeName::RedriveAllowPolicy;
    let allow = attribute(&sandbox, dead_letter, allow).await;
    let arn = attribute(&sandbox, queue, QueueAttributeName::QueueArn).await;
    let expected = json!({"redrivePermission": "byQueue", "sourceQueueArns": [arn]});
    assert_eq!(serde_json::from_str::<Value>(&allow).unwrap(), expected);
}

#[tokio::test]
async fn queues_are_in_the_region_of_the_function() {
    let sandbox = Sandbox::start().await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |_| {});
    let manifest = FunctionManifest::read(dist.path(), "probe").unwrap();
    let clients = Clients::new(&sdk_config(&sandbox.endpoint, "eu-central-1")).unwrap();
    let applied = apply::apply(&clients, dist.path(), &manifest, &Variables::default()).await;
    applied.unwrap();
    let arn = attribute(&sandbox, "new-documents", QueueAttributeName::QueueArn).await;
    assert_eq!(arn, "arn:aws:sqs:eu-central-1:000000000000:new-documents");
}

#[tokio::test]
async fn a_function_without_variables_has_no_environment_until_it_gets_some() {
    let sandbox = Sandbox::start().await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    let clients = Clients::new(&sandbox.sdk_config()).unwrap();
    let variables_with = async |environment: Value| {
        build(dist.path(), |manifest| {
            manifest["environment"] = environment;
            manifest["trigger"] = json!({"kind": "none"});
            manifest["tables"] = json!([]);
            manifest["queues"] = json!([]);
        });
        let manifest = FunctionManifest::read(dist.path(), "probe").unwrap();
        let applied = apply::apply(&clients, dist.path(), &manifest, &Variables::default()).await;
        applied.unwrap();
        let shown = clients.lambda.get_function_configuration();
        let shown = shown.function_name("probe").send().await.unwrap();
        shown
            .environment
            .map(|it| it.variables.unwrap_or_default().len())
    };
    assert_eq!(variables_with(json!({})).await, None);
    assert_eq!(variables_with(json!({"LEVEL": "1"})).await, Some(1));
    assert_eq!(variables_with(json!({})).await.unwrap_or(0), 0);
}

/// DynamoDB as AWS is: a table takes its time, and until then answers nothing but that.
async fn dynamodb_with_a_slow_table() -> String {
    let looks = Arc::new(AtomicUsize::new(0));
    let answer = move |headers: HeaderMap| async move {
        let target = headers["x-amz-target"].to_str().unwrap();
        let operation = target.rsplit('.').next().unwrap();
        let ready = looks.load(Ordering::SeqCst) > 3;
        let refused = |kind: &str| (StatusCode::BAD_REQUEST, Json(json!({"__type": kind})));
        match operation {
            "CreateTable" => (StatusCode::OK, Json(json!({}))),
            "DescribeTable" => match looks.fetch_add(1, Ordering::SeqCst) {
                0 => refused("ResourceNotFoundException"),
                1 | 2 => (
                    StatusCode::OK,
                    Json(json!({"Table": {"TableStatus": "CREATING"}})),
                ),
                _ => (
                    StatusCode::OK,
                    Json(json!({"Table": {"TableStatus": "ACTIVE"}})),
                ),
            },
            _ if ready => (StatusCode::OK, Json(json!({}))),
            _ => refused("ResourceInUseException"),
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer);
    tokio::spawn(async { axum::serve(listener, router).await });
    endpoint
}

#[tokio::test]
async fn a_table_is_waited_for_until_it_is_active() {
    let endpoint = dynamodb_with_a_slow_table().await;
    let clients = Clients::new(&sdk_config(&endpoint, "us-east-1")).unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |_| {});
    let manifest = FunctionManifest::read(dist.path(), "probe").unwrap();
    let table = &manifest.tables[0];
    assert!(table.ttl_attribute.is_some());
    apply::table(&clients, table).await.unwrap();
}
