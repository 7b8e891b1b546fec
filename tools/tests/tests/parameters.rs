//! What `shared` reads of parameters and secrets, from the sandbox's file, over AWS's protocol.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use sandbox::testing::Sandbox;
use shared::parameters::{ParameterError, fetch};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_and_secrets_come_in_the_order_of_their_names_and_are_not_shown() {
    let sandbox = Sandbox::start().await.unwrap();
    let file = r#"{"/api-key": "k", "/aws/reference/secretsmanager/database": "d"}"#;
    std::fs::write(sandbox.folder.join("parameters.json"), file).unwrap();
    let asked = names(&["/aws/reference/secretsmanager/database", "/api-key"]);
    let found = fetch(&sandbox.sdk_config(), asked).await.unwrap();
    let values: Vec<_> = found.iter().map(|secret| secret.expose()).collect();
    assert_eq!(values, ["d", "k"]);
    assert!(!format!("{found:?}").contains('k'));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_does_not_exist_is_named() {
    let sandbox = Sandbox::start().await.unwrap();
    let missing = fetch(&sandbox.sdk_config(), names(&["/api-key"])).await;
    assert_eq!(missing, Err(ParameterError::Missing("/api-key".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_ten_parameters_take_another_call() {
    let sandbox = Sandbox::start().await.unwrap();
    let all: Vec<String> = (0..11).map(|number| format!("/{number}")).collect();
    let values: serde_json::Map<_, _> = all
        .iter()
        .map(|it| (it.clone(), it.as_str().into()))
        .collect();
    let file = serde_json::to_string(&values).unwrap();
    std::fs::write(sandbox.folder.join("parameters.json"), file).unwrap();
    let found = fetch(&sandbox.sdk_config(), all.clone()).await.unwrap();
    let found: Vec<_> = found.iter().map(|secret| secret.expose()).collect();
    assert_eq!(found, all);
}
