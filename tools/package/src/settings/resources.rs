//! Tables and queues: defined once in a crate's metadata, resolved for each function that uses them.
//!
//! A function finds `[package.metadata.tables.*]` and `[package.metadata.queues.*]` in its own
//! `Cargo.toml`, and those that it shares with other functions in that of a library beside them, next to the
//! code that knows their items and messages.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::manifest::{
    Index, KeyAttribute, Parameter, Permission, Queue, QueueTrigger, Table, Trigger,
};

/// What an event source mapping does with its queue.
const CONSUMER_ACTIONS: [&str; 3] = ["DeleteMessage", "GetQueueAttributes", "ReceiveMessage"];

/// `[package.metadata.function]`: the trigger, and by name what the function may do with what.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FunctionTable {
    pub(super) trigger: Trigger,
    /// Read by scripts/common.sh alone; here it is checked.
    #[serde(rename = "opt-level")]
    _opt_level: Option<OptLevel>,
    tables: BTreeMap<String, Vec<String>>,
    queues: BTreeMap<String, Vec<String>>,
    parameters: BTreeMap<String, Parameter>,
    permissions: Vec<Permission>,
}

/// How the function's own crate is optimised, and the whole when it is linked, where that is not as in
/// `[profile.release]` (<https://doc.rust-lang.org/cargo/reference/profiles.html#opt-level>).
#[derive(Debug, Deserialize)]
enum OptLevel {
    /// For size: what waits for AWS most of its time.
    #[serde(rename = "s")]
    Size,
    /// For size, without vectorised loops.
    #[serde(rename = "z")]
    SmallestSize,
}

/// `[package.metadata.tables.<name>]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableDefinition {
    partition_key: KeyAttribute,
    #[serde(default)]
    sort_key: Option<KeyAttribute>,
    #[serde(default)]
    indexes: Vec<Index>,
    #[serde(default)]
    ttl_attribute: Option<String>,
}

/// `[package.metadata.queues.<name>]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QueueDefinition {
    #[serde(default)]
    fifo: bool,
    visibility_timeout_s: u32,
    #[serde(default = "five")]
    max_receive_count: u32,
}

const fn five() -> u32 {
    5
}

/// The definitions of one crate.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    pub(super) tables: BTreeMap<String, TableDefinition>,
    pub(super) queues: BTreeMap<String, QueueDefinition>,
}

impl Definitions {
    /// Adds the definitions of a library.
    ///
    /// # Errors
    /// When both define the same name and not alike.
    pub(super) fn join(mut self, other: Self, library: &str) -> Result<Self, String> {
        merge("tables", library, &mut self.tables, other.tables)?;
        merge("queues", library, &mut self.queues, other.queues)?;
        Ok(self)
    }
}

fn merge<T: PartialEq>(
    kind: &str,
    library: &str,
    into: &mut BTreeMap<String, T>,
    from: BTreeMap<String, T>,
) -> Result<(), String> {
    for (name, definition) in from {
        if into.get(&name).is_some_and(|known| *known != definition) {
            return Err(format!(
                "{kind}.{name} is defined in the Cargo.toml of {library} as well, and differently: keep one"
            ));
        }
        into.insert(name, definition);
    }
    Ok(())
}

impl FunctionTable {
    /// The tables that the function uses.
    ///
    /// # Errors
    /// What is wrong with which key, in one sentence.
    pub(super) fn tables(&self, definitions: &Definitions) -> Result<Vec<Table>, String> {
        let resolve = |(name, actions): (&String, &Vec<String>)| {
            check_actions("tables", name, actions)?;
            check_name("tables", name)?;
            let definition = definitions.tables.get(name);
            let definition = definition.ok_or_else(|| undefined("tables", name))?.clone();
            Ok(Table {
                name: name.clone(),
                variable: variable(name, "TABLE"),
                actions: actions.clone(),
                partition_key: definition.partition_key,
                sort_key: definition.sort_key,
                indexes: definition.indexes,
                ttl_attribute: definition.ttl_attribute,
            })
        };
        self.tables.iter().map(resolve).collect()
    }

    /// The queues that the function sends to or is invoked by.
    ///
    /// # Errors
    /// What is wrong with which key, in one sentence.
    pub(super) fn queues(
        &self,
        definitions: &Definitions,
        timeout_s: u32,
    ) -> Result<Vec<Queue>, String> {
        let mut uses = self.queues.clone();
        if let Trigger::Queue(trigger) = &self.trigger {
            let actions = uses.entry(trigger.queue.clone()).or_default();
            actions.extend(CONSUMER_ACTIONS.map(str::to_owned));
        }
        let queues = uses
            .iter()
            .map(|(name, actions)| queue(name, actions, definitions));
        let queues = queues.collect::<Result<Vec<_>, _>>()?;
        if let Trigger::Queue(trigger) = &self.trigger {
            let consumed = queues.iter().find(|queue| queue.name == trigger.queue);
            check_trigger(trigger, consumed, timeout_s)?;
        }
        Ok(queues)
    }
}

impl FunctionTable {
    /// The parameters that the function reads.
    ///
    /// # Errors
    /// What is wrong with which key, in one sentence.
    pub(super) fn parameters(&self) -> Result<BTreeMap<String, Parameter>, String> {
        for (name, parameter) in &self.parameters {
            let path = parameter.0.strip_prefix("secret:").unwrap_or(&parameter.0);
            let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
            if path.len() < 2 || !path.starts_with('/') || !path.chars().all(allowed) {
                return Err(format!(
                    "parameters.{name} = {:?}: a parameter is called like /api-key, a secret like secret:/api-key, of \
                     letters, digits and _.-/",
                    parameter.0
                ));
            }
        }
        Ok(self.parameters.clone())
    }

