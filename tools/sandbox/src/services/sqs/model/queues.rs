//! All queues, and the way of a message to the dead-letter queue.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::Notify;

use super::{
    message::{Message, Millis},
    queue::{Counted, Delivery, Queue, Receipt, Sent},
    settings::Settings,
};
use crate::{aws::arn, services::sqs::error::SqsError};

/// A queue: its messages, and everything else that AWS keeps about it.
#[derive(Debug)]
pub struct QueueEntry {
    /// Its messages.
    pub queue: Queue,
    /// Its attributes that can be set.
    pub settings: Settings,
    /// Its ARN.
    pub arn: Arc<str>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was created, in seconds since the epoch.
    pub created_s: u64,
    /// When an attribute was last changed, in seconds since the epoch.
    pub modified_s: u64,
    /// Whether attributes or tags have changed since they were last saved.
    pub unsaved: bool,
    /// Wakes receives that wait for messages.
    pub changed: Arc<Notify>,
}

/// A message to send, whose limits have been checked.
#[derive(Debug)]
pub struct Sending {
    /// The message.
    pub message: Message,
    /// A delay of its own; none takes that of the queue.
    pub delay: Option<Millis>,
    /// What tells it from others, in a FIFO queue.
    pub deduplication: Option<String>,
}

/// All queues, by name.
#[derive(Debug, Default)]
pub struct Queues {
    queues: BTreeMap<String, QueueEntry>,
    next_number: u64,
    /// Numbers of queues that were deleted since this was last saved.
    deleted: Vec<u64>,
}

impl Queues {
    /// Adds a queue that was saved.
    pub fn restore(&mut self, name: String, entry: QueueEntry) {
        self.next_number = self.next_number.max(entry.queue.number());
        self.queues.insert(name, entry);
    }

