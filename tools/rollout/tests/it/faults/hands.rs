//! What people do to the alias and its versions in mid-rollout.

use aws_sdk_lambda::types::{AliasRoutingConfiguration, Environment};

use super::{
    Candidate, FUNCTION, Stage, is_sound,
    proxy::{Fault, Operation},
    set,
    stage::{said, weight},
};

/// Publishes a version 3 that behaves like version 1.
async fn publish_third(stage: &Stage) {
    let lambda = &stage.lambda;
    let configure = lambda.update_function_configuration();
    let changed = configure
        .function_name(FUNCTION)
        .environment(Environment::builder().build())
        .description("the third");
    changed.send().await.expect("is configured");
    let publish = lambda.publish_version().function_name(FUNCTION);
    let published = publish.send().await.expect("is published");
    assert_eq!(published.version(), Some("3"));
}

async fn point_live(stage: &Stage, version: &str, additional: Option<(&str, f64)>) {
    let mut routing = AliasRoutingConfiguration::builder()
        .set_additional_version_weights(Some(Default::default()));
    if let Some((version, weight)) = additional {
        routing = routing.additional_version_weights(version, weight);
    }
    stage
        .lambda
        .update_alias()
        .function_name(FUNCTION)
        .name("live")
        .function_version(version)
        .routing_config(routing.build())
        .send()
        .await
        .expect("is set");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_version_that_gets_the_weight_by_hand_is_left_as_it_is() {
    let (stage, proxy) = set(Candidate::Good).await;
    publish_third(&stage).await;
    let run = stage.run_through(&proxy.endpoint, &["--bake", "60s"]);
    stage.reaches(20.0).await;
    point_live(&stage, "1", Some(("3", 0.1))).await;
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("now routes to version 1 90%, version 3 10%"),
        "{text}"
    );
    let live = stage.live().await;
    let weights = live
        .routing_config()
        .and_then(|r| r.additional_version_weights());
    assert_eq!(weights.and_then(|weights| weights.get("3")), Some(&0.1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_with_more_versions_than_lambda_has_today_is_not_touched() {
    const THREE: &str = r#"{"FunctionVersion":"1","RevisionId":"r",
        "RoutingConfig":{"AdditionalVersionWeights":{"2":0.2,"3":0.1}}}"#;
    let (stage, proxy) = set(Candidate::Good).await;
    let run = stage.run_through(&proxy.endpoint, &["--bake", "60s"]);
    stage.reaches(20.0).await;
    proxy.always(Some(Operation::GetAlias), Fault::Answer(200, "", THREE));
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("3 versions at once"), "{text}");
    assert_eq!(weight(&stage.live().await), Some(0.2));
    is_sound(&stage, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_was_taken_away_and_deleted_by_hand_stops_the_run() {
    let (stage, proxy) = set(Candidate::Good).await;
    let run = stage.run_through(&proxy.endpoint, &["--bake", "60s"]);
    stage.reaches(20.0).await;
    let delete = || {
        let delete = stage.lambda.delete_function().function_name(FUNCTION);
        delete.qualifier("2").send()
    };
    // As long as it has a weight, nobody can delete it.
    assert!(delete().await.is_err());
    point_live(&stage, "1", None).await;
    delete().await.expect("is deleted");
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("now routes to version 1 alone"), "{text}");
    is_sound(&stage, &[]).await;

    let (code, text) = said(&stage.run(&[]).output().await);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("version 2 of flaky does not exist"), "{text}");
    is_sound(&stage, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_is_gone_stops_the_run_and_its_journal_says_so() {
    let (stage, proxy) = set(Candidate::Good).await;
    let run = stage.run_through(&proxy.endpoint, &["--bake", "60s"]);
    stage.reaches(20.0).await;
    let delete = stage
        .lambda
        .delete_alias()
        .function_name(FUNCTION)
        .name("live");
    delete.send().await.expect("is deleted");
    let (code, text) = said(&run.output().await);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("function flaky has no alias live"), "{text}");
    let journal = stage.journal();
    assert_eq!(
        journal.last().map(|last| &last["ending"]),
        Some(&"stopped".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_that_joins_in_mid_rollout_stops_at_the_first_ones_next_change_and_says_so() {
    let (stage, _) = set(Candidate::Good).await;
    let first = stage.run(&["--bake", "6s"]);
    stage.reaches(20.0).await;
    // It would stay where it is for longer than the first one takes.
    let second = stage.run(&["--bake", "90s"]);
    let (code, text) = said(&second.output().await);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("going on at "), "{text}");
    assert!(
        text.contains("live of flaky was changed by somebody else"),
        "{text}"
    );
    assert!(text.contains("nothing was touched"), "{text}");

    let (code, text) = said(&first.output().await);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(stage.serves_alone().await.as_deref(), Some("2"));
    is_sound(&stage, &[]).await;
}
