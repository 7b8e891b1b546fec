//! What invokes functions when an alarm goes off or the time has come. On AWS this is an EventBridge rule, its target,
//! and the permission to invoke it.
//!
//! An event goes to the function's `live`, asynchronously, so that a failure is tried again. The rules are kept in
//! memory; a schedule counts from when it was set.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use package::manifest::{ScheduleTrigger, Trigger};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{
    cloudwatch::{alarms::AlarmEvent, clock::Clock},
    lambda::{Lambda, invocation::new_request_id, model::names::FunctionRef},
};
use crate::{
    LIVE,
    aws::{ACCOUNT_ID, DEFAULT_REGION, arn},
};

/// How often it is looked whether a schedule is due. The shortest is a minute.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What invokes a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// Alarms that go into the state `ALARM`, whose names end in this.
    Alarms(String),
    /// The time.
    Schedule(ScheduleTrigger),
}

impl Rule {
    /// What the function's metadata says; `None` when neither alarms nor the time invoke it.
    #[must_use]
    pub fn from_trigger(trigger: &Trigger) -> Option<Self> {
        match trigger {
            Trigger::Alarm(trigger) => Some(Self::Alarms(trigger.name_suffix.clone())),
            Trigger::Schedule(schedule) => Some(Self::Schedule(schedule.clone())),
            Trigger::None | Trigger::Http | Trigger::Queue(_) => None,
        }
    }

    fn matches(&self, event: &AlarmEvent) -> bool {
        match self {
            Self::Alarms(suffix) => event.is_alarm() && event.alarm_name().ends_with(suffix),
            Self::Schedule(_) => false,
        }
    }

    fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Alarms(_) => None,
            Self::Schedule(schedule) => schedule.next_after(time),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alarms(suffix) => write!(f, "alarms named *{suffix} invoke {LIVE}"),
            Self::Schedule(schedule) => write!(f, "{schedule} invokes {LIVE}"),
        }
    }
}

/// The rules of all functions. Cheap to clone; all clones share one table.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    entries: Arc<RwLock<BTreeMap<String, Entry>>>,
    clock: Clock,
}

#[derive(Debug)]
struct Entry {
    rule: Rule,
    /// When the time invokes it next.
    next: Option<DateTime<Utc>>,
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

    /// Replaces the rule of a function. A schedule that stays the same goes on.
    pub fn set(&self, function: &str, rule: Option<Rule>) {
        let mut rules = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        match rule {
            None => drop(rules.remove(function)),
            Some(rule) if rules.get(function).is_some_and(|entry| entry.rule == rule) => {}
            Some(rule) => {
                let next = rule.next_after(self.clock.now());
                rules.insert(function.to_owned(), Entry { rule, next });
            }
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
            for (function, due) in self.take_due() {
                invoke(&lambda, &function, &scheduled_event(&function, due));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The functions that are due, and since when. What was missed, as while the machine slept, is due once.
    fn take_due(&self) -> Vec<(String, DateTime<Utc>)> {
        let now = self.clock.now();
        let mut rules = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        for (function, entry) in rules.iter_mut() {
            let Some(mut time) = entry.next.filter(|next| *next <= now) else {
                continue;
            };
            due.push((function.clone(), time));
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
        let matching = rules.iter().filter(|(_, entry)| entry.rule.matches(event));
        matching.map(|(function, _)| function.clone()).collect()
    }
}

fn invoke(lambda: &Lambda, function: &str, event: &Value) {
    let reference = FunctionRef {
        name: function.to_owned(),
        qualifier: Some(LIVE.to_owned()),
    };
    match lambda.route(reference, DEFAULT_REGION) {
        Ok(mut call) => {
            call.payload = Bytes::from(event.to_string());
            lambda.run_in_background(call);
        }
        Err(error) => tracing::warn!(function, %error, "a rule cannot invoke its function"),
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
    use chrono::TimeDelta;

    use super::*;

    fn schedule(rate: &str) -> Option<Rule> {
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
                .map(|(_, time)| (*time - self.start).num_seconds())
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
        held.at(220).set("f", None);
        assert_eq!(held.due(10_000), [0; 0]);
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