    /// What else the function may do.
    ///
    /// # Errors
    /// What is wrong with which key, in one sentence.
    pub(super) fn permissions(&self) -> Result<Vec<Permission>, String> {
        for permission in &self.permissions {
            let (actions, resources) = (&permission.actions, &permission.resources);
            for action in actions {
                let fits = action.split_once(':').is_some_and(|(service, action)| {
                    !service.is_empty()
                        && service
                            .chars()
                            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
                        && is_action(action)
                });
                if !fits {
                    return Err(format!(
                        "permissions: {action:?} is not an IAM action: spell them out with their service, like \
                         s3:GetObject, without wildcard"
                    ));
                }
            }
            let is_resource = |it: &String| it == "*" || it.starts_with("arn:");
            if let Some(resource) = resources.iter().find(|it| !is_resource(it)) {
                return Err(format!(
                    "permissions: {resource:?} is not an ARN (arn:aws:s3:::{{prefix}}-uploads/*), nor * alone"
                ));
            }
            if actions.is_empty() || resources.is_empty() {
                return Err("permissions: name the actions and the resources of each".to_owned());
            }
        }
        Ok(self.permissions.clone())
    }
}

fn queue(name: &str, actions: &[String], definitions: &Definitions) -> Result<Queue, String> {
    check_actions("queues", name, actions)?;
    check_name("queues", name)?;
    let definition = definitions.queues.get(name);
    let definition = definition.ok_or_else(|| undefined("queues", name))?;
    in_range(
        &format!("queues.{name}: visibility_timeout_s"),
        definition.visibility_timeout_s,
        0..=43_200,
    )?;
    in_range(
        &format!("queues.{name}: max_receive_count"),
        definition.max_receive_count,
        1..=1_000,
    )?;
    Ok(Queue {
        name: name.to_owned(),
        queue_name: queue_name(name, "", definition.fifo),
        dead_letter_queue_name: queue_name(name, "-dead-letter", definition.fifo),
        variable: variable(name, "QUEUE_URL"),
        actions: actions.to_vec(),
        fifo: definition.fifo,
        visibility_timeout_s: definition.visibility_timeout_s,
        max_receive_count: definition.max_receive_count,
    })
}

/// SQS wants `.fifo` at the end of a FIFO queue's name.
fn queue_name(name: &str, suffix: &str, fifo: bool) -> String {
    format!("{name}{suffix}{}", if fifo { ".fifo" } else { "" })
}

/// The environment variable that tells a function about something: `DOCUMENTS_TABLE`.
fn variable(name: &str, suffix: &str) -> String {
    let name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("{}_{suffix}", name.to_ascii_uppercase())
}

/// Lambda's rules for a queue as event source
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>).
fn check_trigger(
    trigger: &QueueTrigger,
    queue: Option<&Queue>,
    timeout_s: u32,
) -> Result<(), String> {
    let batch_size = trigger.batch_size;
    in_range("trigger.batch_size", batch_size, 1..=10_000)?;
    in_range(
        "trigger.batching_window_s",
        trigger.batching_window_s,
        0..=300,
    )?;
    in_range(
        "trigger.maximum_concurrency",
        trigger.maximum_concurrency,
        2..=1_000,
    )?;
    if batch_size > 10 && trigger.batching_window_s == 0 {
        return Err(format!(
            "trigger.batch_size = {batch_size}: more than 10 needs a batching_window_s of at least 1"
        ));
    }
    let Some(queue) = queue else { return Ok(()) };
    if queue.fifo && (batch_size > 10 || trigger.batching_window_s > 0) {
        return Err(format!(
            "trigger: the FIFO queue {} takes a batch_size of at most 10 and no batching window",
            queue.name
        ));
    }
    if queue.visibility_timeout_s < timeout_s {
        return Err(format!(
            "trigger: queue {} shows a message again after {} s, while the function may still be \
             working on it (timeout = {timeout_s}): make visibility_timeout_s at least that, better six times",
            queue.name, queue.visibility_timeout_s
        ));
    }
    Ok(())
}

/// Actions are spelled out: a wildcard would give more than the function needs.
fn check_actions(kind: &str, name: &str, actions: &[String]) -> Result<(), String> {
    match actions.iter().find(|action| !is_action(action)) {
        Some(action) => Err(format!(
            "{kind}.{name}: {action:?} is not an IAM action: spell them out, without service and wildcard"
        )),
        None if actions.is_empty() => Err(format!(
            "{kind}.{name} = []: name the IAM actions that the function uses, or leave it out"
        )),
        None => Ok(()),
    }
}

fn is_action(action: &str) -> bool {
    action.starts_with(|c: char| c.is_ascii_uppercase())
        && action.chars().all(|c| c.is_ascii_alphanumeric())
}

/// What DynamoDB and SQS both take, with room for the suffixes.
fn check_name(kind: &str, name: &str) -> Result<(), String> {
    let fits = (3..=60).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if fits {
        return Ok(());
    }
    Err(format!(
        "{kind}.{name}: a name has 3 to 60 letters, digits, hyphens or underscores"
    ))
}

fn in_range(key: &str, value: u32, range: std::ops::RangeInclusive<u32>) -> Result<(), String> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(format!(
        "{key} = {value}: AWS takes {} to {}",
        range.start(),
        range.end()
    ))
}

fn undefined(kind: &str, name: &str) -> String {
    format!(
        "{kind}.{name}: nobody says what it is: add [package.metadata.{kind}.{name}] to this \
         Cargo.toml, or to that of a library when several functions use it"
    )
}

#[cfg(test)]
mod tests;
