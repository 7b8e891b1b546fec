//! The function `controller`: moves every rollout of the account on, once a minute and at once on an alarm.
//!
//! | file | what | I/O |
//! | --- | --- | --- |
//! | `wake.rs` | what wakes it: time, or an alarm | no |
//! | `tick.rs` | one tick of one function's rollout, on `rollout`'s library | yes |
//! | `tell.rs` | events on EventBridge, and the log | yes |
//!
//! It has no state of its own that matters: weights, versions and times stand in each function's `live`, what a rollout was
//! started with in the function's tags. What it keeps in memory saves reading all metrics since the start. Every change is a
//! compare-and-swap, so two wakes at once, a wake that dies and a wake that comes twice do no harm, and neither does
//! `rollout run` beside it.

pub mod tell;
pub mod tick;
pub mod wake;

use std::{collections::HashMap, time::Duration};

use futures::{StreamExt as _, stream::FuturesUnordered};
use rollout::{
    aws::{
        LIVE, alias,
        client::explain,
        tagged::{self, Tagged},
        tags,
    },
    delivery::{record::Record, tags::RUN},
};
use serde::Serialize;

use tick::{Account, Running, TickError};
use wake::Wake;

/// How long after one another ticks begin, without waiting for one another's end: a slow one delays no other. Lambda takes 15
/// calls a second of an account such as `GetAlias` (Lambda's quotas, "API requests"), and the account has other users. 150
/// rollouts at once is what a minute has room for.
const APART: Duration = Duration::from_millis(100);

/// How long one tick may take. The function has a minute.
const TICK_LIMIT: Duration = Duration::from_secs(40);

/// What a wake has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Woken {
    /// Rollouts under way.
    pub rollouts: usize,
    /// Functions whose tick has failed; the next wake tries again.
    pub failed: Vec<String>,
}

/// The controller.
#[derive(Debug)]
pub struct Controller {
    account: Account,
    /// What the names of its functions begin with.
    prefix: String,
    /// The rollouts that it has ticked, by function.
    running: HashMap<String, Running>,
    /// The hour in which it has last looked at every alias.
    scanned: Option<u32>,
}

impl Controller {
    /// Nothing is sent yet.
    #[must_use]
    pub fn new(account: Account, prefix: String) -> Self {
        Self {
            account,
            prefix,
            running: HashMap::new(),
            scanned: None,
        }
    }

    /// Ticks every rollout under way, the one first whose alarm has gone off.
    ///
    /// # Errors
    /// When it cannot be found out which ones there are.
    pub async fn wake(&mut self, wake: &Wake) -> Result<Woken, String> {
        let mut found = self.find(wake).await?;
        if let Wake::Alarm(function) = wake {
            found.sort_by_key(|tagged| tagged.name != *function);
        }
        let account = &self.account;
        let mut known = std::mem::take(&mut self.running);
        let ticks = found.iter().enumerate().map(|(place, tagged)| {
            let running = known.remove(&tagged.name);
            async move {
                tokio::time::sleep(APART * u32::try_from(place).unwrap_or(u32::MAX)).await;
                let tick = tokio::time::timeout(TICK_LIMIT, account.tick(tagged, running));
                (tagged, tick.await)
            }
        });
        let mut ticks: FuturesUnordered<_> = ticks.collect();
        let mut failed = Vec::new();
        while let Some((tagged, ticked)) = ticks.next().await {
            let Tagged { name, .. } = tagged;
            match ticked {
                Ok(Ok(running)) => {
                    self.running
                        .extend(running.map(|running| (name.clone(), running)));
                }
                Ok(Err(TickError::Untold(running, cause))) => {
                    tracing::error!(function = name, "{cause}");
                    failed.push(name.clone());
                    self.running.insert(name.clone(), *running);
                }
                Ok(Err(error)) => {
                    tracing::error!(function = name, "{error}");
                    failed.push(name.clone());
                }
                Err(_) => {
                    let seconds = TICK_LIMIT.as_secs();
                    tracing::error!(function = name, "no end of the tick within {seconds} s");
                    failed.push(name.clone());
                }
            }
        }
        let rollouts = found.len();
        Ok(Woken { rollouts, failed })
    }

    /// The functions with a rollout.
    async fn find(&mut self, wake: &Wake) -> Result<Vec<Tagged>, String> {
        let tagging = &self.account.clients.tagging;
        let mut found = tagged::functions(tagging, &RUN.key(1)).await?;
        found.retain(|tagged| tagged.name.starts_with(&self.prefix));
        let hour = wake.scans_in();
        if hour.is_some() && self.scanned != hour {
            self.scanned = hour;
            match self.missed(&found).await {
                Ok(missed) => found.extend(missed),
                Err(error) => tracing::warn!(
                    "{error}; what the tags do not show is looked for in an hour again"
                ),
            }
        }
        Ok(found)
    }

    /// Rollouts under way that the query has not found, by their aliases.
    async fn missed(&self, found: &[Tagged]) -> Result<Vec<Tagged>, String> {
        let lambda = &self.account.clients.lambda;
        let mut functions = lambda.list_functions().into_paginator().items().send();
        let mut missed = Vec::new();
        while let Some(function) = functions.next().await {
            let function =
                function.map_err(|error| format!("ListFunctions: {}", explain(&error)))?;
            let (name, arn) = (
                function.function_name().unwrap_or_default(),
                function.function_arn().unwrap_or_default(),
            );
            if !name.starts_with(&self.prefix) || found.iter().any(|tagged| tagged.name == name) {
                continue;
            }
            tokio::time::sleep(APART).await;
            let live = alias::find(lambda, name, LIVE)
                .await
                .map_err(|error| error.to_string())?;
            let under_way = live.is_some_and(|live| live.description.parse::<Record>().is_ok());
            if !under_way {
                continue;
            }
            let tags = tags::list(lambda, name, arn)
                .await
                .map_err(|error| error.to_string())?;
            if tags.contains_key(&RUN.key(1)) {
                missed.push(Tagged {
                    name: name.to_owned(),
                    arn: arn.to_owned(),
                    tags,
                });
            }
        }
        Ok(missed)
    }
}
