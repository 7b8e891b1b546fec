//! Least privilege: what a function's metadata does not say is refused to it, and to nobody else.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::common;
use std::collections::HashMap;

use aws_sdk_dynamodb::{config::Credentials, types::AttributeValue};
use common::{FUNCTION, build, does, host, refusal};
use sandbox::testing::Sandbox;

/// A sandbox with the probe, which may `GetItem` from `documents` and `SendMessage` to `new-documents`.
async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |_| {});
    sandbox.apply_from(dist.path(), FUNCTION).await.unwrap();
    sandbox
}

/// The configuration that an SDK in the function finds in its environment.
async fn config_of_the_function(sandbox: &Sandbox) -> aws_types::SdkConfig {
    let answer = sandbox
        .invoke(FUNCTION, host().as_str(), &does("env"))
        .await
        .unwrap();
    let variable = |name: &str| {
        answer.payload["variables"][name]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let credentials = Credentials::new(
        variable("AWS_ACCESS_KEY_ID"),
        variable("AWS_SECRET_ACCESS_KEY"),
        Some(variable("AWS_SESSION_TOKEN")),
        None,
        "environment",
    );
    let config = sandbox.sdk_config().to_builder();
    config
        .credentials_provider(aws_sdk_dynamodb::config::SharedCredentialsProvider::new(
            credentials,
        ))
        .build()
}

fn key() -> HashMap<String, AttributeValue> {
    HashMap::from([("id".to_owned(), AttributeValue::S("a".to_owned()))])
}

#[tokio::test]
async fn a_function_may_do_what_its_metadata_says() {
    let sandbox = sandbox().await;
    let config = config_of_the_function(&sandbox).await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let get = dynamodb
        .get_item()
        .table_name("documents")
        .set_key(Some(key()));
    assert_eq!(get.send().await.unwrap().item, None);
    let url = format!("{}/000000000000/new-documents", sandbox.endpoint);
    let send = aws_sdk_sqs::Client::new(&config).send_message();
    send.queue_url(url).message_body("a").send().await.unwrap();
}

#[tokio::test]
async fn what_it_does_not_say_is_denied_with_the_key_to_add() {
    let sandbox = sandbox().await;
    let config = config_of_the_function(&sandbox).await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let put = dynamodb
        .put_item()
        .table_name("documents")
        .set_item(Some(key()));
    let (code, _, message) = refusal(put.send().await);
    assert_eq!(code, "AccessDeniedException");
    for part in [
        "not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/documents",
        "Add \"PutItem\" to documents in [package.metadata.function.tables] of functions/probe/Cargo.toml",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let url = format!("{}/000000000000/new-documents", sandbox.endpoint);
    let purge = aws_sdk_sqs::Client::new(&config)
        .purge_queue()
        .queue_url(url);
    let (code, _, message) = refusal(purge.send().await);
    assert_eq!(code, "AccessDeniedException");
    assert!(message.contains("sqs:PurgeQueue"), "{message}");
}

#[tokio::test]
async fn of_lambda_a_function_may_do_what_its_permissions_say_and_nothing_else() {
    let sandbox = Sandbox::start().await.unwrap();
    let dist = tempfile::tempdir().unwrap();
    build(dist.path(), |manifest| {
        manifest["permissions"] = serde_json::json!([
            {"actions": ["lambda:GetAlias"], "resources": ["arn:aws:lambda:*:*:function:*"]},
        ]);
    });
    sandbox.apply_from(dist.path(), FUNCTION).await.unwrap();
    let config = config_of_the_function(&sandbox).await;
    let lambda = aws_sdk_lambda::Client::new(&config);
    let get = lambda.get_alias().function_name(FUNCTION).name("live");
    assert_eq!(get.send().await.unwrap().name(), Some("live"));
    let denied = [
        refusal(
            lambda
                .update_alias()
                .function_name(FUNCTION)
                .name("live")
                .send()
                .await,
        ),
        refusal(
            lambda
                .delete_function()
                .function_name(FUNCTION)
                .send()
                .await,
        ),
        refusal(lambda.list_functions().send().await),
    ];
    for (code, _, message) in &denied {
        assert_eq!(code, "AccessDeniedException", "{message}");
        assert!(
            message.contains("not authorized to perform: lambda:"),
            "{message}"
        );
    }
    let (_, _, update) = &denied[0];
    for part in [
        "lambda:UpdateAlias on resource: arn:aws:lambda:us-east-1:000000000000:function:probe",
        "Add lambda:UpdateAlias to `permissions` of [package.metadata.function] of functions/probe/Cargo.toml",
    ] {
        assert!(update.contains(part), "{update}");
    }
}

#[tokio::test]
async fn event_source_mappings_are_refused_to_functions_and_to_nobody_else() {
    let sandbox = sandbox().await;
    let config = config_of_the_function(&sandbox).await;
    let lambda = aws_sdk_lambda::Client::new(&config);
    let arn = "arn:aws:sqs:us-east-1:000000000000:new-documents";
    let create = |lambda: &aws_sdk_lambda::Client| {
        let create = lambda.create_event_source_mapping();
        create.function_name(FUNCTION).event_source_arn(arn).send()
    };
    let created = create(&sandbox.lambda).await.unwrap();
    let uuid = created.uuid().unwrap();
    let denied = [
        refusal(create(&lambda).await),
        refusal(lambda.list_event_source_mappings().send().await),
        refusal(lambda.get_event_source_mapping().uuid(uuid).send().await),
        refusal(lambda.update_event_source_mapping().uuid(uuid).send().await),
        refusal(lambda.delete_event_source_mapping().uuid(uuid).send().await),
    ];
    for (code, _, message) in &denied {
        assert_eq!(code, "AccessDeniedException", "{message}");
        assert!(
            message.contains("not authorized to perform: lambda:"),
            "{message}"
        );
    }
    let list = sandbox.lambda.list_event_source_mappings().send().await;
    assert_eq!(list.unwrap().event_source_mappings().len(), 1);
}

#[tokio::test]
async fn others_may_do_everything() {
    let sandbox = sandbox().await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&sandbox.sdk_config());
    let put = dynamodb
        .put_item()
        .table_name("documents")
        .set_item(Some(key()));
    put.send().await.unwrap();
}

#[tokio::test]
async fn a_store_fails_as_it_is_told_to() {
    let sandbox = sandbox().await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&sandbox.sdk_config());
    let get = || {
        dynamodb
            .get_item()
            .table_name("documents")
            .set_key(Some(key()))
            .send()
    };
    sandbox
        .service_fault("dynamodb:GetItem:throttle=100%")
        .unwrap();
    let error = get().await.unwrap_err().into_service_error();
    assert!(
        error.is_provisioned_throughput_exceeded_exception(),
        "{error:?}"
    );
    sandbox
        .service_fault("dynamodb:GetItem:throttle=0%")
        .unwrap();
    sandbox.service_fault("dynamodb:*:errors=100%").unwrap();
    let error = get().await.unwrap_err().into_service_error();
    assert!(error.is_internal_server_error(), "{error:?}");
    sandbox.service_fault("dynamodb:*:errors=0%").unwrap();
    get().await.unwrap();
}

