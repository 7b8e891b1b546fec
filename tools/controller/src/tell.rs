//! What a tick tells the world: events on EventBridge, and a line of the log for everything that happens.
//!
//! An event is told at least once. Its `id` is made of what the alias says, so whoever is told twice can see that it is the
//! same.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_sdk_eventbridge::{Client, types::PutEventsRequestEntry};

use rollout::{
    aws::client::explain,
    delivery::{
        decision::Waiting,
        driver::Events,
        event::{Ending, Event},
        record::Record,
    },
};
use serde::Serialize;

/// The `Source` of all events.
pub const SOURCE: &str = "rollout";

/// How many entries `PutEvents` takes.
const MOST_ENTRIES: usize = 10;

/// What has happened to a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The candidate has its first weight.
    Started,
    /// It has another one.
    Step,
    /// The weight stays until somebody resumes the rollout, or promotes or approves it.
    Paused,
    /// Somebody has.
    Resumed,
    /// The candidate serves alone, and what was armed after that is over.
    Promoted,
    /// The baseline serves alone.
    RolledBack,
    /// The controller could not do what it should.
    Failed,
    /// `live` is not as the rollout has left it.
    ChangedByHand,
}

impl What {
    /// The event's `DetailType`.
    #[must_use]
    pub const fn detail_type(self) -> &'static str {
        match self {
            Self::Started => "Rollout started",
            Self::Step => "Rollout step",
            Self::Paused => "Rollout paused",
            Self::Resumed => "Rollout resumed",
            Self::Promoted => "Rollout promoted",
            Self::RolledBack => "Rollout rolled back",
            Self::Failed => "Rollout failed",
            Self::ChangedByHand => "Rollout changed by hand",
        }
    }
}

/// What is told: the event's `Detail`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// The same for the same thing told twice.
    pub id: String,
    /// What has happened.
    pub event: What,
    /// To which function.
    pub function: String,
    /// The version that serves before.
    pub baseline: Option<u64>,
    /// The version that traffic moves to.
    pub candidate: Option<u64>,
    /// The candidate's weight in percent.
    pub percent: Option<f64>,
    /// The same for people.
    pub sentence: String,
}

impl Told {
    /// About a rollout, as its alias says.
    #[must_use]
    pub fn new(event: What, function: &str, record: Option<&Record>, sentence: String) -> Self {
        let told = record.map(|record| told_of(event, record));
        let of = told
            .as_ref()
            .map_or_else(|| sentence.clone(), Record::to_string);
        Self {
            id: format!("{function}: {}: {of}", event.detail_type()),
            event,
            function: function.to_owned(),
            baseline: record.map(|record| record.baseline.number()),
            candidate: record.map(|record| record.candidate.number()),
            percent: record.map(|record| record.percent().value()),
            sentence,
        }
    }
}

/// The part of a record that an event is about: a pause is nothing to a step, nor an outage to a pause.
fn told_of(event: What, record: &Record) -> Record {
    let record = record.clone().unanswered(None);
    match event {
        What::Paused | What::Resumed => record,
        _ => Record {
            paused: None,
            resumed: None,
            ..record
        },
    }
}

/// What this process has told last of each function: every tick finds a rollout that waits for somebody waiting.
#[derive(Debug, Clone, Default)]
pub struct LastTold(Arc<Mutex<HashMap<String, String>>>);

impl LastTold {
    fn is(&self, told: &Told) -> bool {
        self.lock().get(&told.function) == Some(&told.id)
    }

