//! Provisioned concurrency, and what it forbids.

use aws_sdk_lambda::types::ProvisionedConcurrencyStatusEnum::{InProgress, Ready};

use serde_json::json;

use super::{two_versions, update_live, weight};
use crate::common::{FUNCTION, Sandbox, does, payload, refusal};

async fn put(sandbox: &Sandbox, qualifier: &str) -> Result<(), (String, u16, String)> {
    let put = sandbox
        .lambda
        .put_provisioned_concurrency_config()
        .function_name(FUNCTION)
        .qualifier(qualifier)
        .provisioned_concurrent_executions(2);
    match put.send().await {
        Ok(output) => {
            assert_eq!(output.status, Some(InProgress));
            Ok(())
        }
        refused => Err(refusal(refused)),
    }
}

async fn remove(sandbox: &Sandbox, qualifier: &str) {
    let remove = sandbox.lambda.delete_provisioned_concurrency_config();
    let remove = remove.function_name(FUNCTION).qualifier(qualifier);
    remove.send().await.unwrap();
}

async fn provisioned(sandbox: &Sandbox) -> Vec<String> {
    let list = sandbox.lambda.list_provisioned_concurrency_configs();
    let list = list.function_name(FUNCTION).into_paginator().items().send();
    let configs = list.collect::<Result<Vec<_>, _>>().await.unwrap();
    configs
        .into_iter()
        .map(|config| {
            assert_eq!(config.status, Some(Ready));
            assert_eq!(config.allocated_provisioned_concurrent_executions, Some(2));
            let arn = config.function_arn.unwrap();
            arn.rsplit(':').next().unwrap().to_owned()
        })
        .collect()
}

#[tokio::test]
async fn what_is_provisioned_is_listed_until_it_is_deleted() {
    let sandbox = two_versions().await;
    put(&sandbox, "live").await.unwrap();
    put(&sandbox, "2").await.unwrap();
    assert_eq!(provisioned(&sandbox).await, ["2", "live"]);
    remove(&sandbox, "2").await;
    assert_eq!(provisioned(&sandbox).await, ["live"]);
    let get = sandbox.lambda.get_provisioned_concurrency_config();
    let get = get.function_name(FUNCTION).qualifier("2");
    let (kind, status, _) = refusal(get.send().await);
    assert_eq!(
        (kind.as_str(), status),
        ("ProvisionedConcurrencyConfigNotFoundException", 404)
    );
}

#[tokio::test]
async fn an_alias_has_either_weights_or_provisioned_concurrency() {
    let sandbox = two_versions().await;
    put(&sandbox, "live").await.unwrap();
    let update = || {
        update_live(&sandbox)
            .routing_config(weight("2", 0.1))
            .send()
    };
    let (kind, status, message) = refusal(update().await);
    assert_eq!(
        (kind.as_str(), status, message.as_str()),
        (
            "InvalidParameterValueException",
            400,
            "Invalid alias configuration for Provisioned Concurrency"
        )
    );
    // One version after another is no weight.
    update_live(&sandbox)
        .function_version("2")
        .send()
        .await
        .unwrap();
    update_live(&sandbox)
        .function_version("1")
        .send()
        .await
        .unwrap();

    remove(&sandbox, "live").await;
    update().await.unwrap();
    let (kind, status, message) = put(&sandbox, "live").await.unwrap_err();
    assert_eq!(
        (kind.as_str(), status, message.as_str()),
        (
            "InvalidParameterValueException",
            400,
            "Alias with weights can not be used with Provisioned Concurrency"
        )
    );
    put(&sandbox, "1").await.unwrap();
}

#[tokio::test]
async fn a_version_is_provisioned_in_one_way_and_latest_in_none() {
    let sandbox = two_versions().await;
    put(&sandbox, "live").await.unwrap();
    for (qualifier, expected) in [("1", 409), ("$LATEST", 400), ("9", 404), ("none", 404)] {
        let (kind, status, message) = put(&sandbox, qualifier).await.unwrap_err();
        assert_eq!(status, expected, "{qualifier}: {kind} {message}");
    }
    remove(&sandbox, "live").await;
    put(&sandbox, "1").await.unwrap();
    let (_, status, message) = put(&sandbox, "live").await.unwrap_err();
    assert_eq!(status, 409, "{message}");
}

#[tokio::test]
async fn what_is_not_there_is_named_as_aws_names_it() {
    let sandbox = two_versions().await;
    let get = |name: &str, qualifier: &str| {
        let get = sandbox.lambda.get_provisioned_concurrency_config();
        get.function_name(name).qualifier(qualifier).send()
    };
    let arn = "arn:aws:lambda:us-east-1:000000000000:function";
    for (name, qualifier, expected) in [
        (
            "nobody",
            "none",
            format!("Cannot find alias arn: {arn}:nobody:none"),
        ),
        ("nobody", "1", format!("Function not found: {arn}:nobody:1")),
        (
            FUNCTION,
            "none",
            format!("Cannot find alias arn: {arn}:probe:none"),
        ),
        (
            FUNCTION,
            "10",
            format!("Function not found: {arn}:probe:10"),
        ),
    ] {
        let (kind, status, message) = refusal(get(name, qualifier).await);
        let found = (kind.as_str(), status, message);
        assert_eq!(found, ("ResourceNotFoundException", 404, expected));
    }
    let (kind, _, message) = refusal(get(FUNCTION, "$LATEST").await);
    assert_eq!(kind, "InvalidParameterValueException");
    assert_eq!(
        message,
        "The function resource provided must be an alias or a published version."
    );
}

#[tokio::test]
async fn environments_of_a_provisioned_version_know_it_as_many_as_were_asked_for() {
    let sandbox = two_versions().await;
    put(&sandbox, "live").await.unwrap();
    let kind = async |qualifier: &str, does: serde_json::Value| {
        let output = sandbox
            .ask(&does)
            .qualifier(qualifier)
            .send()
            .await
            .unwrap();
        let variables = &payload(&output)["variables"];
        variables["AWS_LAMBDA_INITIALIZATION_TYPE"].clone()
    };
    // Three at once: two are provisioned.
    let slow = json!({"do": "env", "after_ms": 1500});
    let (one, two, three) = tokio::join!(
        kind("live", slow.clone()),
        kind("1", slow.clone()),
        kind("live", slow.clone())
    );
    let kinds = [&one, &two, &three];
    let count = |kind: &str| kinds.iter().filter(|one| ***one == json!(kind)).count();
    assert_eq!(
        (count("provisioned-concurrency"), count("on-demand")),
        (2, 1)
    );
    assert_eq!(kind("2", does("env")).await, json!("on-demand"));
}
