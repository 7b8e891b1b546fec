//! What invokes the function, always through `live`.

use anyhow::{Context as _, Result};
use aws_sdk_lambda::{
    Client,
    types::{EventSourceMappingConfiguration, FunctionResponseType, ScalingConfig},
};
use package::{
    FunctionManifest,
    manifest::{QueueTrigger, Trigger},
};

use super::queue;
use crate::{
    LIVE,
    client::{endpoint::Clients, lambda},
    services::{eventbridge::Rule, http_api},
};

/// Sets what `CreateEventSourceMapping` and `UpdateEventSourceMapping` have in common: the methods of their builders have
/// the same names, and no trait.
macro_rules! with_trigger {
    ($request:expr, $trigger:expr) => {
        $request
            .batch_size(number($trigger.batch_size))
            .maximum_batching_window_in_seconds(number($trigger.batching_window_s))
            .scaling_config(scaling($trigger))
            .function_response_types(FunctionResponseType::ReportBatchItemFailures)
    };
}

/// Makes the trigger or changes what differs; says what it did. Nothing where nothing invokes the function.
///
/// # Errors
/// When the sandbox cannot be reached or refuses.
pub(super) async fn apply(
    clients: &Clients,
    manifest: &FunctionManifest,
) -> Result<Option<String>> {
    let rules = Rule::from_trigger(&manifest.trigger);
    clients.admin.set_rules(&manifest.name, &rules).await?;
    match &manifest.trigger {
        Trigger::None => Ok(None),
        Trigger::Http => {
            let url = clients.admin.open_http_api(&manifest.name).await?;
            allow_http_api(&clients.lambda, &manifest.name).await?;
            Ok(Some(format!("{url} invokes {LIVE}")))
        }
        Trigger::Schedule(_) | Trigger::Controller => {
            let rules: Vec<_> = rules.iter().map(ToString::to_string).collect();
            Ok(Some(rules.join(", ")))
        }
        Trigger::Queue(trigger) => {
            let source = source(clients, manifest, trigger).await?;
            map(&clients.lambda, &manifest.name, &source)
                .await
                .map(Some)
        }
    }
}

/// Lets the HTTP API invoke `live`, once there is one. Nothing here asks for it; `rollout` reads from it which API's
/// requests are the function's.
async fn allow_http_api(client: &Client, function: &str) -> Result<()> {
    if !lambda::has_alias(client, function, LIVE).await? {
        return Ok(());
    }
    let allow = client
        .add_permission()
        .function_name(function)
        .qualifier(LIVE)
        .statement_id("http")
        .action("lambda:InvokeFunction")
        .principal("apigateway.amazonaws.com")
        .source_arn(http_api::source_arn(function));
    match allow.send().await {
        Ok(_) => Ok(()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_resource_conflict_exception()) =>
        {
            Ok(())
        }
        Err(error) => {
            Err(error).with_context(|| format!("cannot let HTTP invoke {function}:{LIVE}"))
        }
    }
}

/// Makes this the one event source mapping of the function.
async fn map(client: &Client, function: &str, source: &Source<'_>) -> Result<String> {
    if !lambda::has_alias(client, function, LIVE).await? {
        let queue = &source.queue;
        return Ok(format!(
            "{queue} waits for {function}:{LIVE}; `rollout publish {function}` makes it, then apply again"
        ));
    }
    let mappings = mappings(client, function).await?;
    let (own, others): (Vec<_>, Vec<_>) = mappings
        .into_iter()
        .partition(|mapping| mapping.event_source_arn() == Some(&source.arn));
    for other in others {
        let delete = client.delete_event_source_mapping().set_uuid(other.uuid);
        let deleted = delete.send().await;
        deleted.with_context(|| format!("cannot delete a trigger of {function}"))?;
    }
    match own.into_iter().next() {
        None => create(client, function, source).await,
        Some(found) => update(client, function, source, found).await,
    }
}

/// The queue that is to invoke the function, and how.
struct Source<'a> {
    queue: String,
    arn: String,
    trigger: &'a QueueTrigger,
}

async fn source<'a>(
    clients: &Clients,
    manifest: &'a FunctionManifest,
    trigger: &'a QueueTrigger,
) -> Result<Source<'a>> {
    let mut queues = manifest.queues.iter();
    let queue = queues.find(|queue| queue.name == trigger.queue);
    let queue = queue
        .map(|queue| queue.queue_name.clone())
        .with_context(|| {
            let (name, queue) = (&manifest.name, &trigger.queue);
            format!("{name} has no queue {queue}: build it again (scripts/build.sh {name})")
        })?;
    let arn = queue::arn_of(&clients.json, &queue).await?;
    Ok(Source {
        queue,
        arn,
        trigger,
    })
}

async fn mappings(client: &Client, function: &str) -> Result<Vec<EventSourceMappingConfiguration>> {
    let list = client.list_event_source_mappings();
    let list = list.function_name(format!("{function}:{LIVE}"));
    let pages = list.into_paginator().items().send();
    let mappings = pages.collect::<Result<Vec<_>, _>>().await;
    mappings.with_context(|| format!("cannot list the triggers of {function}"))
}

async fn create(client: &Client, function: &str, source: &Source<'_>) -> Result<String> {
    let (queue, trigger) = (&source.queue, source.trigger);
    let create = client
        .create_event_source_mapping()
        .function_name(format!("{function}:{LIVE}"))
        .event_source_arn(&source.arn);
    let created = with_trigger!(create, trigger).send().await;
    created.with_context(|| format!("cannot let {queue} invoke {function}:{LIVE}"))?;
    Ok(format!("{queue} invokes {LIVE}, created"))
}

async fn update(
    client: &Client,
    function: &str,
    source: &Source<'_>,
    found: EventSourceMappingConfiguration,
) -> Result<String> {
    let (queue, trigger) = (&source.queue, source.trigger);
    let same = found.batch_size == Some(number(trigger.batch_size))
        && found.maximum_batching_window_in_seconds.unwrap_or(0)
            == number(trigger.batching_window_s)
        && found.scaling_config == Some(scaling(trigger))
        && found.function_response_types() == [FunctionResponseType::ReportBatchItemFailures];
    if same {
        return Ok(format!("{queue} invokes {LIVE}, unchanged"));
    }
    let update = client.update_event_source_mapping().set_uuid(found.uuid);
    let updated = with_trigger!(update, trigger).send().await;
    updated.with_context(|| format!("cannot update the trigger of {function}"))?;
    Ok(format!("{queue} invokes {LIVE}, updated"))
}

fn scaling(trigger: &QueueTrigger) -> ScalingConfig {
    ScalingConfig::builder()
        .maximum_concurrency(number(trigger.maximum_concurrency))
        .build()
}

/// Beyond what Lambda takes anyway: it says so, with the limits.
fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