    fn set(&self, told: &Told) {
        self.lock().insert(told.function.clone(), told.id.clone());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, String>> {
        // No code that holds the lock can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Collects what happens in ticks of one function.
#[derive(Debug)]
pub struct Teller {
    function: String,
    happened: Vec<Event>,
    /// What is still to be told.
    pending: Vec<Told>,
}

impl Events for Teller {
    fn emit(&mut self, event: &Event) {
        let journal = serde_json::to_string(event).unwrap_or_default();
        tracing::info!(function = self.function, journal, "rollout");
        self.happened.push(event.clone());
    }
}

impl Teller {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(function: &str) -> Self {
        Self {
            function: function.to_owned(),
            happened: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// Makes of what has happened what is to be told, by the alias's record as it is now.
    pub fn take_in(&mut self, record: &Record) {
        for event in mem::take(&mut self.happened) {
            if let Some((what, sentence)) = told(&event, record) {
                self.tell(Told::new(what, &self.function, Some(record), sentence));
            }
        }
    }

    /// To be told once, however often it is said.
    pub fn tell(&mut self, told: Told) {
        if self.pending.iter().all(|other| other.id != told.id) {
            self.pending.push(told);
        }
    }

    /// Tells what is to be told. What could not be is told by the next call.
    ///
    /// # Errors
    /// What AWS said.
    pub async fn send(
        &mut self,
        client: &Client,
        bus: &str,
        last: &LastTold,
    ) -> Result<(), String> {
        self.pending.retain(|told| !last.is(told));
        while !self.pending.is_empty() {
            let many = self.pending.len().min(MOST_ENTRIES);
            let entries = self.pending[..many].iter().map(|told| {
                PutEventsRequestEntry::builder()
                    .source(SOURCE)
                    .detail_type(told.event.detail_type())
                    .detail(serde_json::to_string(told).unwrap_or_default())
                    .event_bus_name(bus)
                    .build()
            });
            let sent = client
                .put_events()
                .set_entries(Some(entries.collect()))
                .send()
                .await;
            let sent = sent.map_err(|error| format!("PutEvents: {}", explain(&error)))?;
            let refused = sent
                .entries()
                .iter()
                .find_map(|entry| entry.error_message());
            if sent.failed_entry_count() > 0 {
                return Err(format!(
                    "PutEvents: {}",
                    refused.unwrap_or("an entry was refused")
                ));
            }
            self.pending.drain(..many).for_each(|told| last.set(&told));
        }
        Ok(())
    }
}

/// What an event is to the world, with a sentence for people; nothing for what only the log has.
fn told(event: &Event, record: &Record) -> Option<(What, String)> {
    let (baseline, candidate, percent) = (record.baseline, record.candidate, record.percent());
    let step = format!("version {candidate} gets {percent} of live, version {baseline} the rest");
    match event {
        Event::Started { .. } | Event::Weight { .. } if is_step(record) => {
            let is_first = record.changes.len() == 1;
            let what = if is_first { What::Started } else { What::Step };
            Some((what, step))
        }
        Event::Paused { paused: true } => Some((
            What::Paused,
            format!("paused at {percent} of version {candidate}"),
        )),
        Event::Paused { paused: false } => Some((
            What::Resumed,
            format!("resumed at {percent} of version {candidate}"),
        )),
        Event::Analysed(analysed) if analysed.waiting == Some(Waiting::Promotion) => Some((
            What::Paused,
            format!("{percent} is over, and version {candidate} waits for rollout promote"),
        )),
        Event::Ended { ending, sentence } => {
            let what = match ending {
                Ending::NothingToMove | Ending::Detached => return None,
                Ending::Promoted => What::Promoted,
                Ending::RolledBack(_) => What::RolledBack,
                Ending::Reached | Ending::Paused(_) => What::Paused,
                Ending::Stopped => What::ChangedByHand,
                Ending::RollbackFailed(_) => What::Failed,
            };
            Some((what, sentence.clone()))
        }
        _ => None,
    }
}

/// Whether a weight is told when it is set: a promotion is told at its end, unless it was the first weight.
fn is_step(record: &Record) -> bool {
    let weight = record.percent().weight();
    0.0 < weight && (weight < 1.0 || record.changes.len() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@41s";

    fn told_by(text: &str, event: &Event) -> Vec<Told> {
        let mut teller = Teller::new("hasher");
        let record: Record = text.parse().expect("a record");
        for _ in 0..2 {
            teller.emit(event);
            teller.take_in(&record);
        }
        teller.pending
    }

    fn weight(text: &str) -> Vec<Told> {
        let percent = text.parse::<Record>().expect("a record").percent();
        told_by(text, &Event::Weight { percent })
    }

    #[test]
    fn the_same_step_has_the_same_id_also_when_its_outage_or_pause_has_come_meanwhile() {
        let [step] = &weight(RECORD)[..] else {
            panic!("told once");
        };
        assert_eq!((step.event, step.percent), (What::Step, Some(25.0)));
        for mark in [" paused@65s", " unanswered@70s", " resumed@90s"] {
            let again = weight(&format!("{RECORD}{mark}"));
            assert_eq!(again[0].id, step.id, "{mark}");
        }
        assert_ne!(weight(&format!("{RECORD} 50%@80s"))[0].id, step.id);
    }

    #[test]
    fn two_pauses_of_one_step_are_two() {
        let paused = |second: u32| {
            told_by(
                &format!("{RECORD} paused@{second}s"),
                &Event::Paused { paused: true },
            )[0]
            .id
            .clone()
        };
        assert_ne!(paused(65), paused(95));
    }

    #[test]
    fn a_promotion_is_told_at_its_end_and_not_when_the_weight_is_set() {
        assert!(weight(&format!("{RECORD} 100%@90s")).is_empty());
        let event = Event::Ended {
            ending: Ending::Promoted,
            sentence: "live serves 2".to_owned(),
        };
        let told = told_by(&format!("{RECORD} 100%@90s"), &event);
        assert_eq!(told[0].event.detail_type(), "Rollout promoted");
    }
}
