//! The function `controller`: moves every rollout of the account on, once a minute and at once on an alarm.
//!
//! | file | what | I/O |
//! | --- | --- | --- |
//! | `wake.rs` | what wakes it: time, or an alarm | no |
//! | `tick.rs` | one tick of one function's rollout, on `rollout`'s library | yes |
//! | `missed.rs` | what the tags do not show, or not in a way that this version reads | yes |
//! | `tell.rs` | events on EventBridge, and the log | yes |
//!
//! It has no state of its own that matters: weights, versions and times stand in each function's `live`, what a rollout was
//! started with in the function's tags. What it keeps in memory saves reading all metrics since the start. Every change is a
//! compare-and-swap, so two wakes at once, a wake that dies and a wake that comes twice do no harm, and neither does
//! `rollout run` beside it.

mod missed;
pub mod tell;
pub mod tick;
pub mod wake;

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use futures::{StreamExt as _, stream::FuturesUnordered};
use rollout::{
    aws::{
        client::explain,
        function::{self, Function},
        tagged::{self, Tagged},
    },
    delivery::tags::RUN,
};
use serde::Serialize;
use tokio::time::error::Elapsed;

use tick::{Account, Running, TickError};
use wake::Wake;

/// How long after one another ticks begin, without waiting for one another's end: a slow one delays no other. Lambda takes 15
/// calls a second of an account such as `GetAlias` (Lambda's quotas, "API requests"), and the account has other users. 150
/// rollouts at once is what a minute has room for.
const APART: Duration = Duration::from_millis(100);

/// The same where a rollout is not known yet, or an alias is looked at once an hour: a tick makes two such calls then.
const APART_AT_FIRST: Duration = Duration::from_millis(200);

