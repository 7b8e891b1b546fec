//! Metric alarms: kept, evaluated, and announced when they change their state.
//!
//! ```text
//! PutMetricAlarm --definition.rs--> Definition --evaluation.rs, expression.rs--> state.rs --event.rs--> EventBridge
//! ```
//!
//! `operations.rs` is the API.
//!
//! # Where it differs from AWS
//! - Alarms are evaluated ten times as often: those with periods under a minute every tenth of a period, others every
//!   six seconds. A period slides: the last one ends at the evaluation, or with `--realistic` with the last minute whose
//!   samples have come; AWS looks at more periods instead when the last ones are empty.
//! - Metric math is what `expression.rs` has, over metrics with one period. There are no composite alarms, no anomaly
//!   detection and no Metrics Insights.
//! - Actions are kept and returned, and not carried out: what an alarm starts, it starts through EventBridge.

mod alarm;
mod definition;
mod evaluation;
mod event;
mod expression;
pub(super) mod operations;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::broadcast;

pub use event::AlarmEvent;

use self::{
    alarm::{Alarm, State},
    evaluation::StateChange,
};
use super::{clock::Clock, model::store::MetricStore};

/// Time between two evaluations of all alarms that are due.
const TICK: Duration = Duration::from_secs(1);
/// How many events a subscriber may lag behind.
const LAG: usize = 1024;

/// All alarms, by name. Cheap to clone; all clones share one table.
#[derive(Debug, Clone)]
pub struct Alarms {
    store: Arc<MetricStore>,
    clock: Clock,
    alarms: Arc<Mutex<BTreeMap<String, Alarm>>>,
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
        for alarm in self.lock().values_mut() {
            if !alarm.is_due(now_s) {
                continue;
            }
            let datapoints = alarm.definition.datapoints(&self.store, now_s);
            let change = alarm
                .definition
                .evaluate(&datapoints, alarm.state.value, now);
            if let Some(StateChange {
                value,
                reason,
                reason_data,
            }) = change
            {
                let state = State {
                    value,
                    reason,
                    reason_data: Some(reason_data),
                    since: now,
                };
                self.change(alarm, state);
            }
        }
    }

    /// Sets the state of an alarm, and sends an event if it has changed.
    fn change(&self, alarm: &mut Alarm, state: State) {
        let previous = std::mem::replace(&mut alarm.state, state);
        if previous.value != alarm.state.value {
            // Fails when nobody has subscribed: then nobody needs the event.
            let _ = self.events.send(AlarmEvent::new(alarm.clone(), previous));
        }
    }

    /// A panic in another task leaves no alarm half changed.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Alarm>> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
