//! Alarms on metrics and on other alarms: kept, evaluated, and announced when they change their state.
//!
//! ```text
//! PutMetricAlarm --definition.rs--> Definition --evaluation.rs, expression.rs--> State --event.rs--> EventBridge
//! PutCompositeAlarm --rule.rs--> Rule --composite.rs, when another alarm changes--> State --event.rs--> EventBridge
//! ```
//!
//! `operations.rs` and `describe.rs` are the API.
//!
//! # Where it differs from AWS
//! - Alarms are evaluated ten times as often: those with periods under a minute every tenth of a period, others every
//!   six seconds. A period slides: the last one ends at the evaluation, or with `--realistic` with the last minute whose
//!   samples have come; AWS looks at more periods instead when the last ones are empty.
//! - Metric math is what `expression.rs` has, over metrics with one period. There is no anomaly detection, and there are
//!   no Metrics Insights and no log alarms.
//! - Actions are kept and returned, and not carried out: what an alarm starts, it starts through EventBridge. Nothing
//!   suppresses them.
//! - A composite alarm is evaluated at once when it is put and when one that its rule names changes its state. One that is
//!   deleted together with those that it uses still keeps them: AWS's order is not known.

mod alarm;
mod composite;
mod definition;
pub(super) mod describe;
mod evaluation;
mod event;
mod expression;
pub(super) mod operations;
mod rule;
mod state;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::broadcast;

pub use event::AlarmEvent;

use self::{
    alarm::{Alarm, Table},
    composite::Cause,
    state::State,
};
use super::{clock::Clock, model::store::MetricStore};

/// Time between two evaluations of all alarms that are due.
const TICK: Duration = Duration::from_secs(1);
/// How many events a subscriber may lag behind.
const LAG: usize = 1024;

/// All alarms. Cheap to clone; all clones share one table.
#[derive(Debug, Clone)]
pub struct Alarms {
    store: Arc<MetricStore>,
    clock: Clock,
    alarms: Arc<Mutex<Table>>,
    events: broadcast::Sender<AlarmEvent>,
}

impl Alarms {
    /// No alarms yet, on these metrics.
    #[must_use]
    pub fn new(store: Arc<MetricStore>, clock: Clock) -> Self {
        Self {
            store,
            clock,
            alarms: Arc::default(),
            events: broadcast::channel(LAG).0,
        }
    }

    /// Every change of a state from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<AlarmEvent> {
        self.events.subscribe()
    }

    /// Evaluates alarms for ever.
    pub async fn run(self) {
        let mut ticks = tokio::time::interval(TICK);
        loop {
            ticks.tick().await;
            self.evaluate(self.clock.now());
        }
    }

    /// Evaluates the alarms that are due.
    fn evaluate(&self, now: DateTime<Utc>) {
        let now_s = now.timestamp();
        let mut table = self.lock();
        let change = |alarm: &Alarm| {
            let definition = alarm.due(now_s)?;
            let datapoints = definition.datapoints(&self.store, now_s);
            let change = definition.evaluate(&datapoints, alarm.state.value, now)?;
            Some((alarm.name.clone(), change.into_state(now)))
        };
        let changes: Vec<_> = table.values().filter_map(change).collect();
        for (name, state) in changes {
            self.change(&mut table, &name, state);
        }
    }

    /// Sets the state of an alarm; if it has changed, sends an event, and evaluates the composite alarms that go by it.
    fn change(&self, table: &mut Table, name: &str, state: State) {
        self.change_along(table, name, state, &mut Vec::new());
    }

    /// The same, after the changes of these alarms. A cycle of composite alarms ends where it would begin again, as on AWS.
    fn change_along(&self, table: &mut Table, name: &str, state: State, path: &mut Vec<String>) {
        let Some(alarm) = table.get_mut(name) else {
            return;
        };
        let previous = std::mem::replace(&mut alarm.state, state);
        if previous.value == alarm.state.value {
            return;
        }
        // Fails when nobody has subscribed: then nobody needs the event.
        let _ = self.events.send(AlarmEvent::new(alarm.clone(), previous));
        path.push(name.to_owned());
        for parent in composite::parents(table, name) {
            if !path.contains(&parent)
                && let Some(state) = composite::evaluate(table, &parent, Cause::Child(name))
            {
                self.change_along(table, &parent, state, path);
            }
        }
        path.pop();
    }

    /// A panic in another task leaves no alarm half changed.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
