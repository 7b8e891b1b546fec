//! Scenarios: what one user does, step by step.
//!
//! A file is a JSON array of steps, run in order. A step calls the function over HTTP, an AWS service, or the function
//! itself; says which statuses it `expect`s; and may `save` parts of the answer for later steps:
//!
//! ```json
//! [
//!   {"http": {"method": "POST", "path": "/documents", "body": {"name": "${uuid:name}"}}, "expect": [201], "save": {"id": "/id"}},
//!   {"http": {"method": "GET", "path": "/documents/${saved:id}"}, "expect": [200]},
//!   {"aws": {"service": "sqs", "operation": "SendMessage", "input": {"QueueUrl": "${queue_url:documents}", "MessageBody": "{}"}}},
//!   {"invoke": {"size_mib": 1}}
//! ]
//! ```
//!
//! `template.rs` knows the placeholders.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_sdk_lambda::primitives::Blob;
use serde::Deserialize;
use serde_json::Value;

use super::{
    files::{self, FilesError},
    template::{self, Placeholder, TemplateError},
};
use crate::client::http::Service;

/// What is sent at one point of the schedule.
#[derive(Debug, Clone)]
pub(super) enum Scenario {
    /// One invocation with this event, as it stands in its file.
    Event(Blob),
    /// Steps, with placeholders.
    Steps(Arc<Vec<Value>>),
}

/// Scenarios in the order of their files' names; never empty.
#[derive(Debug, Clone)]
pub struct Scenarios(Vec<Scenario>);

/// Why there is nothing to send.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The files cannot be had.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A step is none.
    #[error("{path}, step {step}: {message}", path = path.display())]
    Step {
        /// The file.
        path: PathBuf,
        /// Which one, from 1.
        step: usize,
        /// What is wrong.
        message: String,
    },
}

impl Scenarios {
    /// Reads every `*.json` in a folder as an event: one invocation each.
    ///
    /// # Errors
    /// [`ScenarioError::Files`] when there is none, or one is unreadable or no JSON.
    pub fn events(folder: &Path) -> Result<Self, ScenarioError> {
        let files = files::read(folder)?.into_iter();
        Ok(Self(
            files
                .map(|file| Scenario::Event(Blob::new(file.text)))
                .collect(),
        ))
    }

    /// Reads every `*.json` in a folder as a scenario.
    ///
    /// # Errors
    /// [`ScenarioError`] when there is none, or one cannot be run.
    pub fn steps(folder: &Path) -> Result<Self, ScenarioError> {
        let mut scenarios = Vec::new();
        for file in files::read(folder)? {
            let steps: Vec<Value> = file.parse()?;
            check(&steps).map_err(|(step, message)| ScenarioError::Step {
                path: file.path,
                step,
                message,
            })?;
            scenarios.push(Scenario::Steps(Arc::new(steps)));
        }
        Ok(Self(scenarios))
    }

    /// The scenarios one after the other, over and over.
    pub(super) fn in_turn(&self) -> impl Iterator<Item = Scenario> {
        self.0.iter().cloned().cycle()
    }

    /// Whether any step goes through the function's HTTP API.
    #[must_use]
    pub fn use_http(&self) -> bool {
        self.all_steps().any(|step| step.get("http").is_some())
    }

    /// Names of the queues whose URLs the steps need.
    #[must_use]
    pub fn queues(&self) -> BTreeSet<String> {
        let placeholders = self.all_steps().flat_map(template::placeholders);
        let queues = placeholders.filter_map(|placeholder| match placeholder {
            Ok(Placeholder::QueueUrl(name)) => Some(name.to_owned()),
            _ => None,
        });
        queues.collect()
    }

    fn all_steps(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().flat_map(|scenario| match scenario {
            Scenario::Event(_) => &[][..],
            Scenario::Steps(steps) => steps.as_slice(),
        })
    }
}

/// What is wrong with a scenario, if anything: the number of the step, and why.
fn check(steps: &[Value]) -> Result<(), (usize, String)> {
    let mut saved = BTreeSet::new();
    if steps.is_empty() {
        return Err((1, "there is none".to_owned()));
    }
    for (number, value) in (1..).zip(steps) {
        let wrong = |error: &dyn std::fmt::Display| (number, error.to_string());
        for placeholder in template::placeholders(value) {
            match placeholder.map_err(|error| wrong(&error))? {
                Placeholder::Saved(name) if !saved.contains(name) => {
                    return Err(wrong(&TemplateError::NotSaved(name.to_owned())));
                }
                _ => {}
            }
        }
        let step = Step::new(value.clone()).map_err(|error| wrong(&error))?;
        saved.extend(step.save.into_keys());
    }
    Ok(())
}

/// One step, ready to be run.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) call: Call,
    /// Statuses that are no failure; `None` is every one below 400.
    pub(super) expect: Option<Vec<u16>>,
    /// JSON pointers into the answer by name.
    pub(super) save: BTreeMap<String, String>,
}

/// What a step calls.
#[derive(Debug)]
pub(super) enum Call {
    Http(HttpCall),
    Aws(AwsCall),
    Invoke(Value),
}

/// A request to the function's HTTP API.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpCall {
    pub(super) method: String,
    /// With its query string.
    pub(super) path: String,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// A string is sent as it is, anything else as JSON.
    #[serde(default)]
    pub(super) body: Option<Value>,
}

/// A call of an AWS service, in its own JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AwsCall {
    pub(super) service: Service,
    pub(super) operation: String,
    pub(super) input: Value,
}

/// The step as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    http: Option<HttpCall>,
    aws: Option<AwsCall>,
    invoke: Option<Value>,
    expect: Option<Vec<u16>>,
    #[serde(default)]
    save: BTreeMap<String, String>,
}

impl Step {
    pub(super) fn new(value: Value) -> Result<Self, String> {
        let written: Written = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let call = match (written.http, written.aws, written.invoke) {
            (Some(http), None, None) => Call::Http(http),
            (None, Some(aws), None) => Call::Aws(aws),
            (None, None, Some(invoke)) => Call::Invoke(invoke),
            _ => return Err("a step has one of http, aws and invoke".to_owned()),
        };
        Ok(Self {
            call,
            expect: written.expect,
            save: written.save,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_could_never_run_is_refused_with_its_step() {
        let get = json!({"http": {"method": "GET", "path": "/"}, "save": {"id": "/id"}});
        let later = |path: &str| json!({"http": {"method": "GET", "path": path}});
        assert_eq!(check(&[get.clone(), later("/${saved:id}")]), Ok(()));
        for (steps, number, part) in [
            (vec![], 1, "there is none"),
            (
                vec![later("/${saved:id}"), get.clone()],
                1,
                "no earlier step",
            ),
            (vec![get.clone(), later("/${secret:a}")], 2, "${secret:a}"),
            (
                vec![get.clone(), json!({"expect": [200]})],
                2,
                "one of http",
            ),
            (vec![json!({"http": {"verb": "GET"}})], 1, "verb"),
            (
                vec![json!({"aws": {"service": "s3", "operation": "a", "input": {}}})],
                1,
                "s3",
            ),
        ] {
            let (step, message) = check(&steps).unwrap_err();
            assert_eq!(step, number, "{message}");
            assert!(message.contains(part), "{message}");
        }
    }
}
