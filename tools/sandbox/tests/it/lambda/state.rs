//! Changes that take their time, with `--realistic`: no time passes here, the tests end them.

use std::time::Duration;

use aws_sdk_lambda::{
    Client,
    operation::get_function_configuration::GetFunctionConfigurationOutput,
    primitives::Blob,
    types::{
        LastUpdateStatus, LastUpdateStatusReasonCode, ProvisionedConcurrencyStatusEnum, State,
        StateReasonCode,
    },
};

use crate::common::{
    FUNCTION, Sandbox, create_function, does, eventually, payload, probe_zip, refusal,
};

const PENDING: &str = "The operation cannot be performed at this time. \
    The function is currently in the following state: Pending";

async fn realistic() -> Sandbox {
    Sandbox::start_with(|options| {
        options.realistic = true;
        options.settle_time = Duration::from_hours(24);
    })
    .await
}

async fn configuration(lambda: &Client, qualifier: &str) -> GetFunctionConfigurationOutput {
    let get = lambda.get_function_configuration().function_name(FUNCTION);
    get.qualifier(qualifier).send().await.unwrap()
}

/// Fails unless it is a conflict with these words.
fn assert_conflict((kind, status, message): (String, u16, String), expected: &str) {
    assert_eq!((kind.as_str(), status), ("ResourceConflictException", 409));
    assert_eq!(message, expected);
}

#[tokio::test]
async fn a_new_function_is_pending_and_then_active_with_another_revision() {
    let sandbox = realistic().await;
    let lambda = &sandbox.lambda;
    let created = create_function(lambda, probe_zip()).send().await.unwrap();
    let reason = Some("The function is being created.");
    assert_eq!(created.state, Some(State::Pending));
    assert_eq!(created.state_reason.as_deref(), reason);
    assert_eq!(created.state_reason_code, Some(StateReasonCode::Creating));
    assert_eq!(created.last_update_status, None);
    assert_conflict(refusal(sandbox.ask(&does("who")).send().await), PENDING);
    let publish = lambda.publish_version().function_name(FUNCTION).send();
    assert_conflict(refusal(publish.await), PENDING);

    sandbox.settle();
    let active = configuration(lambda, "$LATEST").await;
    assert_eq!(active.state, Some(State::Active));
    assert_eq!(
        (active.state_reason, active.state_reason_code),
        (None, None)
    );
    assert_eq!(
        active.last_update_status,
        Some(LastUpdateStatus::Successful)
    );
    assert_ne!(active.revision_id, created.revision_id);
    sandbox.answer(does("who")).await;
    let stale = lambda
        .update_function_configuration()
        .function_name(FUNCTION);
    let stale = stale.set_revision_id(created.revision_id).timeout(5);
    let (kind, status, _) = refusal(stale.send().await);
    assert_eq!(
        (kind.as_str(), status),
        ("PreconditionFailedException", 412)
    );
}

#[tokio::test]
async fn an_update_is_in_progress_and_until_it_is_over_the_function_runs_as_before() {
    let sandbox = realistic().await;
    let lambda = &sandbox.lambda;
    create_function(lambda, probe_zip()).send().await.unwrap();
    sandbox.settle();
    let before = sandbox.answer(does("who")).await;
    let update = || {
        let update = lambda.update_function_configuration();
        update.function_name(FUNCTION).memory_size(256).send()
    };
    let updated = update().await.unwrap();
    assert_eq!(updated.state, Some(State::Active));
    let in_progress = Some(LastUpdateStatus::InProgress);
    assert_eq!(updated.last_update_status, in_progress);
    let reason = Some("The function is being created.");
    assert_eq!(updated.last_update_status_reason.as_deref(), reason);
    assert_eq!(
        updated.last_update_status_reason_code,
        Some(LastUpdateStatusReasonCode::from("Creating"))
    );
    let expected = "The operation cannot be performed at this time. An update is in progress for resource: \
         arn:aws:lambda:us-east-1:000000000000:function:probe";
    assert_conflict(refusal(update().await), expected);
    let code = lambda.update_function_code().function_name(FUNCTION);
    let code = code.zip_file(Blob::new(probe_zip())).send().await;
    assert_conflict(refusal(code), expected);
    let publish = lambda.publish_version().function_name(FUNCTION).send();
    assert_conflict(refusal(publish.await), expected);
    let during = sandbox.answer(does("who")).await;
    assert_eq!(during["pid"], before["pid"]);
    assert_eq!(sandbox.answer(does("context")).await["memory_mib"], 128);

    sandbox.settle();
    let after = configuration(lambda, "$LATEST").await;
    assert_eq!(after.last_update_status, Some(LastUpdateStatus::Successful));
    assert_eq!(after.last_update_status_reason, None);
    assert_ne!(after.revision_id, updated.revision_id);
    assert_eq!(sandbox.answer(does("context")).await["memory_mib"], 256);
    update().await.unwrap();
}

