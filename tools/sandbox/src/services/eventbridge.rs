//! Alarms that invoke functions. On AWS this is an EventBridge rule, its target, and the permission to invoke it.
//!
//! An event goes to the function's `live`, asynchronously, so that a failure is tried again.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use bytes::Bytes;
use package::manifest::AlarmTrigger;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{
    cloudwatch::alarms::AlarmEvent,
    lambda::{Lambda, model::names::FunctionRef},
};
use crate::{LIVE, aws::DEFAULT_REGION};

/// Which alarms invoke a function: those that go into the state `ALARM`, by their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmRule {
    name_suffix: String,
}

impl AlarmRule {
    /// What the function's metadata says.
    #[must_use]
    pub fn from_trigger(trigger: &AlarmTrigger) -> Self {
        Self {
            name_suffix: trigger.name_suffix.clone(),
        }
    }

    fn matches(&self, event: &AlarmEvent) -> bool {
        event.is_alarm() && event.alarm_name().ends_with(&self.name_suffix)
    }
}

impl fmt::Display for AlarmRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "alarms named *{}", self.name_suffix)
    }
}

/// The rules of all functions. Cheap to clone; all clones share one table.
#[derive(Debug, Clone, Default)]
pub struct AlarmRules(Arc<RwLock<BTreeMap<String, AlarmRule>>>);

impl AlarmRules {
    /// Replaces the rule of a function.
    pub fn set(&self, function: &str, rule: AlarmRule) {
        let mut rules = self.0.write().unwrap_or_else(PoisonError::into_inner);
        rules.insert(function.to_owned(), rule);
    }

    /// Delivers events for as long as there are any.
    pub async fn deliver_all(self, lambda: Lambda, mut events: Receiver<AlarmEvent>) {
        loop {
            match events.recv().await {
                Ok(event) => self.deliver(&lambda, &event),
                Err(RecvError::Lagged(lost)) => tracing::warn!(lost, "too many alarms at once"),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Invokes every function whose rule the event matches.
    fn deliver(&self, lambda: &Lambda, event: &AlarmEvent) {
        for function in self.matching(event) {
            let reference = FunctionRef {
                name: function.clone(),
                qualifier: Some(LIVE.to_owned()),
            };
            match lambda.route(reference, DEFAULT_REGION) {
                Ok(mut call) => {
                    call.payload = Bytes::from(event.to_json().to_string());
                    lambda.run_in_background(call);
                }
                Err(error) => {
                    let alarm = event.alarm_name();
                    tracing::warn!(function, alarm, %error, "an alarm cannot invoke its function");
                }
            }
        }
    }

    fn matching(&self, event: &AlarmEvent) -> Vec<String> {
        let rules = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let matching = rules.iter().filter(|(_, rule)| rule.matches(event));
        matching.map(|(function, _)| function.clone()).collect()
    }
}
