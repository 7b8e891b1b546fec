//! Permissions and tags.

use serde_json::json;

use super::two_versions;
use crate::common::{FUNCTION, refusal};

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
