//! Permissions and tags.

use serde_json::json;

use super::two_versions;
use crate::common::{FUNCTION, Sandbox, refusal};

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
    assert_eq!(tags, [("team".to_owned(), "a b".to_owned())].into());
}

#[tokio::test]
async fn what_is_not_there_is_named_as_aws_names_it() {
    let sandbox = two_versions().await;
    let client = &sandbox.lambda;
    let add = |name: &str| {
        let add = client
            .add_permission()
            .function_name(name)
            .statement_id("a");
        add.action("lambda:InvokeFunction").principal("*")
    };
    let remove = |name: &str, statement: &str| {
        let remove = client.remove_permission().function_name(name);
        remove.statement_id(statement).send()
    };
    let get = |name: &str| client.get_policy().function_name(name).send();
    let arn = "arn:aws:lambda:us-east-1:000000000000:function";
    for ((kind, status, message), expected) in [
        (
            refusal(add("nobody").send().await),
            format!("Function not found: {arn}:nobody"),
        ),
        (
            refusal(add("probe:42").send().await),
            format!("Function not found: {arn}:probe:42"),
        ),
        (
            refusal(add("probe:none").send().await),
            format!("Cannot find alias arn: {arn}:probe:none"),
        ),
        (
            refusal(add("probe").qualifier("with-$").send().await),
            format!("Function not found: {arn}:probe:with-$"),
        ),
        (
            refusal(remove("nobody", "a").await),
            format!("No policy found for: {arn}:nobody"),
        ),
        (
            refusal(remove("probe:none", "a").await),
            format!("Cannot find alias arn: {arn}:probe:none"),
        ),
        (
            refusal(remove("probe", "a").await),
            "No policy is associated with the given resource.".to_owned(),
        ),
        (
            refusal(get("nobody").await),
            "The resource you requested does not exist.".to_owned(),
        ),
        (
            refusal(get("probe:77").await),
            "The resource you requested does not exist.".to_owned(),
        ),
    ] {
        let found = (kind.as_str(), status, message);
        assert_eq!(found, ("ResourceNotFoundException", 404, expected));
    }
    add("probe").send().await.unwrap();
    let (kind, status, message) =
        refusal(add("probe").statement_id("b").revision_id("x").send().await);
    assert_eq!(
        (kind.as_str(), status),
        ("PreconditionFailedException", 412)
    );
    assert!(message.contains("Call the GetPolicy API"), "{message}");
    let (_, _, message) = refusal(remove("probe", "other").await);
    assert_eq!(message, "Statement other is not found in resource policy.");
    remove("probe", "a").await.unwrap();
    assert_eq!(refusal(get("probe").await).1, 404);
}

#[tokio::test]
async fn tags_have_the_limits_of_aws() {
    let sandbox = two_versions().await;
    let client = &sandbox.lambda;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:probe";
    let tags = |count: usize| {
        let tags = (0..count).map(|number| (format!("{number}_key"), String::new()));
        client
            .tag_resource()
            .resource(arn)
            .set_tags(Some(tags.collect()))
    };
    let limit = "Number of tags exceeds resource tag limit.";
    let qualified =
        "Tags on function aliases and versions are not supported. Please specify a function ARN.";
    let invalid = "InvalidParameterValueException";
    let (kind, _, message) = refusal(tags(51).send().await);
    assert_eq!((kind.as_str(), message.as_str()), (invalid, limit));
    tags(50).send().await.unwrap();
    for (tags, expected) in [
        (tags(0).tags("another", ""), limit),
        (
            tags(0),
            "An error occurred and the request cannot be processed.",
        ),
        (tags(1).resource(format!("{arn}:live")), qualified),
        (tags(1).resource(format!("{arn}:1")), qualified),
        (tags(1).resource(format!("{arn}:$LATEST")), qualified),
    ] {
        let (kind, status, message) = refusal(tags.send().await);
        assert_eq!(
            (kind.as_str(), status, message.as_str()),
            (invalid, 400, expected)
        );
    }
    let untag = client.untag_resource().resource(arn);
    let (kind, status, message) = refusal(untag.set_tag_keys(Some(Vec::new())).send().await);
    assert_eq!((kind.as_str(), status), ("ValidationException", 400));
    assert_eq!(
        message,
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null"
    );
    let other = tags(1).resource("arn:aws:lambda:us-east-1:000000000000:function:nobody");
    let (_, status, message) = refusal(other.send().await);
    let expected = "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody";
    assert_eq!((status, message.as_str()), (404, expected));
    let kept = client.list_tags().resource(arn).send().await.unwrap();
    assert_eq!(kept.tags.unwrap().len(), 50);
}

