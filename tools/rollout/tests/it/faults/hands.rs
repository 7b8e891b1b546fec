//! What people do to the alias and its versions in mid-rollout.

use aws_sdk_lambda::types::AliasRoutingConfiguration;

use super::{
    Candidate, FUNCTION, Stage, is_sound,
    proxy::{Fault, Operation},
    set,
    stage::{said, weight},
};

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
