//! One queue as a state machine: no I/O, and the time is passed in.
//!
//! A message is delayed, visible or in flight, until it is deleted, too old, or moved to the dead-letter queue.
//! Every operation costs the logarithm of the number of messages, per message that it touches.

mod delivery;
mod order;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

pub use self::delivery::{Counted, Counts, Delivery, Receipt, Received, Sent};
pub use self::order::INTERVAL as DEDUPLICATION_INTERVAL;
use self::order::{Deduplication, DeliveryOrder};
use super::message::{Key, Message, Millis};
use crate::services::sqs::error::SqsError;

/// Most messages that may be in flight at once (quota of both kinds of queues).
const MAX_IN_FLIGHT: usize = 120_000;

/// Longest time in flight, extensions included.
const MAX_INVISIBLE: Millis = 12 * 60 * 60 * 1000;

/// From how many receives on a message of a standard queue is behind the others, and its age none of the queue's
/// ("Available CloudWatch metrics for Amazon SQS").
const RECEIVES_OF_POISON: u32 = 3;

/// First sequence number of a FIFO queue: of the length that AWS's have.
const FIRST_SEQUENCE_NUMBER: u128 = 18_870_000_000_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Visible,
    Delayed { until: Millis },
    InFlight { until: Millis, since: Millis },
}

/// A message with its state.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    message: Message,
    state: State,
    /// How often it was received from this queue.
    receives: u32,
    /// When it came to this queue.
    came: Millis,
}

/// Where a queue is, besides its messages.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Position {
    /// Key of the next message.
    next: u64,
    /// In a FIFO queue, when the last delayed message becomes visible: none that is sent later becomes visible earlier.
    not_before: Millis,
}

/// A queue.
#[derive(Debug)]
pub struct Queue {
    /// Number of the queue, for receipts.
    number: u64,
    fifo: bool,
    entries: HashMap<Key, Entry>,
    order: DeliveryOrder,
    /// Delayed or in flight, by the time at which they become visible.
    invisible: BTreeSet<(Millis, Key)>,
    delayed: usize,
    /// All, by the time at which they were sent.
    by_age: BTreeSet<(Millis, Key)>,
    deduplication: Deduplication,
    position: Position,
    /// Messages that were added, changed or removed since they were last saved.
    unsaved: BTreeSet<Key>,
    counted: Counted,
}

impl Queue {
    /// An empty one.
    #[must_use]
    pub fn new(number: u64, fifo: bool) -> Self {
        Self {
            number,
            fifo,
            entries: HashMap::new(),
            order: DeliveryOrder::new(fifo),
            invisible: BTreeSet::new(),
            delayed: 0,
            by_age: BTreeSet::new(),
            deduplication: Deduplication::default(),
            position: Position::default(),
            unsaved: BTreeSet::new(),
            counted: Counted::default(),
        }
    }

    /// One as it was saved.
    #[must_use]
    pub fn restore(
        number: u64,
        fifo: bool,
        position: Position,
        entries: impl Iterator<Item = (Key, Entry)>,
        remembered: impl Iterator<Item = (Millis, String, Sent)>,
    ) -> Self {
        let mut queue = Self {
            position,
            ..Self::new(number, fifo)
        };
        for (key, entry) in entries {
            let group = entry.message.content.group.as_ref();
            queue.by_age.insert((entry.message.sent, key));
            match entry.state {
                State::Visible => queue.order.add(key, group),
                State::Delayed { until } => {
                    queue.invisible.insert((until, key));
                    queue.delayed += 1;
                }
                State::InFlight { until, .. } => {
                    queue.invisible.insert((until, key));
                    queue.order.restore_in_flight(group);
                }
            }
            queue.entries.insert(key, entry);
        }
        for (end, id, sent) in remembered {
            queue.deduplication.restore(end, id, sent);
        }
        queue
    }

    /// Number of the queue, for receipts.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Where it is, besides its messages.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Messages that were added or changed since they were last saved, and keys of those that are gone.
    pub fn unsaved(&self) -> impl Iterator<Item = (Key, Option<&Entry>)> {
        self.unsaved.iter().map(|key| (*key, self.entries.get(key)))
    }

    /// Deduplication ids since they were last saved: when each is forgotten, itself, and what was sent.
    pub fn unsaved_deduplication(&self) -> impl Iterator<Item = (Millis, &str, &Sent)> {
        self.deduplication.unsaved()
    }