#[tokio::test]
async fn a_version_that_is_published_with_an_update_is_pending() {
    let sandbox = realistic().await;
    let lambda = &sandbox.lambda;
    create_function(lambda, probe_zip()).send().await.unwrap();
    sandbox.settle();
    let update = lambda.update_function_code().function_name(FUNCTION);
    let update = update.zip_file(Blob::new(probe_zip())).publish(true);
    let published = update.send().await.unwrap();
    assert_eq!(published.version.as_deref(), Some("1"));
    assert_eq!(published.state, Some(State::Pending));
    assert_eq!(published.last_update_status, None);
    let latest = configuration(lambda, "$LATEST").await;
    assert_eq!(
        latest.last_update_status,
        Some(LastUpdateStatus::InProgress)
    );
    let invoke = sandbox.ask(&does("who")).qualifier("1").send().await;
    assert_conflict(refusal(invoke), PENDING);

    sandbox.settle();
    let active = configuration(lambda, "1").await;
    assert_eq!(active.state, Some(State::Active));
    assert_ne!(active.revision_id, published.revision_id);
    let invoke = sandbox.ask(&does("context")).qualifier("1").send().await;
    assert_eq!(payload(&invoke.unwrap())["version"], "1");
}

#[tokio::test]
async fn provisioned_concurrency_is_in_progress_and_then_ready() {
    let sandbox = realistic().await;
    let lambda = &sandbox.lambda;
    let create = create_function(lambda, probe_zip()).publish(true);
    create.send().await.unwrap();
    let put = lambda.put_provisioned_concurrency_config();
    let put = put.function_name(FUNCTION).qualifier("1");
    let put = put.provisioned_concurrent_executions(2).send();
    put.await.unwrap();
    let get = async || {
        let get = lambda.get_provisioned_concurrency_config();
        let get = get.function_name(FUNCTION).qualifier("1").send().await;
        let got = get.unwrap();
        let available = got.available_provisioned_concurrent_executions;
        (got.status.unwrap(), available)
    };
    let in_progress = ProvisionedConcurrencyStatusEnum::InProgress;
    assert_eq!(get().await, (in_progress, Some(0)));
    sandbox.settle();
    let ready = ProvisionedConcurrencyStatusEnum::Ready;
    assert_eq!(get().await, (ready, Some(2)));
}

#[tokio::test]
async fn a_change_ends_by_itself() {
    let sandbox = Sandbox::start_with(|options| {
        options.realistic = true;
        options.settle_time = Duration::from_millis(1);
    })
    .await;
    let create = create_function(&sandbox.lambda, probe_zip());
    let created = create.send().await.unwrap();
    assert_eq!(created.state, Some(State::Pending));
    eventually("it is active", async || {
        let now = configuration(&sandbox.lambda, "$LATEST").await;
        now.state == Some(State::Active)
    })
    .await;
    sandbox.answer(does("who")).await;
}
