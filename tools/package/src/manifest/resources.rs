//! What a function is invoked by and what it uses: trigger, tables, queues.
//!
//! The sandbox and Terraform make the same things from these facts: a queue's dead-letter queue
//! and the names of the environment variables are rules here, so that nobody spells them twice.

use serde::{Deserialize, Serialize};

/// What invokes a function: `[package.metadata.function] trigger`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Trigger {
    /// Nothing but direct invocations.
    #[default]
    None,
    /// An HTTP API, payload format 2.0, every route.
    Http,
    /// Messages of a queue, with partial batch responses.
    Queue(QueueTrigger),
}

/// An event source mapping from a queue to the function's `live` alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueTrigger {
    /// Name of the queue.
    pub queue: String,
    /// Messages in one invocation, at most.
    #[serde(default = "ten")]
    pub batch_size: u32,
    /// How long to wait for a full batch, in seconds.
    #[serde(default)]
    pub batching_window_s: u32,
    /// Invocations at once, at most.
    #[serde(default = "ten")]
    pub maximum_concurrency: u32,
}

const fn ten() -> u32 {
    10
}

/// Type of a key attribute, in DynamoDB's spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyType {
    /// A string.
    S,
    /// A number.
    N,
    /// Bytes.
    B,
}

impl KeyType {
    /// DynamoDB's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
        }
    }
}

/// An attribute that is part of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyAttribute {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub key_type: KeyType,
}

/// A global secondary index with all attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Partition key.
    pub partition_key: KeyAttribute,
    /// Sort key, if there is one.
    #[serde(default)]
    pub sort_key: Option<KeyAttribute>,
}

/// A DynamoDB table that a function uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// What the function may do with it: IAM actions without `dynamodb:`.
    pub actions: Vec<String>,
    /// Partition key.
    pub partition_key: KeyAttribute,
    /// Sort key, if there is one.
    pub sort_key: Option<KeyAttribute>,
    /// Global secondary indexes.
    pub indexes: Vec<Index>,
    /// The attribute (epoch seconds) after which an item expires.
    pub ttl_attribute: Option<String>,
}

impl Table {
    /// The environment variable that holds the table's name: `DOCUMENTS_TABLE`.
    #[must_use]
    pub fn variable(&self) -> String {
        variable(&self.name, "TABLE")
    }
}

/// An SQS queue that a function sends to or is invoked by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Its name, without the `.fifo` that AWS wants of a FIFO queue.
    pub name: String,
    /// What the function may do with it: IAM actions without `sqs:`.
    pub actions: Vec<String>,
    /// Whether messages of a group keep their order.
    pub fifo: bool,
    /// How long a received message stays invisible, in seconds.
    pub visibility_timeout_s: u32,
    /// How often a message is delivered before it goes to the dead-letter queue.
    pub max_receive_count: u32,
}

impl Queue {
    /// The name on SQS: with `.fifo` where the queue is one.
    #[must_use]
    pub fn queue_name(&self) -> String {
        self.with_suffix("")
    }

    /// The name on SQS of the queue that takes what could not be processed.
    #[must_use]
    pub fn dead_letter_queue_name(&self) -> String {
        self.with_suffix("-dead-letter")
    }

    /// The environment variable that holds the queue's URL: `DOCUMENTS_QUEUE_URL`.
    #[must_use]
    pub fn variable(&self) -> String {
        variable(&self.name, "QUEUE_URL")
    }

    /// Whether the function sends to it, and so needs its URL.
    #[must_use]
    pub fn is_sent_to(&self) -> bool {
        self.actions.iter().any(|action| action == "SendMessage")
    }

    fn with_suffix(&self, suffix: &str) -> String {
        let fifo = if self.fifo { ".fifo" } else { "" };
        format!("{}{suffix}{fifo}", self.name)
    }
}

fn variable(name: &str, suffix: &str) -> String {
    let name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("{}_{suffix}", name.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(fifo: bool) -> Queue {
        Queue {
            name: "new-documents".into(),
            actions: vec!["SendMessage".into()],
            fifo,
            visibility_timeout_s: 60,
            max_receive_count: 5,
        }
    }

    #[test]
    fn both_names_of_a_fifo_queue_end_as_sqs_wants_them() {
        assert_eq!(queue(true).queue_name(), "new-documents.fifo");
        assert_eq!(
            queue(true).dead_letter_queue_name(),
            "new-documents-dead-letter.fifo"
        );
        assert_eq!(
            queue(false).dead_letter_queue_name(),
            "new-documents-dead-letter"
        );
    }

    #[test]
    fn variables_are_upper_case_words() {
        assert_eq!(queue(false).variable(), "NEW_DOCUMENTS_QUEUE_URL");
    }

    #[test]
    fn a_triggers_unknown_key_is_refused() {
        let json = r#"{"kind": "queue", "queue": "documents", "batchsize": 5}"#;
        let error = serde_json::from_str::<Trigger>(json).unwrap_err();
        assert!(error.to_string().contains("batchsize"), "{error}");
    }
}