#[tokio::test]
async fn a_store_denies_one_version_what_it_gives_to_others() {
    let sandbox = sandbox().await;
    let config = config_of_the_function(&sandbox).await;
    let get = |config: &aws_types::SdkConfig| {
        let get = aws_sdk_dynamodb::Client::new(config).get_item();
        get.table_name("documents").set_key(Some(key())).send()
    };
    let deny = |version: &str| format!("dynamodb:*:denied=100%@{FUNCTION}:{version}");
    sandbox.service_fault(&deny("7")).unwrap();
    get(&config).await.unwrap();
    let own = sandbox.lambda.get_function_configuration();
    let own = own.function_name(FUNCTION).qualifier(host().as_str());
    let own = own.send().await.unwrap().version.unwrap();
    sandbox.service_fault(&deny(&own)).unwrap();
    let (code, status, _) = refusal(get(&config).await);
    assert_eq!((code.as_str(), status), ("AccessDeniedException", 400));
    get(&sandbox.sdk_config()).await.unwrap();
}

#[tokio::test]
async fn events_and_tags_take_permissions_too() {
    let config = async |permissions: serde_json::Value| {
        let sandbox = Sandbox::start().await.unwrap();
        let dist = tempfile::tempdir().unwrap();
        build(dist.path(), |manifest| {
            manifest["permissions"] = permissions
        });
        sandbox.apply_from(dist.path(), FUNCTION).await.unwrap();
        let config = config_of_the_function(&sandbox).await;
        (sandbox, config)
    };
    let put = async |config: &aws_types::SdkConfig| {
        let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder();
        let entry = entry.source("a").detail_type("b").detail("{}").build();
        let client = aws_sdk_eventbridge::Client::new(config);
        client.put_events().entries(entry).send().await
    };
    let find = async |config: &aws_types::SdkConfig| {
        let client = aws_sdk_resourcegroupstagging::Client::new(config);
        client.get_resources().send().await
    };
    let (_sandbox, denied) = config(serde_json::json!([])).await;
    for ((code, _, message), part) in [
        (
            refusal(put(&denied).await),
            "events:PutEvents on resource: arn:aws:events:us-east-1:000000000000:event-bus/default",
        ),
        (
            refusal(find(&denied).await),
            "tag:GetResources on resource: *",
        ),
    ] {
        assert_eq!(code, "AccessDeniedException");
        assert!(message.contains(part), "{message}");
    }
    let actions = ["events:PutEvents", "tag:GetResources"];
    let (_sandbox, allowed) =
        config(serde_json::json!([{"actions": actions, "resources": ["*"]}])).await;
    put(&allowed).await.unwrap();
    find(&allowed).await.unwrap();
}
