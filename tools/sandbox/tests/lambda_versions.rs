//! Functions, versions and aliases: Lambda's rules, seen through its own SDK.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

mod common;

use aws_sdk_lambda::{
    primitives::Blob,
    types::{AliasRoutingConfiguration, Environment, FunctionVersion},
};
use common::{FUNCTION, Sandbox, does, foreign, host, payload, probe_zip, refusal, script_zip};
use serde_json::json;

#[tokio::test]
async fn a_created_function_reads_back_as_it_was_created() {
    let sandbox = Sandbox::with_probe().await;
    let function = sandbox
        .lambda
        .get_function()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    let configuration = function.configuration.unwrap();
    assert_eq!(configuration.version.as_deref(), Some("$LATEST"));
    assert_eq!(configuration.architectures.as_deref(), Some(&[host()][..]));
    assert_eq!(
        (configuration.timeout, configuration.memory_size),
        (Some(3), Some(128))
    );
    assert_eq!(
        configuration.function_arn.as_deref(),
        Some("arn:aws:lambda:us-east-1:000000000000:function:probe")
    );
    let tags = function.tags.unwrap();
    assert_eq!(
        tags.get("sandbox:emulated").map(String::as_str),
        Some(foreign().as_str())
    );
}

#[tokio::test]
async fn names_that_are_taken_or_unknown_are_refused_as_on_lambda() {
    let sandbox = Sandbox::with_probe().await;
    let again = sandbox
        .lambda
        .create_function()
        .function_name(FUNCTION)
        .role(common::ROLE);
    let again = again.runtime("provided.al2023".into()).handler("bootstrap");
    let code = aws_sdk_lambda::types::FunctionCode::builder()
        .zip_file(Blob::new(script_zip("exit 0")))
        .build();
    let (kind, status, _) = refusal(again.code(code).send().await);
    assert_eq!((kind.as_str(), status), ("ResourceConflictException", 409));
    let (kind, status, message) = refusal(
        sandbox
            .lambda
            .get_function()
            .function_name("nobody")
            .send()
            .await,
    );
    assert_eq!((kind.as_str(), status), ("ResourceNotFoundException", 404));
    assert_eq!(
        message,
        "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody"
    );
    let (kind, status, message) = refusal(
        sandbox
            .lambda
            .invoke()
            .function_name("nobody")
            .qualifier("live")
            .send()
            .await,
    );
    assert_eq!((kind.as_str(), status), ("ResourceNotFoundException", 404));
    assert_eq!(
        message,
        "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody:live"
    );
}

#[tokio::test]
async fn what_is_no_zip_is_refused() {
    let sandbox = Sandbox::with_probe().await;
    let update = sandbox
        .lambda
        .update_function_code()
        .function_name(FUNCTION);
    let (kind, status, message) = refusal(update.zip_file(Blob::new("no zip")).send().await);
    assert_eq!(
        (kind.as_str(), status),
        ("InvalidParameterValueException", 400)
    );
    assert!(
        message.starts_with("Could not unzip uploaded file"),
        "{message}"
    );
}

#[tokio::test]
async fn a_version_never_changes() {
    let sandbox = Sandbox::with_probe().await;
    sandbox.change("first").await;
    let version = sandbox.publish().await;
    let get = || {
        sandbox
            .lambda
            .get_function_configuration()
            .function_name(FUNCTION)
            .qualifier(&version)
            .send()
    };
    let content = async || {
        let version = get().await.unwrap();
        (
            version.code_sha256,
            version.description,
            version.timeout,
            version.environment,
            version.architectures,
            version.revision_id,
        )
    };
    let before = content().await;
    sandbox.change("second").await;
    let variables = Environment::builder().variables("A", "1").build();
    let update = sandbox
        .lambda
        .update_function_configuration()
        .function_name(FUNCTION);
    update
        .environment(variables)
        .timeout(9)
        .send()
        .await
        .unwrap();
    let code = sandbox
        .lambda
        .update_function_code()
        .function_name(FUNCTION);
    code.zip_file(Blob::new(script_zip("exit 9")))
        .architectures(foreign())
        .send()
        .await
        .unwrap();
    assert_eq!(content().await, before);
    // And it still runs the code that it was published with.
    let output = sandbox
        .ask(&does("env"))
        .qualifier(&version)
        .send()
        .await
        .unwrap();
    assert_eq!(
        payload(&output)["variables"]["AWS_LAMBDA_FUNCTION_VERSION"],
        json!(version)
    );
    assert_eq!(payload(&output)["variables"]["A"], json!(null));
}

#[tokio::test]
async fn nothing_is_published_when_nothing_changed() {
    let sandbox = Sandbox::with_probe().await;
    assert_eq!(sandbox.publish().await, "1");
    assert_eq!(sandbox.publish().await, "1");
    sandbox.change("other").await;
    assert_eq!(sandbox.publish().await, "2");
    // Back to what version 1 was: the newest version is another, so this is a new one.
    sandbox.change("").await;
    assert_eq!(sandbox.publish().await, "3");
    let versions = sandbox
        .lambda
        .list_versions_by_function()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    let numbers: Vec<_> = versions
        .versions()
        .iter()
        .filter_map(|version| version.version())
        .collect();
    assert_eq!(numbers, ["$LATEST", "1", "2", "3"]);
}

