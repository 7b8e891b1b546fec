//! Delivers one batch to the function, and deletes from the queue what has succeeded.

use std::{collections::HashSet, time::Duration};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::{
    event::{self, Record},
    mapping::Mapping,
    response,
};
use crate::{
    execution::invocation::Answer,
    services::{
        lambda::Lambda,
        sqs::{self, Sqs, model::message::Millis},
    },
};

/// First pause after a throttle; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Longest pause after a throttle.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What a poller works with. Cheap to clone.
#[derive(Clone)]
pub struct PollerContext {
    /// Runs the function.
    pub lambda: Lambda,
    /// Has the queue.
    pub sqs: Sqs,
    /// Which queue invokes which function.
    pub mapping: Mapping,
    /// Cancelled when the mapping is to stop.
    pub stop: CancellationToken,
}

impl PollerContext {
    /// Delivers a batch, in several events if it is too large for one. In a FIFO queue nothing is delivered after an
    /// event that has failed: the order is kept.
    pub async fn deliver(&self, batch: Vec<Record>, visibility: Millis) {
        let fifo = self.mapping.queue_arn.ends_with(".fifo");
        for records in event::split(batch) {
            let done = self.deliver_event(&records, visibility).await;
            if fifo && !done {
                return;
            }
        }
    }

    /// Delivers one event; says whether the function is done with all records.
    async fn deliver_event(&self, records: &[Record], visibility: Millis) -> bool {
        // After that time the messages are visible again, and others may receive them.
        let until = records.iter().map(|record| record.received).min();
        let until = until.unwrap_or_default() + visibility;
        match self.invoke(event::event(records), until).await {
            Some(answer) => self.delete_processed(records, &answer),
            None => false,
        }
    }

    /// Invokes the function. While it is throttled or does not exist, it is tried again until the messages become visible.
    async fn invoke(&self, event: Bytes, until: Millis) -> Option<Answer> {
        let mut pause = FIRST_PAUSE;
        loop {
            let Mapping {
                function, region, ..
            } = &self.mapping;
            let invoked = self
                .lambda
                .invoke(function.clone(), region, event.clone())
                .await;
            let error = match invoked {
                Ok(invoked) => return Some(invoked.answer),
                Err(error) => error,
            };
            // Jitter: not all pollers at the same moment again.
            let jittered = pause.mul_f64(0.5 + 0.5 * rand::random::<f64>());
            let left = Duration::from_millis(until.saturating_sub(sqs::now()));
            if jittered >= left {
                tracing::warn!(function = function.name, %error, "gave a batch back to its queue");
                return None;
            }
            tokio::select! {
                () = self.stop.cancelled() => return None,
                () = tokio::time::sleep(jittered) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Deletes what the function has processed; says whether that is all.
    fn delete_processed(&self, records: &[Record], answer: &Answer) -> bool {
        if answer.failed {
            return false;
        }
        let failed = if self.mapping.settings.reports_failures {
            let batch: HashSet<&str> = records.iter().map(|record| record.id.as_str()).collect();
            match response::failures(&answer.body, &batch) {
                Ok(failed) => failed,
                Err(error) => {
                    let function = &self.mapping.function.name;
                    tracing::warn!(function, %error, "the whole batch has failed");
                    return false;
                }
            }
        } else {
            HashSet::new()
        };
        let queue = self.mapping.queue();
        let deleted = self.sqs.change(|queues| {
            for record in records.iter().filter(|record| !failed.contains(&record.id)) {
                // Fails when the visibility timeout is over: then the message is delivered again, as SQS may do anyway.
                if let Err(error) = queues.delete_message(queue, &record.handle, sqs::now()) {
                    tracing::warn!(queue, %error, "could not delete a message that is done");
                }
            }
            Ok(())
        });
        if let Err(error) = deleted {
            tracing::warn!(queue, %error, "messages that are done may come again");
        }
        failed.is_empty()
    }
}
