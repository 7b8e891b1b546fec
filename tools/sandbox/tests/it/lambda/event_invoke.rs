//! What asynchronous invocations go by, as it is set and answered.

use aws_sdk_lambda::types::{DestinationConfig, OnFailure, OnSuccess};

use super::create_live;
use crate::common::{FUNCTION, Sandbox, create_function, probe_zip, refusal};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function";
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:failed";

fn on_success(arn: impl Into<String>) -> DestinationConfig {
    let destination = OnSuccess::builder().destination(arn).build();
    DestinationConfig::builder().on_success(destination).build()
}

fn on_failure(arn: impl Into<String>) -> DestinationConfig {
    let destination = OnFailure::builder().destination(arn).build();
    DestinationConfig::builder().on_failure(destination).build()
}

#[tokio::test]
async fn putting_replaces_what_was_set_and_updating_adds_to_it() {
    let sandbox = Sandbox::with_probe().await;
    let lambda = &sandbox.lambda;
    let put = || {
        let put = lambda.put_function_event_invoke_config();
        put.function_name(FUNCTION)
    };
    put().maximum_event_age_in_seconds(60).send().await.unwrap();
    let update = lambda.update_function_event_invoke_config();
    let update = update.function_name(FUNCTION).maximum_retry_attempts(1);
    let update = update.destination_config(on_failure(QUEUE));
    let updated = update.send().await.unwrap();
    assert_eq!(updated.function_arn, Some(format!("{ARN}:probe:$LATEST")));
    let get = lambda.get_function_event_invoke_config();
    let get = get.function_name(FUNCTION).qualifier("$LATEST");
    let got = get.send().await.unwrap();
    assert_eq!(got.last_modified, updated.last_modified);
    assert_eq!(
        (got.maximum_event_age_in_seconds, got.maximum_retry_attempts),
        (Some(60), Some(1))
    );
    let destinations = got.destination_config.unwrap();
    let failure = destinations.on_failure.unwrap().destination;
    assert_eq!(failure.as_deref(), Some(QUEUE));
    assert_eq!(destinations.on_success.unwrap().destination, None);

    let again = put().maximum_retry_attempts(0).send().await.unwrap();
    assert_eq!(
        (
            again.maximum_event_age_in_seconds,
            again.maximum_retry_attempts
        ),
        (None, Some(0))
    );
    let failure = again.destination_config.unwrap().on_failure.unwrap();
    assert_eq!(failure.destination, None);
}

#[tokio::test]
async fn versions_and_aliases_have_their_own_until_they_are_gone() {
    let sandbox = Sandbox::with_probe().await;
    let lambda = &sandbox.lambda;
    sandbox.publish().await;
    create_live(&sandbox, "1").send().await.unwrap();
    for (qualifier, attempts) in [("$LATEST", 0), ("1", 1), ("live", 2)] {
        let put = lambda.put_function_event_invoke_config();
        let put = put.function_name(FUNCTION).qualifier(qualifier);
        put.maximum_retry_attempts(attempts).send().await.unwrap();
    }
    let list = async || {
        let list = lambda.list_function_event_invoke_configs();
        let list = list.function_name(FUNCTION).send().await.unwrap();
        let configs = list.function_event_invoke_configs().iter();
        let arns = configs.map(|config| config.function_arn().unwrap().replace(ARN, ""));
        arns.collect::<Vec<_>>()
    };
    assert_eq!(list().await, [":probe:$LATEST", ":probe:1", ":probe:live"]);
    let delete = lambda.delete_function_event_invoke_config();
    delete.function_name(FUNCTION).send().await.unwrap();
    let delete = lambda.delete_alias().function_name(FUNCTION).name("live");
    delete.send().await.unwrap();
    assert_eq!(list().await, [":probe:1"]);

    let get = lambda.get_function_event_invoke_config();
    let (kind, status, message) = refusal(get.function_name(FUNCTION).send().await);
    assert_eq!((kind.as_str(), status), ("ResourceNotFoundException", 404));
    let expected = format!("The function {ARN}:probe:$LATEST doesn't have an EventInvokeConfig");
    assert_eq!(message, expected);
}

#[tokio::test]
async fn what_lambda_refuses_is_refused_in_its_words() {
    let sandbox = Sandbox::with_probe().await;
    let lambda = &sandbox.lambda;
    let other = create_function(lambda, probe_zip()).function_name("other");
    other.send().await.unwrap();
    let put = |name: &str| {
        let put = lambda.put_function_event_invoke_config();
        put.function_name(name)
    };
    let to = |arn: String| put(FUNCTION).destination_config(on_success(arn)).send();
    to(format!("{ARN}:other")).await.unwrap();
    for (answer, expected, words) in [
        (
            put("nobody").send().await,
            "InvalidParameterValueException",
            "You must specify at least one of error handling or destination setting.".to_owned(),
        ),
        (
            put("nobody").maximum_retry_attempts(1).send().await,
            "ResourceNotFoundException",
            "The function doesn't exist.".to_owned(),
        ),
        (
            put("probe:live").maximum_retry_attempts(1).send().await,
            "ResourceNotFoundException",
            "The function doesn't exist.".to_owned(),
        ),
        (
            to(format!("{ARN}:nobody")).await,
            "InvalidParameterValueException",
            format!("The destination ARN {ARN}:nobody is invalid."),
        ),
        (
            to(format!("{ARN}:probe")).await,
            "InvalidParameterValueException",
            "You can't specify the function as a destination for itself.".to_owned(),
        ),
        (
            to("arn:aws:iam::000000000000:role/r".to_owned()).await,
            "InvalidParameterValueException",
            "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=\
             arn:aws:iam::000000000000:role/r), onFailure=null) is invalid."
                .to_owned(),
        ),
        (
            put(FUNCTION).maximum_event_age_in_seconds(59).send().await,
            "ValidationException",
            "1 validation error detected: Value '59' at 'maximumEventAgeInSeconds' failed to satisfy constraint: \
             Member must have value greater than or equal to 60"
                .to_owned(),
        ),
        (
            put(FUNCTION)
                .destination_config(on_failure("arn:aws:_!:us-east-1:000000000000:x"))
                .send()
                .await,
            "ValidationException",
            "1 validation error detected: Value 'arn:aws:_!:us-east-1:000000000000:x' at \
             'destinationConfig.onFailure.destination' failed to satisfy constraint: Member must satisfy regular \
             expression pattern: $|kafka://([^.]([a-zA-Z0-9\\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:\
             ((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)"
                .to_owned(),
        ),
        // What AWS has and the sandbox has not.
        (
            to("arn:aws:sns:us-east-1:000000000000:topic".to_owned()).await,
            "InvalidParameterValueException",
            "The sandbox does not support the destination arn:aws:sns:us-east-1:000000000000:topic: queues and \
             functions are destinations here."
                .to_owned(),
        ),
    ] {
        let (kind, _, message) = refusal(answer);
        assert_eq!((kind.as_str(), message), (expected, words));
    }
}
