//! What invokes functions when an alarm goes off or the time has come. On AWS this is an EventBridge rule, its target,
//! and the permission to invoke it.
//!
//! An event goes to the function's `live`, asynchronously, so that a failure is tried again; a tick is not, since the next
//! one is near. The rules are kept in memory; a schedule counts from when it was set.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use package::manifest::{ALARM_SUFFIX, ScheduleTrigger, Trigger};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{
    OwnedSemaphorePermit, Semaphore,
    broadcast::{Receiver, error::RecvError},
};

use crate::{
    LIVE,
    aws::{ACCOUNT_ID, DEFAULT_REGION, arn},
    services::{
        cloudwatch::{alarms::AlarmEvent, clock::Clock},
        lambda::{
            Lambda,
            invocation::{Call, new_request_id},
            model::names::FunctionRef,
        },
    },
};

/// How often it is looked whether something is due.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The time between two ticks.
const TICK: TimeDelta = TimeDelta::seconds(1);

/// What invokes a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// Alarms that go into the state `ALARM`, whose names end in this.
    Alarms(String),
    /// The time.
    Schedule(ScheduleTrigger),
    /// Each second, for what AWS does each minute. None comes while one is under way.
    Tick,
}

impl Rule {
    /// What the function's metadata says; none when neither alarms nor the time invoke it.
    #[must_use]
    pub fn from_trigger(trigger: &Trigger) -> Vec<Self> {
        match trigger {
            Trigger::Schedule(schedule) => vec![Self::Schedule(schedule.clone())],
            Trigger::Controller => vec![Self::Alarms(ALARM_SUFFIX.to_owned()), Self::Tick],
            Trigger::None | Trigger::Http | Trigger::Queue(_) => Vec::new(),
        }
    }

    fn matches(&self, event: &AlarmEvent) -> bool {
        match self {
            Self::Alarms(suffix) => event.is_alarm() && event.alarm_name().ends_with(suffix),
            Self::Schedule(_) | Self::Tick => false,
        }
    }

    fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Alarms(_) => None,
            Self::Schedule(schedule) => schedule.next_after(time),
            Self::Tick => time.checked_add_signed(TICK),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alarms(suffix) => write!(f, "alarms named *{suffix} invoke {LIVE}"),
            Self::Schedule(schedule) => write!(f, "{schedule} invokes {LIVE}"),
            Self::Tick => write!(f, "a tick each second invokes {LIVE}"),
        }
    }
}

/// The rules of all functions. Cheap to clone; all clones share one table.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    entries: Arc<RwLock<BTreeMap<String, Vec<Entry>>>>,
    clock: Clock,
}

#[derive(Debug)]
struct Entry {
    rule: Rule,
    /// When the time invokes it next.
    next: Option<DateTime<Utc>>,
    /// Whose one permit a tick has while it is under way.
    ticking: Arc<Semaphore>,
}

/// An invocation whose time has come.
#[derive(Debug)]
struct Due {
    function: String,
    /// Since when.
    time: DateTime<Utc>,
    /// Of a tick.
    permit: Option<OwnedSemaphorePermit>,
}