/// How long a wake looks for what is not known, from its beginning. The function has a minute.
const WAKE_LIMIT: Duration = Duration::from_secs(45);

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
    running: HashMap<String, (Tagged, Running)>,
    /// The hour in which it has last looked at every alias.
    scanned: Option<u32>,
    /// The functions, by name and ARN, that it has not come to since then.
    unseen: VecDeque<(String, String)>,
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
            unseen: VecDeque::new(),
        }
    }

    /// Ticks every rollout under way, the one first whose alarm has gone off; then, once an hour, looks for what is under way
    /// and not known.
    ///
    /// # Errors
    /// When it cannot be found out which ones there are; what this process knows was ticked then.
    pub async fn wake(&mut self, wake: &Wake) -> Result<Woken, String> {
        let until = Instant::now() + WAKE_LIMIT;
        let (found, query) = self.find(wake).await;
        let mut woken = self.tick_all(&found).await;
        query?;
        self.look_further(wake, &found, until, &mut woken).await;
        Ok(woken)
    }

    /// The functions with a rollout; with what has failed, those that this process knows.
    async fn find(&self, wake: &Wake) -> (Vec<Tagged>, Result<(), String>) {
        let clients = &self.account.clients;
        let (mut found, query) = match tagged::functions(&clients.tagging, &RUN.key(1)).await {
            Ok(found) => (found, Ok(())),
            Err(error) => {
                let known = self.running.values().map(|(tagged, _)| tagged.clone());
                (known.collect(), Err(error))
            }
        };
        found.retain(|tagged| tagged.name.starts_with(&self.prefix));
        if let Wake::Alarm(name) = wake
            && name.starts_with(&self.prefix)
        {
            // The query may be behind, and the alarm is not.
            match function::read(&clients.lambda, name).await {
                Ok(Function {
                    name, arn, tags, ..
                }) => {
                    found.retain(|tagged| tagged.name != name);
                    if tags.contains_key(&RUN.key(1)) {
                        found.insert(0, Tagged { name, arn, tags });
                    }
                }
                Err(error) => {
                    tracing::warn!("{error}");
                    found.sort_by_key(|tagged| tagged.name != *name);
                }
            }
        }
        (found, query)
    }

    async fn tick_all(&mut self, found: &[Tagged]) -> Woken {
        let account = &self.account;
        let mut known = std::mem::take(&mut self.running);
        let mut begins = Duration::ZERO;
        let ticks = found.iter().map(|tagged| {
            let running = known.remove(&tagged.name).map(|(_, running)| running);
            let after = begins;
            begins += if running.is_some() {
                APART
            } else {
                APART_AT_FIRST
            };
            async move {
                tokio::time::sleep(after).await;
                let tick = Box::pin(account.tick(tagged, running));
                let tick = tokio::time::timeout(TICK_LIMIT, tick);
                (tagged, tick.await)
            }
        });
        let mut ticks: FuturesUnordered<_> = ticks.collect();
        let mut woken = Woken {
            rollouts: found.len(),
            failed: Vec::new(),
        };
        while let Some((tagged, ticked)) = ticks.next().await {
            let goes_on = outcome(tagged, ticked, &mut woken);
            self.running
                .extend(goes_on.map(|running| (tagged.name.clone(), (tagged.clone(), running))));
        }
        woken
    }

    /// Looks at every alias once an hour: for rollouts that the query has not found, and for weights that nobody watches. What a
    /// wake has no time for, the next one looks at.
    async fn look_further(
        &mut self,
        wake: &Wake,
        found: &[Tagged],
        until: Instant,
        woken: &mut Woken,
    ) {
        let hour = wake.scans_in();
        if hour.is_some() && self.scanned != hour {
            self.scanned = hour;
            match self.functions().await {
                Ok(functions) => self.unseen = functions,
                Err(error) => tracing::warn!("{error}; every alias is looked at in an hour"),
            }
        }
        while Instant::now() < until {
            let Some((name, arn)) = self.unseen.pop_front() else {
                return;
            };
            if found.iter().any(|tagged| tagged.name == name) {
                continue;
            }
            tokio::time::sleep(APART_AT_FIRST).await;
            let missed = match self.account.missed(&name, &arn).await {
                Ok(None) => continue,
                Ok(Some(missed)) => missed,
                Err(error) => {
                    tracing::warn!(function = name, "{error}");
                    continue;
                }
            };
            woken.rollouts += 1;
            let tick = Box::pin(self.account.tick(&missed, None));
            let tick = tokio::time::timeout(TICK_LIMIT, tick).await;
            if let Some(running) = outcome(&missed, tick, woken) {
                self.running.insert(name, (missed, running));
            }
        }
    }

    /// Every function of the controller's, by name and ARN.
    async fn functions(&self) -> Result<VecDeque<(String, String)>, String> {
        let lambda = &self.account.clients.lambda;
        let mut functions = lambda.list_functions().into_paginator().items().send();
        let mut found = VecDeque::new();
        while let Some(function) = functions.next().await {
            let function =
                function.map_err(|error| format!("ListFunctions: {}", explain(&error)))?;
            let name = function.function_name().unwrap_or_default();
            if name.starts_with(&self.prefix) {
                let arn = function.function_arn().unwrap_or_default();
                found.push_back((name.to_owned(), arn.to_owned()));
            }
        }
        Ok(found)
    }
}

/// What goes on after a tick; says what has failed.
fn outcome(
    tagged: &Tagged,
    ticked: Result<Result<Option<Running>, TickError>, Elapsed>,
    woken: &mut Woken,
) -> Option<Running> {
    let (goes_on, cause) = match ticked {
        Ok(Ok(running)) => return running,
        Ok(Err(TickError::Untold(running, cause))) => (Some(*running), cause),
        Ok(Err(error)) => (None, error.to_string()),
        Err(_) => {
            let seconds = TICK_LIMIT.as_secs();
            (None, format!("no end of the tick within {seconds} s"))
        }
    };
    tracing::error!(function = tagged.name, "{cause}");
    woken.failed.push(tagged.name.clone());
    goes_on
}
