//! The API of event source mappings: what it returns, keeps and refuses.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::common;
use aws_sdk_lambda::types::{
    DestinationConfig, FilterCriteria, FunctionResponseType, OnFailure, ScalingConfig,
};
use aws_sdk_sqs::types::QueueAttributeName as Name;
use common::{
    FUNCTION,
    batches::{map, sandbox, source, state},
    eventually,
    external::{aws_command, stdout_of},
    queues::Queue,
    refusal,
};
use serde_json::Value;

#[tokio::test]
async fn a_mapping_is_created_read_listed_and_deleted() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 3).await;
    let scaling = ScalingConfig::builder().maximum_concurrency(5).build();
    let created = map(&sandbox, &source.queue).scaling_config(scaling.clone());
    let created = created.send().await.unwrap();
    assert_eq!(created.state.as_deref(), Some("Creating"));
    let uuid = created.uuid.unwrap();
    let get = sandbox.lambda.get_event_source_mapping().uuid(&uuid);
    let found = get.send().await.unwrap();
    assert_eq!(found.state.as_deref(), Some("Enabled"));
    assert_eq!(found.batch_size, Some(10));
    assert_eq!(found.maximum_batching_window_in_seconds, Some(0));
    assert_eq!(found.scaling_config, Some(scaling));
    assert_eq!(
        found.event_source_arn.as_deref(),
        Some(source.queue.arn.as_str())
    );
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:probe:live";
    assert_eq!(found.function_arn.as_deref(), Some(arn));
    let types = found.function_response_types.unwrap();
    assert_eq!(types, [FunctionResponseType::ReportBatchItemFailures]);
    assert!(found.last_modified.is_some());

    for (function, expected) in [
        (FUNCTION, 1),
        ("probe:live", 1),
        ("probe:other", 0),
        ("other", 0),
    ] {
        let list = sandbox
            .lambda
            .list_event_source_mappings()
            .function_name(function);
        let list = list
            .event_source_arn(&source.queue.arn)
            .send()
            .await
            .unwrap();
        assert_eq!(list.event_source_mappings().len(), expected, "{function}");
    }
    let delete = sandbox.lambda.delete_event_source_mapping().uuid(&uuid);
    assert_eq!(
        delete.send().await.unwrap().state.as_deref(),
        Some("Deleting")
    );
    eventually("it is gone", async || {
        state(&sandbox, &uuid).await.is_none()
    })
    .await;
    let get = sandbox.lambda.get_event_source_mapping().uuid(&uuid);
    let (code, status, _) = refusal(get.send().await);
    assert_eq!((code.as_str(), status), ("ResourceNotFoundException", 404));
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_leaves_the_rest() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 3).await;
    let scaling = ScalingConfig::builder().maximum_concurrency(5).build();
    let created = map(&sandbox, &source.queue).scaling_config(scaling.clone());
    let uuid = created.send().await.unwrap().uuid.unwrap();
    let update = || sandbox.lambda.update_event_source_mapping().uuid(&uuid);
    let updated = update()
        .batch_size(20)
        .maximum_batching_window_in_seconds(2);
    let updated = updated.send().await.unwrap();
    assert_eq!(updated.state.as_deref(), Some("Updating"));
    assert_eq!(
        (updated.batch_size, updated.scaling_config),
        (Some(20), Some(scaling))
    );
    assert!(!updated.function_response_types.unwrap().is_empty());
    eventually("enabled", async || {
        state(&sandbox, &uuid).await.as_deref() == Some("Enabled")
    })
    .await;
    let without = update().scaling_config(ScalingConfig::builder().build());
    let without = without.send().await.unwrap();
    assert_eq!(
        (without.batch_size, without.scaling_config),
        (Some(20), None)
    );
    eventually("enabled", async || {
        state(&sandbox, &uuid).await.as_deref() == Some("Enabled")
    })
    .await;
    let refused = update().maximum_batching_window_in_seconds(0).send().await;
    assert_eq!(
        refusal(refused).0,
        "InvalidParameterValueException",
        "20 need a window"
    );
}

#[tokio::test]
async fn a_queue_is_mapped_to_a_function_once() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 3).await;
    let first = map(&sandbox, &source.queue).send().await.unwrap();
    let (code, status, message) = refusal(map(&sandbox, &source.queue).send().await);
    assert_eq!((code.as_str(), status), ("ResourceConflictException", 409));
    assert!(message.contains(&first.uuid.unwrap()), "{message}");
}