#[tokio::test]
async fn the_first_permission_of_an_alias_may_name_the_revision_of_the_alias() {
    let sandbox = two_versions().await;
    let client = &sandbox.lambda;
    let alias = client.get_alias().function_name(FUNCTION).name("live");
    let revision = alias.send().await.unwrap().revision_id.unwrap();
    let add = |statement: &str| {
        let add = client.add_permission().function_name(FUNCTION);
        let add = add.qualifier("live").statement_id(statement);
        let add = add.action("lambda:InvokeFunction").principal("*");
        add.revision_id(&revision).send()
    };
    add("a").await.unwrap();
    let (kind, status, _) = refusal(add("b").await);
    assert_eq!(
        (kind.as_str(), status),
        ("PreconditionFailedException", 412)
    );
}

#[tokio::test]
async fn statement_ids_and_principals_are_checked() {
    let sandbox = two_versions().await;
    let client = &sandbox.lambda;
    let add = |statement: &str, principal: &str| {
        let add = client.add_permission().function_name(FUNCTION);
        let add = add.statement_id(statement).principal(principal);
        add.action("lambda:InvokeFunction").send()
    };
    let (kind, status, message) = refusal(add("example.com", "s3.amazonaws.com").await);
    assert_eq!((kind.as_str(), status), ("ValidationException", 400));
    assert_eq!(
        message,
        "1 validation error detected: Value 'example.com' at 'statementId' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)"
    );
    let (kind, status, message) = refusal(add("lambda", "invalid.nonaws.com").await);
    assert_eq!(
        (kind.as_str(), status),
        ("InvalidParameterValueException", 400)
    );
    assert_eq!(
        message,
        "The provided principal was invalid. Please check the principal and try again."
    );
    let role = "arn:aws:iam::123456789012:role/r";
    for (statement, principal, expected) in [
        ("a", "*", json!("*")),
        (
            "b",
            "s3.amazonaws.com",
            json!({"Service": "s3.amazonaws.com"}),
        ),
        (
            "c",
            "123456789012",
            json!({"AWS": "arn:aws:iam::123456789012:root"}),
        ),
        ("d", role, json!({"AWS": role})),
    ] {
        let added = add(statement, principal).await.unwrap().statement.unwrap();
        let added: serde_json::Value = serde_json::from_str(&added).unwrap();
        assert_eq!(added["Principal"], expected, "{principal}");
    }
}

#[tokio::test]
async fn statements_stand_in_the_order_of_their_coming() {
    let sandbox = Sandbox::with_probe().await;
    for service in ["sns", "logs", "events"] {
        let add = sandbox.lambda.add_permission().function_name(FUNCTION);
        let add = add.statement_id(service).action("lambda:InvokeFunction");
        let add = add.principal(format!("{service}.amazonaws.com"));
        add.send().await.unwrap();
    }
    let remove = sandbox.lambda.remove_permission().function_name(FUNCTION);
    remove.statement_id("logs").send().await.unwrap();
    let policy = sandbox.lambda.get_policy().function_name(FUNCTION);
    let policy = policy.send().await.unwrap().policy.unwrap();
    let policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    let ids: Vec<_> = statements.map(|statement| &statement["Sid"]).collect();
    assert_eq!(ids, ["sns", "events"]);
}
