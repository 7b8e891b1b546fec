//! What a queue answers to a sender and to a receive.

use std::collections::BTreeMap;

use crate::services::sqs::model::{message::Message, receipt::Receipt};

/// `SenderId` of every message: there are no users here.
const SENDER_ID: &str = "AIDASANDBOX";

/// What a sender is told about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
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