#[tokio::test]
async fn queue_and_function_must_be_there_and_fit_together() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 3).await;
    let other = map(&sandbox, &source.queue).function_name("probe:other");
    let (code, _, message) = refusal(other.send().await);
    assert_eq!(code, "InvalidParameterValueException");
    assert_eq!(message, "Function does not exist");
    let nobody =
        map(&sandbox, &source.queue).event_source_arn("arn:aws:sqs:us-east-1:000000000000:nobody");
    let (code, _, message) = refusal(nobody.send().await);
    assert_eq!(code, "InvalidParameterValueException");
    assert!(message.contains("NonExistentQueue"), "{message}");
    let hasty = Queue::create(&sandbox, "hasty", &[(Name::VisibilityTimeout, "0")]).await;
    let (code, _, message) = refusal(map(&sandbox, &hasty).send().await);
    assert_eq!(code, "InvalidParameterValueException");
    assert_eq!(
        message,
        "Queue visibility timeout: 0 seconds is less than Function timeout: 1 seconds"
    );
    let stream = map(&sandbox, &source.queue)
        .event_source_arn("arn:aws:kinesis:us-east-1:000000000000:stream/s");
    assert_eq!(
        refusal(stream.send().await).0,
        "InvalidParameterValueException"
    );
}

#[tokio::test]
async fn settings_that_lambda_refuses_or_the_sandbox_lacks_are_refused() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 3).await;
    let map = || map(&sandbox, &source.queue);
    assert_eq!(
        refusal(map().batch_size(0).send().await).0,
        "ValidationException"
    );
    let destination = OnFailure::builder().destination("arn:aws:sqs:us-east-1:000000000000:q");
    let destination = DestinationConfig::builder().on_failure(destination.build());
    let (code, _, message) = refusal(map().destination_config(destination.build()).send().await);
    assert_eq!(code, "InvalidParameterValueException");
    assert_eq!(
        message,
        "Unsupported DestinationConfig parameter for given event source mapping type."
    );
    let nothing = sandbox.lambda.create_event_source_mapping();
    let (code, _, message) = refusal(nothing.function_name("nobody").send().await);
    assert_eq!(code, "InvalidParameterValueException");
    assert_eq!(message, "Unrecognized event source.");
    let (code, _, message) = refusal(map().batch_size(11).send().await);
    assert_eq!(code, "InvalidParameterValueException");
    assert!(message.contains("batch window"), "{message}");
    let scaling = ScalingConfig::builder().maximum_concurrency(1).build();
    assert_eq!(
        refusal(map().scaling_config(scaling).send().await).0,
        "ValidationException"
    );
    let filters = aws_sdk_lambda::types::Filter::builder()
        .pattern("{}")
        .build();
    let filters = FilterCriteria::builder().filters(filters).build();
    let (code, _, message) = refusal(map().filter_criteria(filters).send().await);
    assert_eq!(code, "InvalidParameterValueException");
    assert!(
        message.starts_with("FilterCriteria is not supported"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_maps_a_queue() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 3).await;
    let mut command = aws_command("aws", &sandbox.endpoint);
    command.args([
        "lambda",
        "create-event-source-mapping",
        "--function-name",
        "probe:live",
    ]);
    command.args(["--event-source-arn", &source.queue.arn, "--batch-size", "5"]);
    command.args(["--function-response-types", "ReportBatchItemFailures"]);
    let created: Value = serde_json::from_str(&stdout_of(command)).unwrap();
    assert_eq!(
        (&created["BatchSize"], &created["State"]),
        (&5.into(), &"Creating".into())
    );
    let mut command = aws_command("aws", &sandbox.endpoint);
    command.args(["lambda", "list-event-source-mappings"]);
    let listed: Value = serde_json::from_str(&stdout_of(command)).unwrap();
    assert_eq!(listed["EventSourceMappings"][0]["UUID"], created["UUID"]);
}

#[tokio::test]
async fn a_mapping_keeps_its_tags_until_it_is_deleted() {
    let sandbox = sandbox().await;
    let source = source(&sandbox, 3).await;
    let created = map(&sandbox, &source.queue).tags("team", "notary");
    let created = created.send().await.unwrap();
    let arn = created.event_source_mapping_arn.unwrap();
    let tag = sandbox.lambda.tag_resource().resource(&arn);
    tag.tags("stage", "test").send().await.unwrap();
    let untag = sandbox.lambda.untag_resource().resource(&arn);
    untag.tag_keys("team").send().await.unwrap();
    let tags = || sandbox.lambda.list_tags().resource(&arn).send();
    let found = tags().await.unwrap().tags.unwrap();
    assert_eq!(found, [("stage".to_owned(), "test".to_owned())].into());
    let delete = sandbox.lambda.delete_event_source_mapping();
    delete.uuid(created.uuid.unwrap()).send().await.unwrap();
    assert_eq!(refusal(tags().await).1, 404);
}
