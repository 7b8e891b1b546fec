//! A queue that invokes the probe, and what the probe's log says about it.

use std::collections::BTreeMap;

use aws_sdk_lambda::{
    operation::create_event_source_mapping::builders::CreateEventSourceMappingFluentBuilder,
    types::FunctionResponseType,
};
use aws_sdk_sqs::types::QueueAttributeName as Name;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{FUNCTION, Sandbox, eventually, host, probe_zip, queues::Queue};

/// A queue with a visibility timeout of one second and a dead-letter queue.
pub struct Source {
    pub queue: Queue,
    pub dead: Queue,
}

/// One batch as the probe has logged it.
#[derive(Debug, Clone, Deserialize)]
pub struct Batch {
    pub id: String,
    pub at_ms: u64,
    pub version: String,
    /// Names and receive counts.
    pub messages: Vec<(String, u64)>,
}

/// A sandbox with the probe as version 1 behind `live`, with a time limit of one second.
pub async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await;
    with_live(&sandbox).await;
    sandbox
}

/// Puts the probe as version 1 behind `live`, with a time limit of one second.
pub async fn with_live(sandbox: &Sandbox) {
    sandbox.create(host(), probe_zip()).await;
    sandbox.limit_to_one_second().await;
    sandbox.publish().await;
    let alias = sandbox.lambda.create_alias().function_name(FUNCTION);
    let alias = alias.name("live").function_version("1");
    alias.send().await.unwrap();
}

/// A queue whose messages are delivered `max_receives` times.
pub async fn source(sandbox: &Sandbox, max_receives: u32) -> Source {
    let dead = Queue::create(sandbox, "dead", &[]).await;
    let policy = json!({"deadLetterTargetArn": dead.arn, "maxReceiveCount": max_receives});
    let attributes = [
        (Name::VisibilityTimeout, "1"),
        (Name::RedrivePolicy, &policy.to_string()),
    ];
    let queue = Queue::create(sandbox, "q", &attributes).await;
    Source { queue, dead }
}

/// A mapping from the queue to `live` that takes partial batch responses.
pub fn map(sandbox: &Sandbox, queue: &Queue) -> CreateEventSourceMappingFluentBuilder {
    sandbox
        .lambda
        .create_event_source_mapping()
        .function_name(format!("{FUNCTION}:live"))
        .event_source_arn(&queue.arn)
        .function_response_types(FunctionResponseType::ReportBatchItemFailures)
}

/// The batches that began, in their order.
pub fn batches(sandbox: &Sandbox) -> Vec<Batch> {
    let mut batches = logged::<Batch>(sandbox, "began ");
    batches.sort_by_key(|batch| batch.at_ms);
    batches
}

/// How often each message was delivered to the function.
pub fn deliveries(sandbox: &Sandbox) -> BTreeMap<String, u64> {
    let mut deliveries = BTreeMap::new();
    for batch in batches(sandbox) {
        for (name, _) in batch.messages {
            *deliveries.entry(name).or_default() += 1;
        }
    }
    deliveries
}

/// Most batches that the function had in its hands at one moment.
pub fn concurrency(sandbox: &Sandbox) -> usize {
    #[derive(Deserialize)]
    struct End {
        at_ms: u64,
    }
    let begins = batches(sandbox).into_iter().map(|batch| (batch.at_ms, 1));
    let ends = logged::<End>(sandbox, "ended ");
    let ends = ends.into_iter().map(|end| (end.at_ms, -1));
    // Of the same millisecond, ends come first.
    let mut steps: Vec<(u64, i32)> = begins.chain(ends).collect();
    steps.sort_unstable();
    let mut now = 0;
    let most = steps.into_iter().map(|(_, step)| {
        now += step;
        now
    });
    usize::try_from(most.max().unwrap_or(0)).unwrap()
}

fn logged<T: for<'a> Deserialize<'a>>(sandbox: &Sandbox, word: &str) -> Vec<T> {
    // No log at all before the first invocation.
    let logs = (**sandbox).logs(FUNCTION).unwrap_or_default();
    logs.lines()
        .filter_map(|line| line.strip_prefix(word))
        .map(|json| serde_json::from_str(json).unwrap())
        .collect()
}

/// Waits until nothing is left in the queue.
pub async fn drained(queue: &Queue) {
    eventually("the queue is empty", async || {
        super::queues::depth(queue).await == 0
    })
    .await;
}

/// The state of a mapping; none when it is gone.
pub async fn state(sandbox: &Sandbox, uuid: &str) -> Option<String> {
    let get = sandbox.lambda.get_event_source_mapping().uuid(uuid);
    get.send().await.ok()?.state
}

/// The body of a message.
pub fn message(name: &str, order: Value) -> String {
    let mut message = order;
    message["name"] = json!(name);
    message.to_string()
}
