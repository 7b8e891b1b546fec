//! The alias in our hands: knows what it wrote, and notices when somebody else writes.

use std::{future::Future, time::Duration};

use super::policy::Policy;
use crate::{
    alias::{self, Alias, AliasError, Routing},
    aws::Clients,
    record::{Record, TooManyChanges},
};

/// How long one call with all its attempts may take: an endpoint that takes the call and never answers
/// must not stop the watch, nor use up the time in which the weight may stay without it.
pub(super) fn call_limit(policy: &Policy) -> Duration {
    let third = (policy.no_data_timeout / 3).to_std().unwrap_or_default();
    third.clamp(Duration::from_secs(1), Duration::from_secs(30))
}

/// The alias as this run has left it.
#[derive(Debug)]
pub(super) struct Steering {
    clients: Clients,
    alias: Alias,
    record: Record,
    limit: Duration,
    /// A change whose answer was lost: it may have happened or not.
    unanswered: Option<(Routing, Record)>,
}

/// Why a change did not happen.
#[derive(Debug, thiserror::Error)]
pub(super) enum SteeringError {
    /// The alias is not as this run has left it.
    #[error("live of {function} was changed by somebody else and now routes to {found}")]
    Changed { function: String, found: Routing },
    /// The alias is gone, or cannot be used any more.
    #[error(transparent)]
    Unusable(AliasError),
    /// No answer, or one that says to try later.
    #[error("{0}")]
    Unanswered(String),
    /// The record does not fit.
    #[error(transparent)]
    TooManyChanges(#[from] TooManyChanges),
}

impl Steering {
    /// Takes hold of an alias with what is known of its rollout.
    pub(super) fn new(clients: Clients, alias: Alias, record: Record, limit: Duration) -> Self {
        Self {
            clients,
            alias,
            record,
            limit,
            unanswered: None,
        }
    }

    /// What the alias routes to.
    pub(super) fn routing(&self) -> &Routing {
        &self.alias.routing
    }

    /// The weights so far and when they were set.
    pub(super) fn record(&self) -> &Record {
        &self.record
    }

    /// Checks that the alias is still as this run has left it. A change whose answer was lost is
    /// found here if it has happened after all.
    pub(super) async fn check(&mut self) -> Result<(), SteeringError> {
        self.take_in().await
    }

    /// The same where an answer was lost: only then may the alias be newer than what is known.
    pub(super) async fn find_unanswered(&mut self) -> Result<(), SteeringError> {
        if self.unanswered.is_none() {
            return Ok(());
        }
        self.take_in().await
    }

    async fn take_in(&mut self) -> Result<(), SteeringError> {
        let found = self.read().await?;
        let as_left = found.is_as(&self.alias);
        let landed = |(routing, record): &mut (Routing, Record)| {
            *routing == found.routing && record.to_string() == found.description
        };
        if let Some((_, record)) = self.unanswered.take_if(landed) {
            self.record = record;
        } else if !as_left {
            return Err(SteeringError::Changed {
                function: found.function,
                found: found.routing,
            });
        }
        self.alias = found;
        Ok(())
    }

    /// Whether it was the function `guard` that has changed the alias.
    pub(super) async fn is_by_guard(&self) -> bool {
        let found = self.read().await;
        found.is_ok_and(|found| {
            found.is_by_guard() && found.routing.primary == self.alias.routing.primary
        })
    }

    async fn read(&self) -> Result<Alias, SteeringError> {
        let (function, name) = (&self.alias.function, &self.alias.name);
        answer(
            self.limit,
            alias::read(&self.clients.lambda, function, name),
        )
        .await
    }

    /// Changes the alias, unless somebody else has.
    pub(super) async fn set(
        &mut self,
        routing: Routing,
        record: Record,
    ) -> Result<(), SteeringError> {
        let description = record.to_description()?;
        let lambda = &self.clients.lambda;
        let sent = alias::compare_and_swap(lambda, &self.alias, routing, &description);
        match answer(self.limit, sent).await {
            Ok(alias) => {
                self.alias = alias;
                self.record = record;
                self.unanswered = None;
                Ok(())
            }
            Err(error) => {
                if matches!(error, SteeringError::Unanswered(_)) {
                    self.unanswered = Some((routing, record));
                }
                Err(error)
            }
        }
    }
}

/// Waits for an answer, and sorts out what its absence means.
async fn answer<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, AliasError>>,
) -> Result<T, SteeringError> {
    match tokio::time::timeout(limit, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(AliasError::Changed {
            function, found, ..
        })) => Err(SteeringError::Changed { function, found }),
        Ok(Err(error @ AliasError::Call { .. })) => {
            Err(SteeringError::Unanswered(error.to_string()))
        }
        Ok(Err(error)) => Err(SteeringError::Unusable(error)),
        Err(_) => Err(SteeringError::Unanswered(format!(
            "no answer within {} s",
            limit.as_secs()
        ))),
    }
}
