//! Reads the queue: one task per mapping fills batches, and one task per batch delivers it.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

use super::{
    delivery::PollerContext,
    event::{MAX_EVENT_BYTES, Record},
};
use crate::services::sqs::{
    ReceiveOptions,
    error::SqsError,
    model::{message::Millis, queue::Delivery},
    now,
};

/// Longest wait for messages that SQS allows, in milliseconds.
const LONG_POLL: Millis = 20_000;

/// Most messages of one receive.
const RECEIVE_SIZE: usize = 10;

/// How long to wait when the queue cannot be read.
const PAUSE: Duration = Duration::from_secs(1);

/// Reads the queue until the mapping is stopped; then waits for the batches that are under way. A batch is only begun
/// when there is a slot for it: at most `concurrency` are delivered at once.
pub async fn run(context: PollerContext, concurrency: usize) {
    let slots = Arc::new(Semaphore::new(concurrency));
    let mut under_way = JoinSet::new();
    while let Some(slot) = free_slot(&context, &slots).await {
        match fill_batch(&context).await {
            Ok(batch) if batch.records.is_empty() => {}
            Ok(batch) => {
                let context = context.clone();
                under_way.spawn(async move {
                    context.deliver(batch.records, batch.visibility).await;
                    drop(slot);
                });
            }
            Err(error) => pause(&context, &error).await,
        }
        while under_way.try_join_next().is_some() {}
    }
    while under_way.join_next().await.is_some() {}
}

/// A slot for a batch; none when the mapping is to stop.
async fn free_slot(
    context: &PollerContext,
    slots: &Arc<Semaphore>,
) -> Option<OwnedSemaphorePermit> {
    tokio::select! {
        biased;
        () = context.stop.cancelled() => None,
        slot = Arc::clone(slots).acquire_owned() => slot.ok(),
    }
}

async fn pause(context: &PollerContext, error: &SqsError) {
    let queue = context.mapping.queue();
    tracing::warn!(queue, %error, "an event source mapping cannot read its queue");
    let _ = tokio::time::timeout(PAUSE, context.stop.cancelled()).await;
}

#[derive(Debug, Default)]
struct Batch {
    records: Vec<Record>,
    /// Size of the event in bytes.
    size: usize,
    /// The queue's visibility timeout.
    visibility: Millis,
}

impl Batch {
    fn is_full(&self, largest: usize) -> bool {
        self.records.len() >= largest || self.size >= MAX_EVENT_BYTES
    }
}

/// Fills a batch until it is full, or its window is over, or the mapping is to stop. The window begins with the first
/// message; until then the wait is a long poll, after which the batch may be empty.
async fn fill_batch(context: &PollerContext) -> Result<Batch, SqsError> {
    let settings = context.mapping.settings;
    let largest = usize::try_from(settings.batch_size).unwrap_or(usize::MAX);
    let mut batch = Batch::default();
    let mut wait = LONG_POLL;
    let mut end = None;
    loop {
        let asked = ReceiveOptions {
            max: RECEIVE_SIZE.min(largest - batch.records.len()),
            visibility: None,
            wait: Some(wait),
        };
        let received = tokio::select! {
            biased;
            () = context.stop.cancelled() => return Ok(batch),
            received = context.sqs.receive(context.mapping.queue(), asked) => received,
        };
        match received {
            Ok(deliveries) => add(context, &mut batch, &deliveries),
            // What there is already is delivered first.
            Err(_) if !batch.records.is_empty() => return Ok(batch),
            Err(error) => return Err(error),
        }
        let window = Millis::from(settings.window_s) * 1000;
        let end = *end.get_or_insert(now() + window);
        wait = end.saturating_sub(now());
        if batch.records.is_empty() || batch.is_full(largest) || wait == 0 {
            return Ok(batch);
        }
    }
}

fn add(context: &PollerContext, batch: &mut Batch, deliveries: &[Delivery]) {
    let received = now();
    for delivery in deliveries {
        let record = Record::new(delivery, &context.mapping.queue_arn, received);
        batch.size += record.size();
        batch.records.push(record);
    }
    if let Ok(entry) = context.sqs.queues().queue(context.mapping.queue()) {
        batch.visibility = entry.settings.visibility();
    }
}
