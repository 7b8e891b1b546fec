//! Processes a batch until its deadline: messages concurrently, those of one message group one after another.
//!
//! ```text
//! messages --lanes--> [a] [b] [c1 c2 c3] ... --at most CONCURRENCY lanes at once--> one outcome each
//! ```
//!
//! A lane is a sequence of messages that must keep its order: a single message of a standard queue, a message
//! group of a FIFO queue. A lane stops at its first failure and returns its remaining messages to the queue, so
//! that the acknowledged messages of a group are always its first ones. At the deadline, work in progress is
//! dropped, and its messages return to the queue together with those that were not started.
//!
//! SQS also counts a delivery of the messages that return behind a failure. So a poison message can take messages
//! that are always delivered in one batch with it to the dead-letter queue. Where that matters, set
//! `batch_size = 1` for a FIFO queue's trigger: then the group waits in the queue.

use std::{collections::HashMap, panic::AssertUnwindSafe};

use aws_lambda_events::sqs::SqsMessage;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

use super::Failure;

/// How many lanes run at once: Lambda's default batch size. For a larger batch it limits memory.
pub const CONCURRENCY: usize = 10;

/// How a FIFO queue's ARN ends. A message group does not tell it: standard queues have groups too (fair queues).
const FIFO_SUFFIX: &str = ".fifo";

/// A message and its result.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) message: SqsMessage,
    pub(super) result: Result<(), Failure>,
}

/// Runs `work` for every message until `deadline`; returns one outcome per message, in the batch's order.
///
/// Returns at `deadline` at the latest, unless `work` blocks the thread. A panic of `work` fails only its message.
pub(super) async fn run(
    messages: Vec<SqsMessage>,
    deadline: Instant,
    work: impl AsyncFn(&SqsMessage) -> Result<(), Failure>,
) -> Vec<Outcome> {
    let lanes: Vec<Vec<(usize, Outcome)>> = stream::iter(lanes(messages))
        .map(|lane| run_lane(lane, deadline, &work))
        .buffer_unordered(CONCURRENCY)
        .collect()
        .await;
    let mut outcomes: Vec<_> = lanes.into_iter().flatten().collect();
    outcomes.sort_unstable_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

pub(super) fn is_of_a_fifo_queue(message: &SqsMessage) -> bool {
    let arn = message.event_source_arn.as_deref();
    arn.is_some_and(|arn| arn.ends_with(FIFO_SUFFIX))
}

/// Messages that must be processed one after another, with their indexes in the batch.
type Lane = Vec<(usize, SqsMessage)>;

fn lanes(messages: Vec<SqsMessage>) -> Vec<Lane> {
    let fifo = messages.iter().any(is_of_a_fifo_queue);
    let messages = messages.into_iter().enumerate();
    if !fifo {
        return messages.map(|message| vec![message]).collect();
    }
    // A message without a group may belong to any of them: then the whole batch keeps its order.
    let messages: Lane = messages.collect();
    if messages.iter().any(|(_, message)| group(message).is_none()) {
        return vec![messages];
    }
    let mut groups: HashMap<Option<String>, Lane> = HashMap::new();
    for (index, message) in messages {
        let group = group(&message).cloned();
        groups.entry(group).or_default().push((index, message));
    }
    let mut lanes: Vec<Lane> = groups.into_values().collect();
    // The lane with the oldest first message starts first.
    lanes.sort_unstable_by_key(|lane| lane.first().map(|(index, _)| *index));
    lanes
}

fn group(message: &SqsMessage) -> Option<&String> {
    message.attributes.get("MessageGroupId")
}

async fn run_lane(
    lane: Lane,
    deadline: Instant,
    work: &impl AsyncFn(&SqsMessage) -> Result<(), Failure>,
) -> Vec<(usize, Outcome)> {
    let mut outcomes = Vec::with_capacity(lane.len());
    let mut stopped_by: Option<String> = None;
    for (index, message) in lane {
        let result = match &stopped_by {
            Some(id) => {
                let reason = format!("waits for message {id} of the same group, which goes back");
                Err(Failure::transient("BehindAFailure", reason))
            }
            None => within(deadline, &message, work).await,
        };
        if result.is_err() && stopped_by.is_none() {
            stopped_by = Some(message.message_id.clone().unwrap_or_default());
        }
        outcomes.push((index, Outcome { message, result }));
    }
    outcomes
}

async fn within(
    deadline: Instant,
    message: &SqsMessage,
    work: &impl AsyncFn(&SqsMessage) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let out_of_time = || Failure::transient("OutOfTime", "the invocation's time was over");
    // A timeout polls once even when it is late, which would send a request only to drop it.
    if Instant::now() >= deadline {
        return Err(out_of_time());
    }
    // A panic leaves only the message's own future behind, which is dropped.
    let guarded = AssertUnwindSafe(async { work(message).await }).catch_unwind();
    match timeout_at(deadline, guarded).await {
        Ok(Ok(result)) => result,
        Ok(Err(_panic)) => Err(Failure::permanent(
            "Panicked",
            "the work on this message panicked",
        )),
        Err(_elapsed) => Err(out_of_time()),
    }
}

#[cfg(test)]
mod tests;
