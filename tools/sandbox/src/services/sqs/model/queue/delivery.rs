//! What a queue answers to a sender and to a receive; receipt handles identify one receive of one message.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};

use crate::services::sqs::model::message::{Key, Message};

/// `SenderId` of every message: there are no users here.
const SENDER_ID: &str = "AIDASANDBOX";

/// What a sender is told about a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Message id.
    pub id: String,
    /// In a FIFO queue.
    pub sequence_number: Option<String>,
}

/// One receive of one message.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The message, counting this receive.
    pub message: Message,
    /// What deletes it.
    pub receipt: Receipt,
    /// In a FIFO queue.
    pub sequence_number: Option<String>,
}

/// What a receive gives.
#[derive(Debug, Default)]
pub struct Received {
    /// For the consumer.
    pub deliveries: Vec<Delivery>,
    /// For the dead-letter queue, in order.
    pub dead: Vec<Message>,
}

/// Messages by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Could be received.
    pub visible: usize,
    /// Received and neither deleted nor visible again.
    pub in_flight: usize,
    /// Sent with a delay that is not over.
    pub delayed: usize,
}

/// What has happened to messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// The sizes of those that were sent and kept; dead letters are not sent.
    pub sent_bytes: Vec<usize>,
    /// How many were received.
    pub received: usize,
    /// How many deletions succeeded, of messages that were gone too.
    pub deleted: usize,
}

impl Delivery {
    /// The system attributes of the message by name, as texts; times in milliseconds since the epoch.
    #[must_use]
    pub fn system_attributes(&self) -> BTreeMap<&'static str, String> {
        let message = &self.message;
        let content = &message.content;
        let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(str::to_owned);
        let received = message.first_received.map(|at| at.to_string());
        [
            ("SenderId", Some(SENDER_ID.to_owned())),
            ("SentTimestamp", Some(message.sent.to_string())),
            (
                "ApproximateReceiveCount",
                Some(message.receive_count.to_string()),
            ),
            ("ApproximateFirstReceiveTimestamp", received),
            ("SequenceNumber", self.sequence_number.clone()),
            ("MessageDeduplicationId", content.deduplication_id.clone()),
            ("MessageGroupId", text(&content.group)),
            ("AWSTraceHeader", content.trace_header.clone()),
            (
                "DeadLetterQueueSourceArn",
                text(&message.dead_letter_source),
            ),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

/// What a receipt handle says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Number of the queue: another one for every queue that is created, also under an old name.
    pub queue: u64,
    /// The message.
    pub key: Key,
    /// Which receive of it: its receive count at that time.
    pub receive: u32,
}

impl Receipt {
    /// The handle: opaque to clients.
    #[must_use]
    pub fn to_handle(self) -> String {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&self.queue.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.key.0.to_be_bytes());
        bytes[16..].copy_from_slice(&self.receive.to_be_bytes());
        BASE64.encode(bytes)
    }

    /// Reads a handle; none when it was never given out.
    #[must_use]
    pub fn parse(handle: &str) -> Option<Self> {
        let bytes: [u8; 20] = BASE64.decode(handle).ok()?.try_into().ok()?;
        let (queue, rest) = bytes.split_first_chunk::<8>()?;
        let (key, rest) = rest.split_first_chunk::<8>()?;
        let receive = rest.first_chunk::<4>()?;
        Some(Self {
            queue: u64::from_be_bytes(*queue),
            key: Key(u64::from_be_bytes(*key)),
            receive: u32::from_be_bytes(*receive),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_handle_says_what_it_was_made_of(queue: u64, key: u64, receive: u32) {
            let receipt = Receipt { queue, key: Key(key), receive };
            prop_assert_eq!(Receipt::parse(&receipt.to_handle()), Some(receipt));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = Receipt::parse(&text);
        }
    }
}