#[tokio::test]
async fn publishing_guards_against_code_that_changed_meanwhile() {
    let sandbox = Sandbox::with_probe().await;
    let publish = sandbox.lambda.publish_version().function_name(FUNCTION);
    let (kind, status, message) = refusal(publish.code_sha256("other").send().await);
    assert_eq!(
        (kind.as_str(), status),
        ("InvalidParameterValueException", 400)
    );
    assert!(
        message.contains("is different from current CodeSHA256 in $LATEST"),
        "{message}"
    );
}

#[tokio::test]
async fn an_update_with_an_old_revision_changes_nothing() {
    let sandbox = Sandbox::with_probe().await;
    let client = &sandbox.lambda;
    let old = client
        .get_function_configuration()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    let old = old.revision_id.unwrap();
    sandbox.change("newer").await;
    let publish = client
        .publish_version()
        .function_name(FUNCTION)
        .revision_id(&old);
    let configuration = client
        .update_function_configuration()
        .function_name(FUNCTION)
        .revision_id(&old);
    let code = client
        .update_function_code()
        .function_name(FUNCTION)
        .revision_id(&old);
    for (kind, status, _) in [
        refusal(publish.send().await),
        refusal(configuration.timeout(9).send().await),
        refusal(code.zip_file(Blob::new(probe_zip())).send().await),
    ] {
        assert_eq!(
            (kind.as_str(), status),
            ("PreconditionFailedException", 412)
        );
    }
    let now = client
        .get_function_configuration()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (now.timeout, now.description.as_deref()),
        (Some(3), Some("newer"))
    );
}

#[tokio::test]
async fn of_two_alias_updates_from_one_revision_one_wins() {
    let sandbox = two_versions().await;
    let revision = sandbox
        .lambda
        .get_alias()
        .function_name(FUNCTION)
        .name("live")
        .send()
        .await
        .unwrap()
        .revision_id
        .unwrap();
    let update = |version: &str| {
        let update = sandbox
            .lambda
            .update_alias()
            .function_name(FUNCTION)
            .name("live");
        update
            .function_version(version)
            .revision_id(&revision)
            .send()
    };
    let (one, two) = tokio::join!(update("2"), update("2"));
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_ne!(won.unwrap().revision_id.unwrap(), revision);
    let (kind, status, _) = refusal(lost);
    assert_eq!(
        (kind.as_str(), status),
        ("PreconditionFailedException", 412)
    );
}

#[tokio::test]
async fn an_alias_takes_two_published_versions_and_no_other_routing() {
    let sandbox = two_versions().await;
    let update = |main: Option<&str>, weights: &[(&str, f64)]| {
        let mut routing = AliasRoutingConfiguration::builder();
        for (version, weight) in weights {
            routing = routing.additional_version_weights(*version, *weight);
        }
        let update = sandbox
            .lambda
            .update_alias()
            .function_name(FUNCTION)
            .name("live");
        update
            .set_function_version(main.map(str::to_owned))
            .routing_config(routing.build())
            .send()
    };
    for (main, weights, status) in [
        (None, vec![("2", 0.1), ("3", 0.1)], 400),
        (None, vec![("2", 1.1)], 400),
        (None, vec![("2", -0.1)], 400),
        (None, vec![("1", 0.1)], 400),
        (None, vec![("$LATEST", 0.1)], 400),
        (None, vec![("9", 0.1)], 404),
        (Some("$LATEST"), vec![("2", 0.1)], 400),
        (Some("9"), vec![], 404),
        (Some("live"), vec![], 400),
    ] {
        let (kind, found, message) = refusal(update(main, &weights).await);
        assert_eq!(found, status, "{main:?} {weights:?}: {kind} {message}");
    }
    let alias = sandbox
        .lambda
        .get_alias()
        .function_name(FUNCTION)
        .name("live")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (alias.function_version.as_deref(), alias.routing_config),
        (Some("1"), None)
    );
    let alias = update(None, &[("2", 0.05)]).await.unwrap();
    assert_eq!(
        alias
            .routing_config
            .unwrap()
            .additional_version_weights
            .unwrap()["2"],
        0.05
    );
    assert_eq!(update(None, &[]).await.unwrap().routing_config, None);
}

#[tokio::test]
async fn an_alias_cannot_mix_execution_roles() {
    let sandbox = Sandbox::with_probe().await;
    sandbox.publish().await;
    let update = sandbox
        .lambda
        .update_function_configuration()
        .function_name(FUNCTION);
    update
        .role("arn:aws:iam::000000000000:role/other")
        .send()
        .await
        .unwrap();
    sandbox.publish().await;
    let routing = AliasRoutingConfiguration::builder()
        .additional_version_weights("2", 0.5)
        .build();
    let create = sandbox
        .lambda
        .create_alias()
        .function_name(FUNCTION)
        .name("live")
        .function_version("1");
    let (kind, status, message) = refusal(create.routing_config(routing).send().await);
    assert_eq!(
        (kind.as_str(), status),
        ("InvalidParameterValueException", 400),
        "{message}"
    );
}

