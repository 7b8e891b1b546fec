//! Processes a batch until its deadline: records concurrently, those of one message group one after another.
//!
//! ```text
//! records --lanes--> [a] [b] [c1 c2 c3] ... --at most CONCURRENCY lanes at once--> one outcome each
//! ```
//!
//! A lane is a sequence of records that must keep its order: a single record of a standard queue, a message
//! group of a FIFO queue. A lane stops at its first failure and returns its remaining records to the queue, so
//! that the acknowledged records of a group are always its first ones. At the deadline, work in progress is
//! dropped, and its records return to the queue together with those that were not started.
//!
//! SQS also counts a delivery of the records that return behind a failure. So a poison message can take messages
//! that are always delivered in one batch with it to the dead-letter queue. Where that matters, set
//! `batch_size = 1` for a FIFO queue's trigger: then the group waits in the queue.

use std::{collections::HashMap, panic::AssertUnwindSafe};

use futures_util::{FutureExt as _, StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

use super::{
    event::{Batch, Record},
    failure::Failure,
};

/// How many lanes run at once: Lambda's default batch size. For a larger batch it limits memory: a
/// document of 256 KiB in progress takes about 1 MiB, as JSON, base64 and bytes.
pub const CONCURRENCY: usize = 10;

/// A record and its result.
#[derive(Debug)]
pub struct Outcome<T, E> {
    /// The record.
    pub record: Record,
    /// What `work` returned, or why the record goes back to the queue.
    pub result: Result<T, Failure<E>>,
}

/// Runs `work` for every record of the batch until `deadline`; returns one outcome per record, in
/// the batch's order.
///
/// Returns at `deadline` at the latest, unless `work` blocks the thread. A panic of `work` fails
/// only its record. `work` may be dropped at any await.
pub async fn process<T, E>(
    batch: Batch,
    deadline: Instant,
    work: impl AsyncFn(&Record) -> Result<T, E>,
) -> Vec<Outcome<T, E>> {
    let lanes: Vec<Vec<(usize, Outcome<T, E>)>> = stream::iter(lanes(batch))
        .map(|lane| run(lane, deadline, &work))
        .buffer_unordered(CONCURRENCY)
        .collect()
        .await;
    let mut outcomes: Vec<_> = lanes.into_iter().flatten().collect();
    outcomes.sort_unstable_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Records that must be processed one after another, with their indexes in the batch.
type Lane = Vec<(usize, Record)>;

fn lanes(batch: Batch) -> Vec<Lane> {
    let records = batch.records.into_iter().enumerate();
    if !batch.fifo {
        return records.map(|record| vec![record]).collect();
    }
    // A record without a group may belong to any of them: then the whole batch keeps its order.
    let records: Lane = records.collect();
    if records.iter().any(|(_, record)| record.group.is_none()) {
        return vec![records];
    }
    let mut groups: HashMap<Option<String>, Lane> = HashMap::new();
    for (index, record) in records {
        groups
            .entry(record.group.clone())
            .or_default()
            .push((index, record));
    }
    let mut lanes: Vec<Lane> = groups.into_values().collect();
    // The lane with the oldest first message starts first.
    lanes.sort_unstable_by_key(|lane| lane.first().map(|(index, _)| *index));
    lanes
}

async fn run<T, E>(
    lane: Lane,
    deadline: Instant,
    work: &impl AsyncFn(&Record) -> Result<T, E>,
) -> Vec<(usize, Outcome<T, E>)> {
    let mut outcomes = Vec::with_capacity(lane.len());
    let mut stopped_by: Option<String> = None;
    for (index, record) in lane {
        let result = match &stopped_by {
            Some(message_id) => Err(Failure::BehindAFailure {
                message_id: message_id.clone(),
            }),
            None => within(deadline, &record, work).await,
        };
        if result.is_err() && stopped_by.is_none() {
            stopped_by = Some(record.message_id.clone());
        }
        outcomes.push((index, Outcome { record, result }));
    }
    outcomes
}

async fn within<T, E>(
    deadline: Instant,
    record: &Record,
    work: &impl AsyncFn(&Record) -> Result<T, E>,
) -> Result<T, Failure<E>> {
    // A timeout polls once even when it is late, which would send a request only to drop it.
    if Instant::now() >= deadline {
        return Err(Failure::OutOfTime);
    }
    // A panic leaves only the record's own future behind, which is dropped.
    let guarded = AssertUnwindSafe(async { work(record).await }).catch_unwind();
    match timeout_at(deadline, guarded).await {
        Ok(Ok(result)) => result.map_err(Failure::Work),
        Ok(Err(_panic)) => Err(Failure::Panicked),
        Err(_elapsed) => Err(Failure::OutOfTime),
    }
}

#[cfg(test)]
mod tests;