    /// Everything is saved.
    pub fn saved(&mut self) {
        self.unsaved.clear();
        self.deduplication.saved();
    }

    /// Advances to the time `now`: makes visible what was invisible long enough, removes what is older than `retention`.
    pub fn advance_time(&mut self, retention: Millis, now: Millis) {
        while let Some(&(sent, key)) = self.by_age.first()
            && sent.saturating_add(retention) <= now
        {
            self.remove(key);
        }
        while let Some(&(until, key)) = self.invisible.first()
            && until <= now
        {
            self.make_visible(key);
        }
    }

    /// When the next message becomes visible by itself.
    #[must_use]
    pub fn next_visible_at(&self) -> Option<Millis> {
        self.invisible.first().map(|&(until, _)| until)
    }

    /// Accepts a message. In a FIFO queue a duplicate, by `deduplication`, is not stored again.
    pub fn send(
        &mut self,
        message: Message,
        delay: Millis,
        deduplication: Option<String>,
        now: Millis,
    ) -> Sent {
        if let Some(id) = &deduplication
            && let Some(sent) = self.deduplication.find(id, now)
        {
            return sent.clone();
        }
        let id = message.content.id.clone();
        self.counted.sent_bytes.push(message.content.size());
        let key = self.add(message, now + delay, now);
        let sent = Sent {
            id,
            sequence_number: self.sequence_number(key),
        };
        if let Some(id) = deduplication {
            self.deduplication.remember(id, sent.clone(), now);
        }
        sent
    }

    /// Accepts a message that was received too often from another queue.
    pub fn accept_dead_letter(&mut self, message: Message, now: Millis) {
        self.add(message, now, now);
    }

    fn add(&mut self, message: Message, mut visible_from: Millis, now: Millis) -> Key {
        let key = Key(self.position.next);
        self.position.next += 1;
        self.unsaved.insert(key);
        if self.fifo {
            visible_from = visible_from.max(self.position.not_before);
            self.position.not_before = visible_from;
        }
        self.by_age.insert((message.sent, key));
        let state = if visible_from > now {
            self.invisible.insert((visible_from, key));
            self.delayed += 1;
            State::Delayed {
                until: visible_from,
            }
        } else {
            self.order.add(key, message.content.group.as_ref());
            State::Visible
        };
        let entry = Entry {
            message,
            state,
            receives: 0,
            came: now,
        };
        self.entries.insert(key, entry);
        key
    }

    /// Receives up to `max` messages, which are invisible for `visibility`. Those with `max_receives` receives are returned
    /// as dead instead.
    ///
    /// # Errors
    /// `OverLimit` when too many are in flight, in a standard queue.
    pub fn receive(
        &mut self,
        max: usize,
        visibility: Millis,
        max_receives: Option<u32>,
        now: Millis,
    ) -> Result<Received, SqsError> {
        let mut received = Received::default();
        while received.deliveries.len() < max {
            if self.counts().in_flight >= MAX_IN_FLIGHT {
                return self.full(received);
            }
            let keys = self.order.take(max - received.deliveries.len());
            if keys.is_empty() {
                break;
            }
            for key in keys {
                self.deliver(key, visibility, max_receives, now, &mut received);
            }
        }
        self.counted.received += received.deliveries.len();
        Ok(received)
    }

    /// At the limit a standard queue refuses, and a FIFO queue returns no messages.
    fn full(&self, received: Received) -> Result<Received, SqsError> {
        if self.fifo || !received.deliveries.is_empty() || !received.dead.is_empty() {
            return Ok(received);
        }
        Err(SqsError::TooManyInFlight(MAX_IN_FLIGHT))
    }

    fn deliver(
        &mut self,
        key: Key,
        visibility: Millis,
        max_receives: Option<u32>,
        now: Millis,
        received: &mut Received,
    ) {
        let sequence_number = self.sequence_number(key);
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        let until = now + visibility;
        entry.state = State::InFlight { until, since: now };
        self.invisible.insert((until, key));
        self.unsaved.insert(key);
        if max_receives.is_some_and(|max| entry.receives >= max) {
            received.dead.extend(self.remove(key));
            return;
        }
        entry.receives += 1;
        let message = &mut entry.message;
        message.receive_count += 1;
        message.first_received.get_or_insert(now);
        received.deliveries.push(Delivery {
            message: message.clone(),
            receipt: Receipt {
                queue: self.number,
                key,
                receive: message.receive_count,
            },
            sequence_number,
        });
    }

