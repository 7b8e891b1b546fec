//! Deduplication of a FIFO queue: what was sent within the last five minutes.

use std::collections::{HashMap, VecDeque};

use super::delivery::Sent;
use crate::services::sqs::model::message::Millis;

/// For how long a message with the same deduplication id is not taken again.
const INTERVAL: Millis = 5 * 60 * 1000;

/// What was sent lately. It stays known when the message has been received and deleted.
#[derive(Debug, Default)]
pub(super) struct Deduplication {
    known: HashMap<String, Sent>,
    /// In the order of their end.
    ends: VecDeque<(Millis, String)>,
}

impl Deduplication {
    /// The message that was sent with this id, if that was not too long ago.
    pub(super) fn find(&mut self, id: &str, now: Millis) -> Option<&Sent> {
        while let Some((_, id)) = self.ends.pop_front_if(|(end, _)| *end <= now) {
            self.known.remove(&id);
        }
        self.known.get(id)
    }

    /// Remembers a message that was sent. Asked with [`Self::find`] before, so that no id is known twice.
    pub(super) fn remember(&mut self, id: String, sent: Sent, now: Millis) {
        self.ends.push_back((now + INTERVAL, id.clone()));
        self.known.insert(id, sent);
    }
}
