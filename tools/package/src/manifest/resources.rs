//! What a function is invoked by and what it uses: trigger, tables, queues, parameters.
//!
//! The sandbox and Terraform make the same things from these facts. Names that follow from other
//! names (of a dead-letter queue, of an environment variable) are written out, so that nobody
//! downstream repeats the rule.

use serde::{Deserialize, Serialize};

use super::schedule::ScheduleTrigger;

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
    /// Time, asynchronously.
    Schedule(ScheduleTrigger),
    /// Each minute, and alarms on the candidates of rollouts: the controller alone.
    Controller,
}

/// A parameter of Systems Manager, `/name`, or a secret of Secrets Manager, `secret:/name`. On AWS the project and the
/// environment come before the name: `/shop-production/name`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Parameter(pub String);

impl Parameter {
    /// Its name in Parameter Store, which hands on what Secrets Manager has
    /// (<https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html>), where nothing
    /// comes before the name.
    #[must_use]
    pub fn path(&self) -> String {
        match self.0.strip_prefix("secret:") {
            Some(name) => format!("/aws/reference/secretsmanager{name}"),
            None => self.0.clone(),
        }
    }
}

/// The environment variable that tells a function the name of a parameter, not its value: `API_KEY_PARAMETER`.
#[must_use]
pub fn parameter_variable(name: &str) -> String {
    format!("{name}_PARAMETER")
}

/// What a function may do besides, within the boundary of the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// IAM actions with their service: `s3:GetObject`.
    pub actions: Vec<String>,
    /// ARNs, with `*` where there is none; `{prefix}`, `{region}` and `{account}` stand for the environment's.
    pub resources: Vec<String>,
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
    /// The environment variable that holds its name: `DOCUMENTS_TABLE`.
    pub variable: String,
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

/// An SQS queue that a function sends to or is invoked by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Its name, without the `.fifo` that AWS wants of a FIFO queue.
    pub name: String,
    /// Its name on SQS.
    pub queue_name: String,
    /// The name on SQS of the queue that takes what could not be processed.
    pub dead_letter_queue_name: String,
    /// The environment variable that holds its URL: `DOCUMENTS_QUEUE_URL`.
    pub variable: String,
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
    /// Whether the function sends to it, and so needs its URL.
    #[must_use]
    pub fn is_sent_to(&self) -> bool {
        self.actions.iter().any(|action| action == "SendMessage")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_triggers_unknown_key_is_refused() {
        let json = r#"{"kind": "queue", "queue": "documents", "batchsize": 5}"#;
        let error = serde_json::from_str::<Trigger>(json).unwrap_err();
        assert!(error.to_string().contains("batchsize"), "{error}");
    }
}
