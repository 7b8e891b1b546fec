//! All mappings, and the pollers that run for them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::Utc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{
    delivery::PollerContext,
    mapping::{Mapping, State},
    poller,
    settings::Settings,
};
use crate::services::{
    lambda::{
        Lambda,
        error::{ErrorKind, LambdaError},
        model::names::FunctionRef,
    },
    sqs::Sqs,
};

/// Most batches at once that AWS allows.
const MAX_CONCURRENCY: usize = 1000;

/// The event source mappings of one sandbox. Cheap to clone.
#[derive(Clone)]
pub struct EventSources(Arc<Inner>);

struct Inner {
    lambda: Lambda,
    sqs: Sqs,
    /// How many environments there may be.
    environments: usize,
    mappings: Mutex<BTreeMap<String, Entry>>,
}

struct Entry {
    mapping: Mapping,
    poller: Option<Poller>,
}

struct Poller {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Poller {
    /// Stops reading, and waits for the batches that are under way.
    async fn end(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "an event source mapping has failed");
        }
    }
}

impl EventSources {
    /// No mappings, over these services. There are never more batches at once than `environments`.
    #[must_use]
    pub fn new(lambda: Lambda, sqs: Sqs, environments: usize) -> Self {
        Self(Arc::new(Inner {
            lambda,
            sqs,
            environments,
            mappings: Mutex::default(),
        }))
    }

    /// The functions.
    #[must_use]
    pub fn lambda(&self) -> &Lambda {
        &self.0.lambda
    }

    /// The queues.
    #[must_use]
    pub fn sqs(&self) -> &Sqs {
        &self.0.sqs
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0
            .mappings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// All mappings, in the order of their ids.
    #[must_use]
    pub fn all(&self) -> Vec<Mapping> {
        let mappings = self.lock();
        mappings
            .values()
            .map(|entry| entry.mapping.clone())
            .collect()
    }

    /// A mapping.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn get(&self, uuid: &str) -> Result<Mapping, LambdaError> {
        let mappings = self.lock();
        mappings
            .get(uuid)
            .map(|entry| entry.mapping.clone())
            .ok_or_else(not_found)
    }

    /// Adds a mapping, whose state is `Creating`, and starts it if it is enabled.
    ///
    /// # Errors
    /// `ResourceConflictException` when the queue is mapped to the function already.
    pub fn add(&self, mapping: Mapping, enabled: bool) -> Result<(), LambdaError> {
        let mut mappings = self.lock();
        let same = |entry: &&Entry| {
            entry.mapping.queue_arn == mapping.queue_arn
                && entry.mapping.function == mapping.function
        };
        if let Some(Entry { mapping, .. }) = mappings.values().find(same) {
            return Err(LambdaError::conflict(format!(
                "An event source mapping with SQS arn (\" {} \") and function (\" {} \") already exists. \
                 Please update or delete the existing mapping with UUID {}",
                mapping.queue_arn, mapping.function.name, mapping.uuid
            )));
        }
        let uuid = mapping.uuid.clone();
        let mut entry = Entry {
            mapping,
            poller: None,
        };
        self.finish_change(&mut entry, enabled);
        mappings.insert(uuid, entry);
        Ok(())
    }

    /// Changes a mapping once the batches that are under way are over.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, and `ResourceInUseException` while another change is under way.
    pub fn update(
        &self,
        uuid: &str,
        function: FunctionRef,
        settings: Settings,
        enabled: Option<bool>,
    ) -> Result<Mapping, LambdaError> {
        let mut mappings = self.lock();
        let entry = changeable(&mut mappings, uuid)?;
        let was = entry.mapping.state == State::Enabled;
        let enabled = enabled.unwrap_or(was);
        entry.mapping.function = function;
        entry.mapping.settings = settings;
        entry.mapping.modified = Utc::now();
        entry.mapping.state = match (was, enabled) {
            (true, false) => State::Disabling,
            (false, true) => State::Enabling,
            _ => State::Updating,
        };
        let (sources, uuid, poller) = (self.clone(), uuid.to_owned(), entry.poller.take());
        let mapping = entry.mapping.clone();
        tokio::spawn(async move {
            if let Some(poller) = poller {
                poller.end().await;
            }
            if let Some(entry) = sources.lock().get_mut(&uuid) {
                sources.finish_change(entry, enabled);
            }
        });
        Ok(mapping)
    }

    /// Removes a mapping once the batches that are under way are over.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, and `ResourceInUseException` while another change is under way.
    pub fn remove(&self, uuid: &str) -> Result<Mapping, LambdaError> {
        let mut mappings = self.lock();
        let entry = changeable(&mut mappings, uuid)?;
        entry.mapping.state = State::Deleting;
        let (sources, uuid, poller) = (self.clone(), uuid.to_owned(), entry.poller.take());
        let mapping = entry.mapping.clone();
        tokio::spawn(async move {
            if let Some(poller) = poller {
                poller.end().await;
            }
            sources.lock().remove(&uuid);
        });
        Ok(mapping)
    }

    /// Stops reading all queues. Batches that are under way go on; nothing of them is deleted unless they succeed.
    pub fn shut_down(&self) {
        for entry in self.lock().values() {
            if let Some(poller) = &entry.poller {
                poller.stop.cancel();
            }
        }
    }

    /// Ends a change: the mapping is enabled, with a poller, or disabled.
    fn finish_change(&self, entry: &mut Entry, enabled: bool) {
        entry.mapping.state = State::settled(enabled);
        entry.poller = enabled.then(|| self.start(entry.mapping.clone()));
    }

    fn start(&self, mapping: Mapping) -> Poller {
        let limit = mapping
            .settings
            .maximum_concurrency
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(MAX_CONCURRENCY);
        let stop = CancellationToken::new();
        let context = PollerContext {
            lambda: self.0.lambda.clone(),
            sqs: self.0.sqs.clone(),
            mapping,
            stop: stop.clone(),
        };
        let concurrency = limit.min(self.0.environments).max(1);
        Poller {
            stop,
            task: tokio::spawn(poller::run(context, concurrency)),
        }
    }
}

/// A mapping that may be changed.
fn changeable<'a>(
    mappings: &'a mut BTreeMap<String, Entry>,
    uuid: &str,
) -> Result<&'a mut Entry, LambdaError> {
    let entry = mappings.get_mut(uuid).ok_or_else(not_found)?;
    if entry.mapping.state.is_settled() {
        return Ok(entry);
    }
    let message = format!(
        "Cannot change the event source mapping because it is in use: its state is {}.",
        entry.mapping.state.as_str()
    );
    Err(LambdaError::new(ErrorKind::ResourceInUse, message))
}

fn not_found() -> LambdaError {
    LambdaError::not_found("The resource you requested does not exist.")
}
