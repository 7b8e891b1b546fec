//! Reserved concurrency: kept, answered, and held to.

use aws_sdk_lambda::{error::SdkError, operation::invoke::InvokeError, types::ThrottleReason};
use serde_json::json;

use super::two_versions;
use crate::common::{FUNCTION, Sandbox, create_function, does, eventually, probe_zip, refusal};

async fn reserve(sandbox: &Sandbox, concurrency: i32) {
    let put = sandbox.lambda.put_function_concurrency();
    let put = put.function_name(FUNCTION);
    let put = put.reserved_concurrent_executions(concurrency);
    let answer = put.send().await.unwrap();
    assert_eq!(answer.reserved_concurrent_executions, Some(concurrency));
}

async fn throttle_of_an_invocation(sandbox: &Sandbox) -> ThrottleReason {
    let Err(SdkError::ServiceError(error)) = sandbox.ask(&does("who")).send().await else {
        panic!("should be throttled");
    };
    assert_eq!(error.raw().status().as_u16(), 429);
    let InvokeError::TooManyRequestsException(throttle) = error.into_err() else {
        panic!("should be throttled");
    };
    assert_eq!(throttle.message.as_deref(), Some("Rate Exceeded."));
    throttle.reason.unwrap()
}

#[tokio::test]
async fn what_is_reserved_is_answered_until_it_is_deleted() {
    let sandbox = Sandbox::with_probe().await;
    let lambda = &sandbox.lambda;
    let reserved = async || {
        let get = lambda.get_function_concurrency().function_name(FUNCTION);
        let function = lambda.get_function().function_name(FUNCTION).send().await;
        let shown = function.unwrap().concurrency;
        let shown = shown.and_then(|shown| shown.reserved_concurrent_executions);
        let answer = get.send().await.unwrap().reserved_concurrent_executions;
        assert_eq!(answer, shown);
        answer
    };
    let unreserved = async || {
        let settings = lambda.get_account_settings().send().await.unwrap();
        let limit = settings.account_limit.unwrap();
        assert_eq!(limit.concurrent_executions, 1000);
        limit.unreserved_concurrent_executions
    };
    assert_eq!((reserved().await, unreserved().await), (None, Some(1000)));
    reserve(&sandbox, 3).await;
    assert_eq!((reserved().await, unreserved().await), (Some(3), Some(997)));
    let delete = lambda.delete_function_concurrency().function_name(FUNCTION);
    delete.send().await.unwrap();
    assert_eq!((reserved().await, unreserved().await), (None, Some(1000)));
}

#[tokio::test]
async fn no_more_invocations_run_at_once_than_are_reserved() {
    let sandbox = Sandbox::start().await;
    let create = create_function(&sandbox.lambda, probe_zip()).timeout(900);
    create.send().await.unwrap();
    reserve(&sandbox, 1).await;
    // Nobody waits for its end.
    let busy = sandbox.ask(&json!({"do": "sleep", "ms": 800_000}));
    tokio::spawn(busy.send());
    eventually("it runs", async || sandbox.processes() == 1).await;
    let reserved = ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded;
    assert_eq!(throttle_of_an_invocation(&sandbox).await, reserved);
    reserve(&sandbox, 2).await;
    sandbox.answer(does("who")).await;
    reserve(&sandbox, 0).await;
    assert_eq!(throttle_of_an_invocation(&sandbox).await, reserved);
}

#[tokio::test]
async fn an_account_keeps_100_unreserved_and_a_function_what_it_has_provisioned() {
    let sandbox = two_versions().await;
    let lambda = &sandbox.lambda;
    let reserve = |concurrency: i32| {
        let put = lambda.put_function_concurrency().function_name(FUNCTION);
        put.reserved_concurrent_executions(concurrency).send()
    };
    let provision = |qualifier: &str, concurrency: i32| {
        let put = lambda.put_provisioned_concurrency_config();
        let put = put.function_name(FUNCTION).qualifier(qualifier);
        put.provisioned_concurrent_executions(concurrency).send()
    };
    let refused = |(kind, status, message): (String, u16, String)| {
        let expected = ("InvalidParameterValueException", 400);
        assert_eq!((kind.as_str(), status), expected, "{message}");
        message
    };
    assert_eq!(
        refused(refusal(reserve(901).await)),
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below \
         its minimum value of [100]."
    );
    assert_eq!(
        refused(refusal(provision("1", 1001).await)),
        "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000]."
    );
    assert_eq!(
        refused(refusal(provision("1", 901).await)),
        "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its \
         minimum value of [100]."
    );
    provision("1", 2).await.unwrap();
    assert_eq!(
        refused(refusal(reserve(1).await)),
        " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2]."
    );
    reserve(2).await.unwrap();
    assert_eq!(
        refused(refusal(provision("2", 1).await)),
        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
    );
    // Again all that is left, of what is its own.
    provision("1", 1).await.unwrap();
    reserve(900).await.unwrap();
}

#[tokio::test]
async fn only_a_whole_function_has_reserved_concurrency() {
    let sandbox = Sandbox::with_probe().await;
    let put = |name: &str| {
        let put = sandbox.lambda.put_function_concurrency();
        let put = put.function_name(name);
        put.reserved_concurrent_executions(1).send()
    };
    let (kind, _, message) = refusal(put("probe:$LATEST").await);
    assert_eq!(kind, "InvalidParameterValueException");
    let start = "This operation is permitted on Lambda functions only.";
    assert!(message.starts_with(start), "{message}");
    let (kind, _, message) = refusal(put("nobody").await);
    assert_eq!(kind, "ResourceNotFoundException");
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:nobody:$LATEST";
    assert_eq!(message, format!("Function not found: {arn}"));
}

#[tokio::test]
async fn the_account_counts_its_functions_and_the_code_of_all_versions() {
    let sandbox = Sandbox::with_probe().await;
    let usage = async || {
        let settings = sandbox.lambda.get_account_settings().send().await.unwrap();
        let usage = settings.account_usage.unwrap();
        (usage.function_count, usage.total_code_size)
    };
    let zip = i64::try_from(probe_zip().len()).unwrap();
    assert_eq!(usage().await, (1, zip));
    sandbox.publish().await;
    assert_eq!(usage().await, (1, 2 * zip));
}

#[tokio::test]
async fn what_is_provisioned_of_the_reserved_concurrency_is_for_its_version_alone() {
    let sandbox = two_versions().await;
    let lambda = &sandbox.lambda;
    let put = lambda.put_provisioned_concurrency_config();
    let put = put.function_name(FUNCTION).qualifier("1");
    put.provisioned_concurrent_executions(1)
        .send()
        .await
        .unwrap();
    reserve(&sandbox, 1).await;
    let reserved = ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded;
    assert_eq!(throttle_of_an_invocation(&sandbox).await, reserved);
    let provisioned = sandbox.ask(&does("who")).qualifier("live").send().await;
    assert_eq!(provisioned.unwrap().executed_version.as_deref(), Some("1"));
    reserve(&sandbox, 2).await;
    sandbox.answer(does("who")).await;
}
