//! SQS: queues in memory, and in a file where they are to outlive the sandbox, with AWS's semantics of delivery.
//!
//! # Map
//! - [`model`]: queues and messages, without I/O.
//! - [`operations`]: the API, one file per group of operations; [`wire`]: from an HTTP request to an operation and back;
//!   [`error`]: what is refused.
//! - [`store`]: queues in a file; `metrics.rs`: what is counted.
//! - [`Sqs`]: the service, for the API and for event source mappings; waiting for messages is done here.
//!
//! # Where it differs from AWS
//! - A receive sees every message: it never comes back empty by chance, and no message is delivered twice without reason.
//!   Standard queues happen to keep the order in which messages were sent.
//! - A message that was received `maxReceiveCount` times moves to the dead-letter queue with the next receive that would
//!   have delivered it, and only then.
//! - A stale receipt handle of a standard queue deletes nothing; AWS leaves open whether it does.
//! - A queue that was deleted can be created again at once, and purged as often as one likes: AWS wants 60 seconds between.
//! - `ReceiveRequestAttemptId` is not looked at. Policies, encryption and message move tasks do not exist.
//! - Metrics: a queue sends how full it is from its creation on, every second, and by the minute with `--realistic`; AWS
//!   begins and stops with a queue's use. Those of FIFO queues alone and of deduplication are missing.
//! - Whatever the region of a request, there is one set of queues; the region only shows in the ARNs.

pub mod error;
mod metrics;
pub mod model;
pub mod operations;
pub mod store;
pub mod wire;

use std::{
    ops::Deref,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::Utc;

use self::{
    error::SqsError,
    model::{message::Millis, queue::Delivery, queues::Queues},
    store::{Store, StoreError},
};
use super::cloudwatch::ServiceMetrics;
use crate::aws::ACCOUNT_ID;

/// The SQS service of one sandbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sqs(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// URL of the sandbox.
    endpoint: String,
    queues: Mutex<Queues>,
    /// Where they are saved, if they are. Locked only while `queues` is.
    store: Option<Mutex<Store>>,
    metrics: ServiceMetrics,
}

/// What a receive asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReceiveOptions {
    /// Most messages that it takes.
    pub max: usize,
    /// For how long they are invisible; none takes the queue's setting.
    pub visibility: Option<Millis>,
    /// How long to wait for the first message; none takes the queue's setting.
    pub wait: Option<Millis>,
}

impl Sqs {
    /// A service with the queues of a file, where they are saved; without queues, and in memory, without a file.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn new(
        endpoint: String,
        file: Option<&Path>,
        metrics: ServiceMetrics,
    ) -> Result<Self, StoreError> {
        let (store, queues) = file.map(Store::open).transpose()?.unzip();
        Ok(Self(Arc::new(Inner {
            endpoint,
            queues: Mutex::new(queues.unwrap_or_default()),
            store: store.map(Mutex::new),
            metrics,
        })))
    }

    /// The queues, to read them. Never held across an await.
    pub fn queues(&self) -> impl Deref<Target = Queues> {
        Reading(lock(&self.0.queues))
    }

    /// Changes queues, and saves what has changed before anybody is told.
    ///
    /// # Errors
    /// What the change gives, and [`SqsError::NotSaved`].
    pub fn change<T>(
        &self,
        change: impl FnOnce(&mut Queues) -> Result<T, SqsError>,
    ) -> Result<T, SqsError> {
        let mut queues = lock(&self.0.queues);
        let changed = change(&mut queues);
        match &self.0.store {
            None => queues.saved(),
            // Also after an error: time may have removed messages.
            Some(store) => lock(store)
                .save(&mut queues)
                .map_err(|error| SqsError::NotSaved(error.to_string()))?,
        }
        let counted = queues.take_counted();
        drop(queues);
        for (name, counted) in counted {
            metrics::send_counted(&self.0.metrics, &name, &counted);
        }
        changed
    }

    /// Sends how full every queue is, again and again without an end.
    pub async fn measure(self) {
        let mut due = tokio::time::interval(self.0.metrics.pause());
        loop {
            due.tick().await;
            let now = now();
            let levels = self.change(|queues| {
                let levels = queues.all_at(now);
                let levels = levels
                    .map(|(name, queue)| (name.to_owned(), queue.counts(), queue.oldest_age(now)));
                Ok(levels.collect::<Vec<_>>())
            });
            match levels {
                Ok(levels) => levels.into_iter().for_each(|(name, counts, age)| {
                    metrics::send_levels(&self.0.metrics, &name, counts, age);
                }),
                Err(error) => tracing::warn!(%error, "queues could not be measured"),
            }
        }
    }

    /// The URL under which a queue is known.
    #[must_use]
    pub fn queue_url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT_ID}/{name}", self.0.endpoint)
    }

    /// Receives messages, and waits for the first one if there is none. When the future is dropped before it is ready,
    /// nothing was received.
    ///
    /// # Errors
    /// As [`Queues::receive`].
    pub async fn receive(
        &self,
        name: &str,
        asked: ReceiveOptions,
    ) -> Result<Vec<Delivery>, SqsError> {
        let begun = now();
        loop {
            let changed = Arc::clone(&self.queues().queue(name)?.changed);
            // Registered before the queue is read: a change after that wakes this task.
            let notified = changed.notified();
            let now = now();
            let (deliveries, look_again) = self.change(|queues| {
                let deliveries = queues.receive(name, asked.max, asked.visibility, now)?;
                let entry = queues.queue(name)?;
                let deadline = begun + asked.wait.unwrap_or(entry.settings.wait());
                let returns = entry.queue.next_visible_at().unwrap_or(Millis::MAX);
                Ok((deliveries, (now < deadline).then(|| deadline.min(returns))))
            })?;
            match look_again {
                Some(at) if deliveries.is_empty() => {
                    let pause = Duration::from_millis(at.saturating_sub(now).max(1));
                    // Woken or timed out, the queue is read again.
                    let _ = tokio::time::timeout(pause, notified).await;
                }
                _ => {
                    if deliveries.is_empty() {
                        metrics::send_empty_receive(&self.0.metrics, name);
                    }
                    return Ok(deliveries);
                }
            }
        }
    }
}

/// Queues that nobody changes meanwhile, and that cannot be changed without being saved.
struct Reading<'a>(MutexGuard<'a, Queues>);

impl Deref for Reading<'_> {
    type Target = Queues;

    fn deref(&self) -> &Queues {
        &self.0
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The current time, as queues count it.
#[must_use]
pub fn now() -> Millis {
    Millis::try_from(Utc::now().timestamp_millis()).unwrap_or_default()
}
