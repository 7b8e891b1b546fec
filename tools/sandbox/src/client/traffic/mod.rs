//! Scenarios at a steady rate, whether or not the function keeps up.
//!
//! - `scenario.rs`: what is sent, in turn, from `files.rs`; `template.rs`: its placeholders.
//! - `calls.rs`: how it is sent.
//! - `totals.rs`: what came back.
//!
//! The loop is open: a slow answer does not delay the next scenario, as it would not delay the
//! next user. Only the limit of scenarios under way does, and then the totals say how far behind
//! the schedule it fell.

mod calls;
mod files;
mod scenario;
mod template;
mod totals;

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};
use tokio_util::sync::CancellationToken;

pub use calls::Targets;
pub use files::FilesError;
pub use scenario::{ScenarioError, Scenarios};
pub use totals::{SharedTotals, Totals, lock};

/// How long scenarios that are under way at the end are waited for.
const GRACE: Duration = Duration::from_secs(10);

/// How fast to send.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Scenarios a second.
    pub rate: f64,
    /// Scenarios under way at once, at most.
    pub concurrency: usize,
    /// When to end; `None` goes on until it is stopped.
    pub duration: Option<Duration>,
}

impl Load {
    /// How many scenarios are due in the whole duration; `None` without an end.
    fn due(&self) -> Option<u64> {
        Some((self.duration?.as_secs_f64() * self.rate).floor() as u64)
    }
}

/// Sends until the duration is over or `stop` is cancelled, then waits for what is under way.
pub async fn send(
    targets: &Arc<Targets>,
    load: &Load,
    scenarios: &Scenarios,
    totals: &SharedTotals,
    stop: &CancellationToken,
) {
    let load_ends = load.duration.map(|duration| Instant::now() + duration);
    let free = Arc::new(Semaphore::new(load.concurrency));
    let mut under_way = JoinSet::new();
    let mut due = interval_at(Instant::now(), Duration::from_secs_f64(load.rate.recip()));
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for scenario in scenarios.in_turn() {
        let Some((permit, was_due)) = next(&mut due, &free, load_ends, stop).await else {
            break;
        };
        lock(totals).sent(was_due.elapsed());
        let (targets, totals) = (Arc::clone(targets), Arc::clone(totals));
        under_way.spawn(async move {
            targets.run(scenario, &totals).await;
            drop(permit);
        });
        while under_way.try_join_next().is_some() {}
    }
    if !stop.is_cancelled() {
        lock(totals).due(load.due());
    }
    let all = async { while under_way.join_next().await.is_some() {} };
    if timeout(GRACE, all).await.is_err() {
        lock(totals).abandoned(under_way.len());
    }
}

type Permit = tokio::sync::OwnedSemaphorePermit;

/// The next permission to send and when it was due; `None` when it is over.
async fn next(
    due: &mut tokio::time::Interval,
    free: &Arc<Semaphore>,
    ends: Option<Instant>,
    stop: &CancellationToken,
) -> Option<(Permit, Instant)> {
    let go = async {
        let was_due = due.tick().await;
        let permit = Arc::clone(free).acquire_owned().await.ok()?;
        Some((permit, was_due))
    };
    let over = async {
        match ends {
            Some(ends) => tokio::time::sleep_until(ends).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        () = over => None,
        next = go => next,
    }
}