impl Rules {
    /// No rules yet; schedules go by this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            ..Self::default()
        }
    }

    /// Replaces the rules of a function. A schedule that stays the same goes on.
    pub fn set(&self, function: &str, wanted: Vec<Rule>) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let mut old = entries.remove(function).unwrap_or_default();
        let new: Vec<_> = wanted
            .into_iter()
            .map(
                |rule| match old.iter().position(|entry| entry.rule == rule) {
                    Some(same) => old.swap_remove(same),
                    None => Entry {
                        next: rule.next_after(self.clock.now()),
                        rule,
                        ticking: Arc::new(Semaphore::new(1)),
                    },
                },
            )
            .collect();
        if !new.is_empty() {
            entries.insert(function.to_owned(), new);
        }
    }

    /// Delivers the events of alarms for as long as there are any.
    pub async fn deliver_alarms(self, lambda: Lambda, mut events: Receiver<AlarmEvent>) {
        loop {
            match events.recv().await {
                Ok(event) => {
                    for function in self.matching(&event) {
                        invoke(&lambda, &function, &event.to_json());
                    }
                }
                Err(RecvError::Lagged(lost)) => tracing::warn!(lost, "too many alarms at once"),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Invokes what is due, for ever.
    pub async fn keep_time(self, lambda: Lambda) {
        loop {
            for due in self.take_due() {
                let event = scheduled_event(&due.function, due.time);
                match due.permit {
                    None => invoke(&lambda, &due.function, &event),
                    Some(permit) => tick(&lambda, &due.function, &event, permit),
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What is due. What was missed, as while the machine slept or a tick was under way, is due once.
    fn take_due(&self) -> Vec<Due> {
        let now = self.clock.now();
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        let all = entries.iter_mut();
        for (function, entry) in all
            .flat_map(|(function, entries)| entries.iter_mut().map(move |entry| (function, entry)))
        {
            let Some(mut time) = entry.next.filter(|next| *next <= now) else {
                continue;
            };
            let permit = match entry.rule {
                Rule::Tick => match Arc::clone(&entry.ticking).try_acquire_owned() {
                    Ok(permit) => Some(permit),
                    Err(_) => continue,
                },
                _ => None,
            };
            due.push(Due {
                function: function.clone(),
                time,
                permit,
            });
            // From one time to the next, not from now: a rate does not slip.
            entry.next = loop {
                match entry.rule.next_after(time) {
                    Some(next) if next <= now => time = next,
                    next => break next,
                }
            };
        }
        due
    }

    fn matching(&self, event: &AlarmEvent) -> Vec<String> {
        let rules = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let matches = |entries: &Vec<Entry>| entries.iter().any(|entry| entry.rule.matches(event));
        let matching = rules.iter().filter(|(_, entries)| matches(entries));
        matching.map(|(function, _)| function.clone()).collect()
    }
}

fn invoke(lambda: &Lambda, function: &str, event: &Value) {
    if let Some(call) = call(lambda, function, event) {
        lambda.run_in_background(call);
    }
}

/// Invokes once, and gives the permit back afterwards.
fn tick(lambda: &Lambda, function: &str, event: &Value, permit: OwnedSemaphorePermit) {
    if let Some(call) = call(lambda, function, event) {
        let lambda = lambda.clone();
        tokio::spawn(async move {
            // What it says is in its log.
            let _ = lambda.run_to_end(call).await;
            drop(permit);
        });
    }
}

fn call(lambda: &Lambda, function: &str, event: &Value) -> Option<Call> {
    let reference = FunctionRef {
        name: function.to_owned(),
        qualifier: Some(LIVE.to_owned()),
    };
    match lambda.route(reference, DEFAULT_REGION) {
        Ok(mut call) => {
            call.payload = Bytes::from(event.to_string());
            Some(call)
        }
        Err(error) => {
            tracing::warn!(function, %error, "a rule cannot invoke its function");
            None
        }
    }
}

/// As in "Schedule events" of the EventBridge user guide.
fn scheduled_event(function: &str, due: DateTime<Utc>) -> Value {
    json!({
        "version": "0",
        "id": new_request_id(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT_ID,
        "time": due.to_rfc3339_opts(SecondsFormat::Secs, true),
        "region": DEFAULT_REGION,
        "resources": [arn::arn("events", DEFAULT_REGION, format!("rule/{function}-schedule"))],
        "detail": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(rate: &str) -> Vec<Rule> {
        let trigger = json!({"kind": "schedule", "rate": rate});
        Rule::from_trigger(&serde_json::from_value(trigger).expect("a trigger"))
    }

    /// Rules by a clock that stands still.
    struct Held {
        rules: Rules,
        start: DateTime<Utc>,
    }

    impl Held {
        fn new() -> Self {
            let start = "2026-11-27T18:00:00Z".parse().expect("a time");
            let rules = Rules::new(Clock::held_at(start));
            Self { rules, start }
        }

        /// At so many seconds after the start.
        fn at(&self, seconds: i64) -> &Rules {
            let now = self.start + TimeDelta::seconds(seconds);
            self.rules.clock.set(now);
            &self.rules
        }

        fn due(&self, seconds: i64) -> Vec<i64> {
            let due = self.at(seconds).take_due();
            due.iter()
                .map(|due| (due.time - self.start).num_seconds())
                .collect()
        }
    }

    #[test]
    fn a_rate_is_due_after_each_of_its_times_and_does_not_slip() {
        let held = Held::new();
        held.at(0).set("f", schedule("1 minute"));
        assert_eq!(held.due(0), [0; 0]);
        assert_eq!(held.due(59), [0; 0]);
        assert_eq!(held.due(63), [60]);
        assert_eq!(held.due(119), [0; 0]);
        assert_eq!(held.due(120), [120]);
    }

    #[test]
    fn what_was_missed_is_due_once() {
        let held = Held::new();
        held.at(0).set("f", schedule("1 minute"));
        assert_eq!(held.due(600), [60]);
        assert_eq!(held.due(601), [0; 0]);
        assert_eq!(held.due(660), [660]);
    }

    #[test]
    fn a_schedule_that_is_set_again_goes_on_and_another_begins_anew() {
        let held = Held::new();
        held.at(0).set("f", schedule("1 minute"));
        held.at(30).set("f", schedule("1 minute"));
        assert_eq!(held.due(60), [60]);
        held.at(90).set("f", schedule("2 minutes"));
        assert_eq!(held.due(209), [0; 0]);
        assert_eq!(held.due(210), [210]);
        held.at(220).set("f", Vec::new());
        assert_eq!(held.due(10_000), [0; 0]);
    }

    #[test]
    fn no_tick_comes_while_one_is_under_way() {
        let held = Held::new();
        held.at(0)
            .set("f", Rule::from_trigger(&Trigger::Controller));
        let first = held.at(1).take_due();
        assert_eq!(first.len(), 1);
        assert_eq!(held.due(2), [0; 0]);
        drop(first);
        assert_eq!(held.due(9), [2]);
        assert_eq!(held.due(9), [0; 0]);
        assert_eq!(held.due(10), [10]);
    }

    #[test]
    fn the_event_is_eventbridges() {
        let event = scheduled_event("report", Held::new().start);
        assert_eq!(event["detail-type"], "Scheduled Event");
        assert_eq!(event["time"], "2026-11-27T18:00:00Z");
        assert_eq!(
            event["resources"][0],
            "arn:aws:events:us-east-1:000000000000:rule/report-schedule"
        );
    }
}
