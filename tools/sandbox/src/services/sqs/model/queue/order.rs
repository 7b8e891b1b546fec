//! Which of the visible messages comes next: the oldest, or in a FIFO queue the oldest of a group that has none in
//! flight; and which message of a FIFO queue is a duplicate.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use super::delivery::Sent;
use crate::services::sqs::model::message::{Key, Millis};

/// The visible messages of a queue.
#[derive(Debug)]
pub(super) enum DeliveryOrder {
    /// Any order is allowed; this is the one in which they were sent.
    Standard(BTreeSet<Key>),
    Fifo(Groups),
}

impl DeliveryOrder {
    pub(super) fn new(fifo: bool) -> Self {
        if fifo {
            Self::Fifo(Groups::default())
        } else {
            Self::Standard(BTreeSet::new())
        }
    }

    /// How many are visible, blocked groups included.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Standard(keys) => keys.len(),
            Self::Fifo(groups) => groups.visible,
        }
    }

    /// A message has become visible.
    pub(super) fn add(&mut self, key: Key, group: Option<&Arc<str>>) {
        match self {
            Self::Standard(keys) => {
                keys.insert(key);
            }
            Self::Fifo(groups) => groups.add(key, group_of(group)),
        }
    }

    /// A visible message was removed.
    pub(super) fn remove(&mut self, key: Key, group: Option<&Arc<str>>) {
        match self {
            Self::Standard(keys) => {
                keys.remove(&key);
            }
            Self::Fifo(groups) => groups.remove(key, &group_of(group)),
        }
    }

    /// Removes and returns the next ones: at most `max`, and of one group only. They are in flight until [`Self::finish`].
    pub(super) fn take(&mut self, max: usize) -> Vec<Key> {
        match self {
            Self::Standard(keys) => (0..max).map_while(|_| keys.pop_first()).collect(),
            Self::Fifo(groups) => groups.take(max),
        }
    }

    /// A message of this group is in flight since before a restart.
    pub(super) fn restore_in_flight(&mut self, group: Option<&Arc<str>>) {
        if let Self::Fifo(groups) = self {
            groups.change(&group_of(group), |group| group.in_flight += 1);
        }
    }

    /// A message in flight was deleted, or becomes visible again: then it is added after this.
    pub(super) fn finish(&mut self, group: Option<&Arc<str>>) {
        if let Self::Fifo(groups) = self {
            groups.finish(&group_of(group));
        }
    }
}

/// Every message of a FIFO queue has a group.
fn group_of(group: Option<&Arc<str>>) -> Arc<str> {
    group.cloned().unwrap_or_default()
}

/// The groups of a FIFO queue that have messages.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: HashMap<Arc<str>, Group>,
    /// Groups with visible messages and none in flight, by their oldest message.
    ready: BTreeMap<Key, Arc<str>>,
    visible: usize,
}

#[derive(Debug, Default)]
struct Group {
    visible: BTreeSet<Key>,
    in_flight: usize,
}

impl Groups {
    /// Changes a group and updates [`Self::ready`].
    fn change<T>(&mut self, name: &Arc<str>, change: impl FnOnce(&mut Group) -> T) -> T {
        let group = self.groups.entry(Arc::clone(name)).or_default();
        if let Some(head) = group.visible.first() {
            self.ready.remove(head);
        }
        let before = group.visible.len();
        let result = change(group);
        self.visible = self.visible + group.visible.len() - before;
        match group.visible.first() {
            Some(&head) if group.in_flight == 0 => {
                self.ready.insert(head, Arc::clone(name));
            }
            None if group.in_flight == 0 => {
                self.groups.remove(name);
            }
            _ => {}
        }
        result
    }

    fn add(&mut self, key: Key, name: Arc<str>) {
        self.change(&name, |group| group.visible.insert(key));
    }

    fn remove(&mut self, key: Key, name: &Arc<str>) {
        self.change(name, |group| group.visible.remove(&key));
    }

    fn take(&mut self, max: usize) -> Vec<Key> {
        let Some(name) = self.ready.first_key_value().map(|(_, name)| name.clone()) else {
            return Vec::new();
        };
        self.change(&name, |group| {
            let taken: Vec<Key> = (0..max).map_while(|_| group.visible.pop_first()).collect();
            group.in_flight += taken.len();
            taken
        })
    }

    fn finish(&mut self, name: &Arc<str>) {
        self.change(name, |group| {
            group.in_flight = group.in_flight.saturating_sub(1);
        });
    }
}

/// For how long a message with the same deduplication id is not taken again.
pub const INTERVAL: Millis = 5 * 60 * 1000;

/// The deduplication ids of the last five minutes. They stay known when their messages are deleted.
#[derive(Debug, Default)]
pub(super) struct Deduplication {
    known: HashMap<String, Sent>,
    /// By the time at which they are forgotten.
    ends: VecDeque<(Millis, String)>,
    /// How many of the last ones are not saved.
    unsaved: usize,
}

impl Deduplication {
    /// What was sent with this id, if that was within the last five minutes.
    pub(super) fn find(&mut self, id: &str, now: Millis) -> Option<&Sent> {
        while let Some((_, id)) = self.ends.pop_front_if(|(end, _)| *end <= now) {
            self.known.remove(&id);
        }
        self.known.get(id)
    }

    /// Remembers a message that was sent. The caller has asked [`Self::find`] before: no id is known twice.
    pub(super) fn remember(&mut self, id: String, sent: Sent, now: Millis) {
        self.restore(now + INTERVAL, id, sent);
        self.unsaved += 1;
    }

    /// Remembers what was saved. In the order in which it is forgotten.
    pub(super) fn restore(&mut self, end: Millis, id: String, sent: Sent) {
        self.ends.push_back((end, id.clone()));
        self.known.insert(id, sent);
    }

    /// What was remembered since it was last saved: when it is forgotten, its id, and what was sent.
    pub(super) fn unsaved(&self) -> impl Iterator<Item = (Millis, &str, &Sent)> {
        let unsaved = self.ends.iter().rev().take(self.unsaved);
        unsaved.filter_map(|(end, id)| Some((*end, id.as_str(), self.known.get(id)?)))
    }

    /// Everything is saved.
    pub(super) fn saved(&mut self) {
        self.unsaved = 0;
    }
}