    /// Whether this queue has issued a receipt.
    #[must_use]
    pub fn issued(&self, receipt: Receipt) -> bool {
        receipt.queue == self.number && receipt.key.0 < self.position.next
    }

    /// Deletes a message by its newest receipt. An older one deletes nothing, and a message that is gone is no error.
    ///
    /// # Errors
    /// Of a FIFO queue, when the message has become visible again since.
    pub fn delete(&mut self, receipt: Receipt, handle: &str) -> Result<(), SqsError> {
        let Some(entry) = self.entries.get(&receipt.key) else {
            self.counted.deleted += 1;
            return Ok(());
        };
        let newest = entry.message.receive_count == receipt.receive;
        let in_flight = matches!(entry.state, State::InFlight { .. });
        if self.fifo && !(newest && in_flight) {
            return Err(SqsError::ReceiptHandleExpired(handle.to_owned()));
        }
        if newest {
            self.remove(receipt.key);
        }
        self.counted.deleted += 1;
        Ok(())
    }

    /// Makes a message that is in flight visible `visibility` from now.
    ///
    /// # Errors
    /// When it is not in flight under this receipt, or would be for longer than twelve hours.
    pub fn change_visibility(
        &mut self,
        receipt: Receipt,
        handle: &str,
        visibility: Millis,
        now: Millis,
    ) -> Result<(), SqsError> {
        let entry = self
            .entries
            .get_mut(&receipt.key)
            .filter(|entry| entry.message.receive_count == receipt.receive)
            .ok_or_else(|| SqsError::NotAvailable(handle.to_owned()))?;
        let State::InFlight { until, since } = entry.state else {
            return Err(SqsError::MessageNotInflight);
        };
        let next = now + visibility;
        if next > since + MAX_INVISIBLE {
            return Err(SqsError::InvisibleForTooLong(visibility / 1000));
        }
        entry.state = State::InFlight { until: next, since };
        self.invisible.remove(&(until, receipt.key));
        self.invisible.insert((next, receipt.key));
        self.unsaved.insert(receipt.key);
        Ok(())
    }

    /// Deletes all messages, also those in flight.
    pub fn purge(&mut self) {
        let keys: Vec<Key> = self.entries.keys().copied().collect();
        for key in keys {
            self.remove(key);
        }
    }

    /// How many messages there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let visible = self.order.len();
        Counts {
            visible,
            delayed: self.delayed,
            in_flight: self.invisible.len() - self.delayed,
        }
    }

    /// How long the oldest message has been here; none when there is none but those that were received again and again.
    #[must_use]
    pub fn oldest_age(&self, now: Millis) -> Option<Millis> {
        let active = |entry: &&Entry| self.fifo || entry.receives < RECEIVES_OF_POISON;
        let came = self.entries.values().filter(active).map(|entry| entry.came);
        Some(now.saturating_sub(came.min()?))
    }

    /// What was counted since this was last asked.
    pub fn take_counted(&mut self) -> Counted {
        std::mem::take(&mut self.counted)
    }

    fn sequence_number(&self, key: Key) -> Option<String> {
        self.fifo
            .then(|| (FIRST_SEQUENCE_NUMBER + 256 * u128::from(key.0)).to_string())
    }

    /// Makes a delayed message, or one in flight, visible.
    fn make_visible(&mut self, key: Key) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        let group = entry.message.content.group.clone();
        self.leave_state(key, group.as_ref());
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.state = State::Visible;
            self.order.add(key, group.as_ref());
        }
    }

    fn remove(&mut self, key: Key) -> Option<Message> {
        let group = self.entries.get(&key)?.message.content.group.clone();
        self.leave_state(key, group.as_ref());
        let entry = self.entries.remove(&key)?;
        self.by_age.remove(&(entry.message.sent, key));
        self.unsaved.insert(key);
        Some(entry.message)
    }

    /// Removes a message from the indexes of its state.
    fn leave_state(&mut self, key: Key, group: Option<&Arc<str>>) {
        match self.entries.get(&key).map(|entry| entry.state) {
            Some(State::Visible) => self.order.remove(key, group),
            Some(State::Delayed { until }) => {
                self.invisible.remove(&(until, key));
                self.delayed -= 1;
            }
            Some(State::InFlight { until, .. }) => {
                self.invisible.remove(&(until, key));
                self.order.finish(group);
            }
            None => {}
        }
    }
}
