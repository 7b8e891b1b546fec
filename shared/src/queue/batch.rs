//! A batch under its deadline: records side by side, those of one message group one after another.
//!
//! ```text
//! records --lanes--> [a] [b] [c1 c2 c3] ... --at most CONCURRENCY lanes at once--> one outcome each
//! ```
//!
//! A lane is what must keep its order: a single record of a standard queue, a message group of a
//! FIFO queue. A lane stops at its first failure and gives back the rest of itself, so that what
//! is acknowledged of a group is always a prefix of it. When the deadline comes, work in flight is
//! dropped and goes back together with what was not begun.
//!
//! SQS counts a delivery of what goes back behind a failure too, so that poison takes along to the
//! dead-letter queue what always comes in one batch with it. Where that matters, a FIFO queue's
//! trigger wants `batch_size = 1`: then the group waits in the queue.

use std::{collections::HashMap, panic::AssertUnwindSafe};

use futures_util::{FutureExt as _, StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

use super::{
    event::{Batch, Record},
    failure::Failure,
};

/// How many lanes run at once: Lambda's usual batch. Where a batch is larger it bounds memory: a
/// document of 256 KiB in flight costs about 1 MiB, as JSON, base64 and bytes.
pub const CONCURRENCY: usize = 10;

/// A record and what came of it.
#[derive(Debug)]
pub struct Outcome<T, E> {
    /// The record.
    pub record: Record,
    /// What `work` gave, or why the record goes back.
    pub result: Result<T, Failure<E>>,
}

/// Does `work` for every record of the batch until `deadline`; gives one outcome per record, in
/// the batch's order.
///
/// Returns at `deadline` at the latest, as far as `work` does not block the thread. A panic of
/// `work` is that record's failure and no other's. `work` may be dropped at any await.
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

/// Records that must be done one after another, with their places in the batch.
type Lane = Vec<(usize, Record)>;

fn lanes(batch: Batch) -> Vec<Lane> {
    let records = batch.records.into_iter().enumerate();
    if !batch.fifo {
        return records.map(|record| vec![record]).collect();
    }
    // A record that does not say its group may belong to any: then the whole batch keeps its order.
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
    // Those whose first message waited longest begin first.
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
    // A timeout polls once, however late it is: that would send a request only to drop it.
    if Instant::now() >= deadline {
        return Err(Failure::OutOfTime);
    }
    // What a panic leaves behind is the record's own future, which is dropped.
    let guarded = AssertUnwindSafe(async { work(record).await }).catch_unwind();
    match timeout_at(deadline, guarded).await {
        Ok(Ok(result)) => result.map_err(Failure::Work),
        Ok(Err(_panic)) => Err(Failure::Panicked),
        Err(_elapsed) => Err(Failure::OutOfTime),
    }
}

#[cfg(test)]
mod tests;
