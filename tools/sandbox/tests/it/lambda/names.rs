//! Functions as callers name them: names, ARNs, qualifiers.

use crate::common::{Sandbox, create_function, does, payload, probe_zip, refusal};

const NAME: &str = "my-function";
const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:my-function";

/// A sandbox with `my-function`, its version 1, and its alias `live`.
async fn my_function() -> Sandbox {
    let sandbox = Sandbox::start().await;
    let create = create_function(&sandbox.lambda, probe_zip());
    let create = create.architectures(crate::common::host());
    create.function_name(NAME).send().await.unwrap();
    let publish = sandbox.lambda.publish_version().function_name(NAME);
    publish.send().await.unwrap();
    let alias = sandbox.lambda.create_alias().function_name(NAME);
    let alias = alias.name("live").function_version("1");
    alias.send().await.unwrap();
    sandbox
}

#[tokio::test]
async fn a_name_that_ends_in_function_is_found_with_a_qualifier_by_every_operation() {
    let sandbox = my_function().await;
    let lambda = &sandbox.lambda;
    for name in [format!("{NAME}:live"), format!("{ARN}:live")] {
        let invoke = sandbox.ask(&does("context")).function_name(&name);
        let context = payload(&invoke.send().await.unwrap());
        assert_eq!(context["version"], "1", "{name}");
        let function = lambda.get_function().function_name(&name).send().await;
        let configuration = function.unwrap().configuration.unwrap();
        assert_eq!(configuration.version.as_deref(), Some("1"), "{name}");
        let configuration = lambda.get_function_configuration().function_name(&name);
        let configuration = configuration.send().await.unwrap();
        assert_eq!(configuration.version.as_deref(), Some("1"), "{name}");
        let add = lambda.add_permission().function_name(&name);
        let add = add.statement_id("a").action("lambda:InvokeFunction");
        add.principal("*").send().await.unwrap();
        let policy = lambda.get_policy().function_name(&name).send().await;
        assert!(policy.unwrap().policy.unwrap().contains(":live\""));
        let remove = lambda.remove_permission().function_name(&name);
        remove.statement_id("a").send().await.unwrap();
    }
    let delete = |name: String| lambda.delete_function().function_name(name).send();
    let (_, _, message) = refusal(delete(format!("{NAME}:1")).await);
    assert!(message.ends_with("reference it: [live]"), "{message}");
    let (_, _, message) = refusal(delete(format!("{ARN}:live")).await);
    assert_eq!(message, "Deletion of aliases is not currently supported.");
    delete(ARN.to_owned()).await.unwrap();
}

#[tokio::test]
async fn what_is_out_of_reach_is_refused_as_aws_does_it() {
    let sandbox = my_function().await;
    let lambda = &sandbox.lambda;
    let get = |name: String| lambda.get_function().function_name(name).send();
    for (name, expected) in [
        (
            ARN.replace("000000000000", "123456789012"),
            ("AccessDeniedException", 403),
        ),
        (
            ARN.replace("us-east-1", "eu-west-1"),
            ("ResourceNotFoundException", 404),
        ),
        (ARN.replace("us-east-1", ""), ("ValidationException", 400)),
        (format!("{ARN}:1:2"), ("ValidationException", 400)),
        ("a".repeat(65), ("ResourceNotFoundException", 404)),
    ] {
        let (kind, status, message) = refusal(get(name.clone()).await);
        assert_eq!((kind.as_str(), status), expected, "{name}: {message}");
    }
    let get = lambda
        .get_function()
        .function_name(NAME)
        .qualifier("x".repeat(129));
    let (kind, status, _) = refusal(get.send().await);
    assert_eq!((kind.as_str(), status), ("ValidationException", 400));
    let create = create_function(lambda, probe_zip()).function_name("a".repeat(65));
    let (kind, status, _) = refusal(create.send().await);
    assert_eq!(
        (kind.as_str(), status),
        ("InvalidParameterValueException", 400)
    );
}
