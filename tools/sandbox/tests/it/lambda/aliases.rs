//! Aliases, and what they may route to.

use aws_sdk_lambda::types::AliasRoutingConfiguration;

use super::{create_live, two_versions, update_live, weight};
use crate::common::{FUNCTION, Sandbox, does, refusal};

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
        let update = update_live(&sandbox);
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
        let update = update_live(&sandbox);
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
    let (_, _, message) = refusal(update(None, &[("2", 2.0)]).await);
    assert!(message.contains("Value '{2=2.0}' at"), "{message}");
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
    let routing = weight("2", 0.5);
    let create = create_live(&sandbox, "1");
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
