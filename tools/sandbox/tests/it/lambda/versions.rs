//! Published versions.

use aws_sdk_lambda::{primitives::Blob, types::Environment};
use serde_json::json;

use super::create_live;
use crate::common::{
    FUNCTION, Sandbox, create_function, does, foreign, payload, refusal, script_zip,
};

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
    let variables = Environment::builder().variables("AA", "1").build();
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
async fn an_arn_has_the_qualifier_that_was_asked_with_and_none_when_a_function_is_created() {
    let sandbox = Sandbox::start().await;
    let lambda = &sandbox.lambda;
    let created = create_function(lambda, script_zip("exit 1")).publish(true);
    let created = created.send().await.unwrap();
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:probe";
    assert_eq!(
        (created.function_arn.as_deref(), created.version.as_deref()),
        (Some(arn), Some("1"))
    );
    create_live(&sandbox, "1").send().await.unwrap();
    for (qualifier, version) in [("live", "1"), ("1", "1"), ("$LATEST", "$LATEST")] {
        let function = lambda.get_function().function_name(FUNCTION);
        let function = function.qualifier(qualifier).send().await.unwrap();
        let configuration = function.configuration.unwrap();
        let expected = format!("{arn}:{qualifier}");
        assert_eq!(configuration.function_arn, Some(expected));
        assert_eq!(configuration.version.as_deref(), Some(version));
    }
    let update = lambda.update_function_code().function_name(FUNCTION);
    let update = update.zip_file(Blob::new(script_zip("exit 2")));
    let updated = update.publish(true).send().await.unwrap();
    assert_eq!(updated.function_arn, Some(format!("{arn}:2")));
}

#[tokio::test]
async fn the_description_of_a_version_has_at_most_256_characters() {
    let sandbox = Sandbox::with_probe().await;
    let publish = |characters: usize| {
        let publish = sandbox.lambda.publish_version().function_name(FUNCTION);
        publish.description("ä".repeat(characters)).send()
    };
    let (kind, _, message) = refusal(publish(257).await);
    assert_eq!(kind, "ValidationException");
    let end = "Member must have length less than or equal to 256";
    assert!(message.ends_with(end), "{message}");
    publish(256).await.unwrap();
}