    /// Every queue, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &QueueEntry)> {
        self.queues
            .iter()
            .map(|(name, entry)| (name.as_str(), entry))
    }

    /// Numbers of queues that were deleted since this was last saved.
    #[must_use]
    pub fn deleted(&self) -> &[u64] {
        &self.deleted
    }

    /// What was counted of every queue since this was last asked, where that is anything.
    pub fn take_counted(&mut self) -> Vec<(String, Counted)> {
        let queues = self.queues.iter_mut();
        let counted = queues.map(|(name, entry)| (name, entry.queue.take_counted()));
        counted
            .filter(|(_, counted)| *counted != Counted::default())
            .map(|(name, counted)| (name.clone(), counted))
            .collect()
    }

    /// Every queue at the time `now`, by name.
    pub fn all_at(&mut self, now: Millis) -> impl Iterator<Item = (&str, &Queue)> {
        self.queues.iter_mut().map(move |(name, entry)| {
            entry.queue.advance_time(entry.settings.retention(), now);
            (name.as_str(), &entry.queue)
        })
    }

    /// Everything is saved.
    pub fn saved(&mut self) {
        self.deleted.clear();
        for entry in self.queues.values_mut() {
            entry.unsaved = false;
            entry.queue.saved();
        }
    }

    /// A queue.
    ///
    /// # Errors
    /// `QueueDoesNotExist`.
    pub fn queue(&self, name: &str) -> Result<&QueueEntry, SqsError> {
        self.queues.get(name).ok_or(SqsError::QueueDoesNotExist)
    }

    /// A queue, to change it, at the time `now`.
    ///
    /// # Errors
    /// `QueueDoesNotExist`.
    pub fn queue_at(&mut self, name: &str, now: Millis) -> Result<&mut QueueEntry, SqsError> {
        let entry = self
            .queues
            .get_mut(name)
            .ok_or(SqsError::QueueDoesNotExist)?;
        entry.queue.advance_time(entry.settings.retention(), now);
        Ok(entry)
    }

    /// The tags of a queue, to change them.
    ///
    /// # Errors
    /// `QueueDoesNotExist`.
    pub fn tags_mut(&mut self, name: &str) -> Result<&mut BTreeMap<String, String>, SqsError> {
        let entry = self.queues.get_mut(name);
        let entry = entry.ok_or(SqsError::QueueDoesNotExist)?;
        entry.unsaved = true;
        Ok(&mut entry.tags)
    }

    /// The names of all queues in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// Creates a queue, unless it is there with the same values of these attributes.
    ///
    /// # Errors
    /// `QueueNameExists`, and what [`Settings::with`] refuses.
    pub fn create(
        &mut self,
        name: &str,
        region: &str,
        attributes: &BTreeMap<String, String>,
        tags: BTreeMap<String, String>,
        now: Millis,
    ) -> Result<(), SqsError> {
        check_name(name)?;
        let fifo = name.ends_with(".fifo");
        if let Some(existing) = self.queues.get(name) {
            return match existing.settings.difference(attributes) {
                Some(attribute) => Err(SqsError::QueueNameExists(attribute.to_owned())),
                None => Ok(()),
            };
        }
        if fifo
            != attributes
                .get("FifoQueue")
                .is_some_and(|value| value.eq_ignore_ascii_case("true"))
        {
            return Err(SqsError::InvalidParameter(
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must \
                 end with .fifo suffix and be 1 to 80 in length; and a queue with that suffix needs FifoQueue=true."
                    .to_owned(),
            ));
        }
        let settings = Settings::new(fifo).with(attributes)?;
        self.check_redrive(&settings, attributes)?;
        self.next_number += 1;
        let entry = QueueEntry {
            queue: Queue::new(self.next_number, fifo),
            settings,
            arn: arn::arn("sqs", region, name).into(),
            tags,
            created_s: now / 1000,
            modified_s: now / 1000,
            unsaved: true,
            changed: Arc::default(),
        };
        self.queues.insert(name.to_owned(), entry);
        Ok(())
    }

    /// Deletes a queue with its messages.
    ///
    /// # Errors
    /// `QueueDoesNotExist`.
    pub fn delete(&mut self, name: &str) -> Result<(), SqsError> {
        let entry = self
            .queues
            .remove(name)
            .ok_or(SqsError::QueueDoesNotExist)?;
        entry.changed.notify_waiters();
        self.deleted.push(entry.queue.number());
        Ok(())
    }

    /// Changes attributes of a queue.
    ///
    /// # Errors
    /// `QueueDoesNotExist`, and what [`Settings::with`] refuses.
    pub fn configure(
        &mut self,
        name: &str,
        attributes: &BTreeMap<String, String>,
        now: Millis,
    ) -> Result<(), SqsError> {
        let settings = self.queue(name)?.settings.with(attributes)?;
        self.check_redrive(&settings, attributes)?;
        let entry = self.queue_at(name, now)?;
        entry.settings = settings;
        entry.modified_s = now / 1000;
        entry.unsaved = true;
        // Receives that wait look again: there may be a redrive policy now, or a shorter retention.
        entry.changed.notify_waiters();
        Ok(())
    }

    /// A redrive policy must name a queue that is there and of the same kind.
    fn check_redrive(
        &self,
        settings: &Settings,
        attributes: &BTreeMap<String, String>,
    ) -> Result<(), SqsError> {
        let (Some(redrive), Some(text)) = (settings.redrive(), attributes.get("RedrivePolicy"))
        else {
            return Ok(());
        };
        let invalid = |reason| Err(SqsError::invalid("RedrivePolicy", text, reason));
        match self.by_arn(&redrive.target) {
            None => invalid("Dead letter target does not exist."),
            Some(target) if target.settings.is_fifo() != settings.is_fifo() => {
                invalid("Dead-letter queue must be same type of queue as the source.")
            }
            Some(_) => Ok(()),
        }
    }

    /// A queue by its ARN.
    #[must_use]
    pub fn by_arn(&self, arn: &str) -> Option<&QueueEntry> {
        let name = arn::last_part(arn);
        self.queues.get(name).filter(|entry| *entry.arn == *arn)
    }

    /// Sends a message.
    ///
    /// # Errors
    /// `QueueDoesNotExist`.
    pub fn send(&mut self, name: &str, sending: Sending, now: Millis) -> Result<Sent, SqsError> {
        let entry = self.queue_at(name, now)?;
        let delay = sending.delay.unwrap_or(entry.settings.delay());
        let sent = entry
            .queue
            .send(sending.message, delay, sending.deduplication, now);
        entry.changed.notify_waiters();
        Ok(sent)
    }

    /// Receives what is there, and moves what was received too often to the dead-letter queue. While that queue does not
    /// exist, there is no limit: nothing is lost.
    ///
    /// # Errors
    /// `QueueDoesNotExist`, and `OverLimit` when too many messages are in flight.
    pub fn receive(
        &mut self,
        name: &str,
        max: usize,
        visibility: Option<Millis>,
        now: Millis,
    ) -> Result<Vec<Delivery>, SqsError> {
        let redrive = self.queue(name)?.settings.redrive().cloned();
        let redrive = redrive.filter(|redrive| self.by_arn(&redrive.target).is_some());
        let entry = self.queue_at(name, now)?;
        let visibility = visibility.unwrap_or(entry.settings.visibility());
        let max_receives = redrive.as_ref().map(|redrive| redrive.max_receives);
        let received = entry.queue.receive(max, visibility, max_receives, now)?;
        if let Some(redrive) = redrive {
            let source = Arc::clone(&entry.arn);
            self.move_to_dead_letter_queue(&redrive.target, &source, received.dead, now);
        }
        Ok(received.deliveries)
    }

    /// Moves dead messages to their queue. In a FIFO queue their retention begins now, in others it began when they were
    /// sent ("Understanding message retention periods for dead-letter queues").
    fn move_to_dead_letter_queue(
        &mut self,
        target: &str,
        source: &Arc<str>,
        dead: Vec<Message>,
        now: Millis,
    ) {
        let Some(entry) = self
            .queues
            .get_mut(arn::last_part(target))
            .filter(|_| !dead.is_empty())
        else {
            return;
        };
        for mut message in dead {
            message.dead_letter_source = Some(Arc::clone(source));
            if entry.settings.is_fifo() {
                message.sent = now;
            }
            entry.queue.accept_dead_letter(message, now);
        }
        entry.changed.notify_waiters();
    }

    /// Deletes a message by its receipt handle.
    ///
    /// # Errors
    /// `QueueDoesNotExist`, `ReceiptHandleIsInvalid`, and what [`Queue::delete`] refuses.
    pub fn delete_message(
        &mut self,
        name: &str,
        handle: &str,
        now: Millis,
    ) -> Result<(), SqsError> {
        let entry = self.queue_at(name, now)?;
        let receipt = entry.receipt(handle)?;
        entry.queue.delete(receipt, handle)?;
        entry.wake_groups();
        Ok(())
    }

    /// Makes a message visible `visibility` from now.
    ///
    /// # Errors
    /// `QueueDoesNotExist`, `ReceiptHandleIsInvalid`, and what [`Queue::change_visibility`] refuses.
    pub fn change_visibility(
        &mut self,
        name: &str,
        handle: &str,
        visibility: Millis,
        now: Millis,
    ) -> Result<(), SqsError> {
        let entry = self.queue_at(name, now)?;
        let receipt = entry.receipt(handle)?;
        entry
            .queue
            .change_visibility(receipt, handle, visibility, now)?;
        // It may become visible earlier than a waiting receive expects.
        entry.changed.notify_waiters();
        Ok(())
    }
}

impl QueueEntry {
    /// Reads a receipt handle of this queue.
    fn receipt(&self, handle: &str) -> Result<Receipt, SqsError> {
        Receipt::parse(handle)
            .filter(|receipt| self.queue.issued(*receipt))
            .ok_or_else(|| SqsError::ReceiptHandleIsInvalid(handle.to_owned()))
    }

    /// Without the message in flight, the next one of its group can be received.
    fn wake_groups(&self) {
        if self.settings.is_fifo() {
            self.changed.notify_waiters();
        }
    }
}

fn check_name(name: &str) -> Result<(), SqsError> {
    let word = name.strip_suffix(".fifo").unwrap_or(name);
    if name.len() <= 80 && arn::is_name(word, 80) {
        return Ok(());
    }
    Err(SqsError::InvalidParameter(
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
            .to_owned(),
    ))
}