#[tokio::test]
async fn a_version_that_an_alias_uses_cannot_be_deleted() {
    let sandbox = two_versions().await;
    let delete = |version: &str| {
        sandbox
            .lambda
            .delete_function()
            .function_name(FUNCTION)
            .qualifier(version)
            .send()
    };
    let (kind, status, message) = refusal(delete("1").await);
    assert_eq!((kind.as_str(), status), ("ResourceConflictException", 409));
    assert_eq!(
        message,
        "Unable to delete version because the following aliases reference it: [live]"
    );
    delete("2").await.unwrap();
    let (_, status, _) = refusal(sandbox.ask(&does("who")).qualifier("2").send().await);
    assert_eq!(status, 404);
    sandbox
        .lambda
        .delete_alias()
        .function_name(FUNCTION)
        .name("live")
        .send()
        .await
        .unwrap();
    delete("1").await.unwrap();
    // Numbers are not used again.
    assert_eq!(sandbox.publish().await, "3");
}

#[tokio::test]
async fn a_deleted_function_is_gone_with_its_processes() {
    let sandbox = Sandbox::with_probe().await;
    let pid = sandbox.answer(does("who")).await["pid"].as_u64().unwrap();
    sandbox
        .lambda
        .delete_function()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    let (_, status, _) = refusal(sandbox.ask(&does("who")).send().await);
    assert_eq!(status, 404);
    common::eventually("the process is gone", async || !common::is_alive(pid)).await;
}

#[tokio::test]
async fn permissions_and_tags_are_kept() {
    let sandbox = two_versions().await;
    let client = &sandbox.lambda;
    let add = || {
        let add = client
            .add_permission()
            .function_name(FUNCTION)
            .qualifier("live")
            .statement_id("api");
        add.action("lambda:InvokeFunction")
            .principal("apigateway.amazonaws.com")
            .source_arn("arn:aws:x")
            .send()
    };
    add().await.unwrap();
    assert_eq!(refusal(add().await).1, 409);
    let policy = client
        .get_policy()
        .function_name(FUNCTION)
        .qualifier("live")
        .send()
        .await
        .unwrap()
        .policy
        .unwrap();
    let policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
    let statement = &policy["Statement"][0];
    assert_eq!(
        statement["Resource"],
        json!("arn:aws:lambda:us-east-1:000000000000:function:probe:live")
    );
    assert_eq!(
        statement["Condition"]["ArnLike"]["AWS:SourceArn"],
        json!("arn:aws:x")
    );
    // Each resource has a policy of its own.
    assert_eq!(
        refusal(client.get_policy().function_name(FUNCTION).send().await).1,
        404
    );
    let remove = client
        .remove_permission()
        .function_name(FUNCTION)
        .qualifier("live")
        .statement_id("api");
    remove.send().await.unwrap();
    assert_eq!(
        refusal(
            client
                .get_policy()
                .function_name(FUNCTION)
                .qualifier("live")
                .send()
                .await
        )
        .1,
        404
    );

    let arn = "arn:aws:lambda:us-east-1:000000000000:function:probe";
    client
        .tag_resource()
        .resource(arn)
        .tags("team", "a b")
        .tags("stage", "dev")
        .send()
        .await
        .unwrap();
    client
        .untag_resource()
        .resource(arn)
        .tag_keys("stage")
        .send()
        .await
        .unwrap();
    let tags = client
        .list_tags()
        .resource(arn)
        .send()
        .await
        .unwrap()
        .tags
        .unwrap();
    assert_eq!(tags.get("team").map(String::as_str), Some("a b"));
    assert!(!tags.contains_key("stage") && tags.contains_key("sandbox:emulated"));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let sandbox = Sandbox::with_probe().await;
    for number in 1..=5 {
        sandbox.change(&number.to_string()).await;
        sandbox.publish().await;
    }
    let pages = sandbox
        .lambda
        .list_versions_by_function()
        .function_name(FUNCTION)
        .max_items(2);
    let versions: Vec<_> = pages
        .into_paginator()
        .items()
        .send()
        .collect::<Result<_, _>>()
        .await
        .unwrap();
    assert_eq!(versions.len(), 6);
    let functions = sandbox
        .lambda
        .list_functions()
        .function_version(FunctionVersion::All)
        .send()
        .await
        .unwrap();
    assert_eq!(functions.functions().len(), 6);
}

/// Versions 1 and 2 of the probe, and `live` on 1.
async fn two_versions() -> Sandbox {
    let sandbox = Sandbox::with_probe().await;
    sandbox.publish().await;
    sandbox.change("second").await;
    sandbox.publish().await;
    let create = sandbox
        .lambda
        .create_alias()
        .function_name(FUNCTION)
        .name("live");
    create.function_version("1").send().await.unwrap();
    sandbox
}
