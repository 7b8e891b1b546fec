//! SQS: queues in memory, with AWS's semantics of delivery.
//!
//! # Map
//! - [`model`]: queues and messages, without I/O.
//! - [`operations`]: the API, one file per group of operations; [`wire`]: from an HTTP request to an operation and back;
//!   [`error`]: what is refused.
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
//! - Whatever the region of a request, there is one set of queues; the region only shows in the ARNs.

pub mod error;
pub mod model;
pub mod operations;
pub mod wire;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use awsim_chaos::ChaosEngine;
use chrono::Utc;

use self::{
    error::SqsError,
    model::{message::Millis, queue::Delivery, queues::Account},
};
use crate::aws::ACCOUNT_ID;

/// The SQS service of one sandbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sqs(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// URL of the sandbox.
    endpoint: String,
    /// Failures to order, for requests from outside.
    chaos: Arc<ChaosEngine>,
    account: Mutex<Account>,
}

/// What a receive asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Receive {
    /// Most messages that it takes.
    pub max: usize,
    /// For how long they are invisible; none takes the queue's setting.
    pub visibility: Option<Millis>,
    /// How long to wait for the first message; none takes the queue's setting.
    pub wait: Option<Millis>,
}

impl Sqs {
    /// A service without queues.
    #[must_use]
    pub fn new(endpoint: String, chaos: Arc<ChaosEngine>) -> Self {
        Self(Arc::new(Inner {
            endpoint,
            chaos,
            account: Mutex::default(),
        }))
    }

    /// The queues. Never held across an await.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        self.0
            .account
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The URL under which a queue is known.
    #[must_use]
    pub fn queue_url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT_ID}/{name}", self.0.endpoint)
    }

    /// Receives messages, and waits for the first one if there is none. Who drops this future has received nothing.
    ///
    /// # Errors
    /// As [`Account::receive`].
    pub async fn receive(&self, name: &str, asked: Receive) -> Result<Vec<Delivery>, SqsError> {
        let begun = now();
        loop {
            let changed = Arc::clone(&self.account().queue(name)?.changed);
            // Before the look at the queue: what changes after it wakes us.
            let notified = changed.notified();
            let now = now();
            let (deliveries, look_again) = {
                let mut account = self.account();
                let deliveries = account.receive(name, asked.max, asked.visibility, now)?;
                let slot = account.queue(name)?;
                let deadline = begun + asked.wait.unwrap_or(slot.settings.wait());
                let returns = slot.queue.next_return().unwrap_or(Millis::MAX);
                (deliveries, (now < deadline).then(|| deadline.min(returns)))
            };
            match look_again {
                Some(at) if deliveries.is_empty() => {
                    let pause = Duration::from_millis(at.saturating_sub(now).max(1));
                    // Both outcomes mean the same: look again.
                    let _ = tokio::time::timeout(pause, notified).await;
                }
                _ => return Ok(deliveries),
            }
        }
    }
}

/// The time for queues.
#[must_use]
pub fn now() -> Millis {
    Millis::try_from(Utc::now().timestamp_millis()).unwrap_or_default()
}
