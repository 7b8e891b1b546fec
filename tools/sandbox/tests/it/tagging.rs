//! `GetResources` of the Resource Groups Tagging API.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use crate::common;
use aws_sdk_resourcegroupstagging::{
    Client, operation::get_resources::builders::GetResourcesFluentBuilder, types::TagFilter,
};
use common::{create_function, probe_zip, refusal};
use sandbox::testing::Sandbox;

/// A sandbox with the functions `a` to `d`: `a` and `b` are under way, `c` is not, `d` has no tags.
async fn sandbox() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.unwrap();
    let client = Client::new(&sandbox.sdk_config());
    for (name, tags) in [
        ("a", &[("rollout:run-1", "x"), ("team", "blue")][..]),
        ("b", &[("rollout:run-1", "y")]),
        ("c", &[("team", "red")]),
        ("d", &[]),
    ] {
        let create = create_function(&sandbox.lambda, probe_zip()).function_name(name);
        let tags = tags
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()));
        create.set_tags(Some(tags.collect())).send().await.unwrap();
    }
    (sandbox, client)
}

fn filter(key: &str, values: &[&str]) -> TagFilter {
    let values = values.iter().map(|value| value.to_string()).collect();
    TagFilter::builder()
        .key(key)
        .set_values(Some(values))
        .build()
}

/// The names of the functions that it finds, on all pages.
async fn found(request: GetResourcesFluentBuilder) -> Vec<String> {
    let pages = request.into_paginator().items().send();
    let resources = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    let arns = resources.iter().map(|it| it.resource_arn().unwrap());
    arns.map(|arn| arn.rsplit(':').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn functions_are_found_by_the_keys_and_values_of_their_tags() {
    let (_sandbox, client) = sandbox().await;
    for (filters, expected) in [
        (vec![], &["a", "b", "c"][..]),
        (vec![filter("rollout:run-1", &[])], &["a", "b"]),
        (vec![filter("team", &["red", "green"])], &["c"]),
        (
            vec![filter("rollout:run-1", &[]), filter("team", &["blue"])],
            &["a"],
        ),
        (
            vec![filter("rollout:run-1", &[]), filter("team", &["red"])],
            &[],
        ),
    ] {
        for types in ["lambda", "lambda:function"] {
            let request = client
                .get_resources()
                .set_tag_filters(Some(filters.clone()));
            let request = request.resource_type_filters(types);
            assert_eq!(found(request).await, expected, "{filters:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_has_arns_and_all_tags_and_the_last_page_no_token() {
    let (_sandbox, client) = sandbox().await;
    let answer = client
        .get_resources()
        .tag_filters(filter("team", &["blue"]));
    let answer = answer.send().await.unwrap();
    let [a] = answer.resource_tag_mapping_list() else {
        panic!("{answer:?}");
    };
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:a";
    assert_eq!(a.resource_arn(), Some(arn));
    let tags = a.tags().iter().map(|tag| (tag.key(), tag.value()));
    let tags: Vec<_> = tags.collect();
    assert_eq!(tags, [("rollout:run-1", "x"), ("team", "blue")]);
    assert_eq!(answer.pagination_token(), Some(""));
}

#[tokio::test]
async fn pages_put_together_are_all_also_when_a_function_goes_in_between() {
    let (sandbox, client) = sandbox().await;
    assert_eq!(
        found(client.get_resources().resources_per_page(1)).await,
        ["a", "b", "c"]
    );
    let first = client.get_resources().resources_per_page(1).send().await;
    let first = first.unwrap();
    sandbox
        .lambda
        .delete_function()
        .function_name("a")
        .send()
        .await
        .unwrap();
    let rest = client
        .get_resources()
        .pagination_token(first.pagination_token().unwrap());
    let rest = rest.send().await.unwrap();
    let rest = rest.resource_tag_mapping_list().iter();
    let rest: Vec<_> = rest
        .map(|it| it.resource_arn().unwrap().rsplit(':').next().unwrap())
        .collect();
    assert_eq!(rest, ["b", "c"]);
}

#[tokio::test]
async fn a_tag_that_goes_takes_its_function_along() {
    let (sandbox, client) = sandbox().await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:a";
    let untag = sandbox.lambda.untag_resource().resource(arn);
    untag.tag_keys("rollout:run-1").send().await.unwrap();
    let request = client
        .get_resources()
        .tag_filters(filter("rollout:run-1", &[]));
    assert_eq!(found(request).await, ["b"]);
}

#[tokio::test]
async fn what_the_sandbox_does_not_have_is_refused_by_name() {
    let (_sandbox, client) = sandbox().await;
    let all = || client.get_resources();
    for (request, part) in [
        (all().resource_type_filters("sqs"), "\"sqs\""),
        (all().resources_per_page(101), "ResourcesPerPage is 101"),
        (all().tags_per_page(100), "TagsPerPage"),
        (all().pagination_token("!"), "PaginationToken"),
        (all().tag_filters(filter("a", &["b"; 21])), "20 values"),
    ] {
        let (code, status, message) = refusal(request.send().await);
        assert_eq!((code.as_str(), status), ("InvalidParameterException", 400));
        assert!(message.contains(part), "{message}");
    }
    let (code, _, message) = refusal(client.get_tag_keys().send().await);
    assert_eq!(code, "UnknownOperationException");
    assert!(message.contains("GetTagKeys"), "{message}");
}

#[tokio::test]
async fn a_fault_hits_it_as_any_service() {
    let (sandbox, client) = sandbox().await;
    for (fault, code) in [
        ("tag:GetResources:throttle=100%", "ThrottledException"),
        ("tag:*:errors=100%", "InternalServiceException"),
    ] {
        sandbox.service_fault(fault).unwrap();
        let (found, ..) = refusal(client.get_resources().send().await);
        assert_eq!(found, code, "{fault}");
    }
}
