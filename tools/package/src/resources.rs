//! What the functions of a workspace use together: the variables of `infra/platform`.
//!
//! From the sources and not from `dist/`: a workspace of which only some functions are built must
//! not lose the tables of the others.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    manifest::{FunctionManifest, Index, KeyAttribute, Queue, Table},
    project::{GitHub, Project},
    settings::{Function, SettingsError},
};

/// Each table and queue that at least one function uses, and what the project says of itself.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Resources {
    /// Tables by their name.
    pub tables: BTreeMap<String, SharedTable>,
    /// Queues by their name on SQS.
    pub queues: BTreeMap<String, SharedQueue>,
    /// The repository that deploys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github: Option<GitHub>,
    /// Who is told of alarms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alarm_emails: Vec<String>,
}

/// A table, whoever uses it; the keys are those of [`Table`].
#[derive(Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "as in `Table`")]
pub struct SharedTable {
    pub partition_key: KeyAttribute,
    pub sort_key: Option<KeyAttribute>,
    pub indexes: Vec<Index>,
    pub ttl_attribute: Option<String>,
}

/// A queue, whoever uses it; the keys are those of [`Queue`].
#[derive(Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "as in `Queue`")]
pub struct SharedQueue {
    pub dead_letter_queue_name: String,
    pub fifo: bool,
    pub visibility_timeout_s: u32,
    pub max_receive_count: u32,
}

impl Resources {
    /// What these functions of a project use.
    ///
    /// # Errors
    /// [`SettingsError`] when the settings of one of them do not fit.
    pub fn of(project: Project, functions: &[Function]) -> Result<Self, SettingsError> {
        let mut resources = Self {
            github: project.github,
            alarm_emails: project.alarm_emails,
            ..Self::default()
        };
        for function in functions {
            resources.add(function.manifest(BTreeMap::new())?);
        }
        Ok(resources)
    }

    /// A name means the same for all functions: settings refuse two definitions that differ.
    fn add(&mut self, manifest: FunctionManifest) {
        let tables = manifest.tables.into_iter();
        self.tables
            .extend(tables.map(|table| (table.name.clone(), table.into())));
        let queues = manifest.queues.into_iter();
        self.queues
            .extend(queues.map(|queue| (queue.queue_name.clone(), queue.into())));
    }
}

impl From<Table> for SharedTable {
    fn from(table: Table) -> Self {
        Self {
            partition_key: table.partition_key,
            sort_key: table.sort_key,
            indexes: table.indexes,
            ttl_attribute: table.ttl_attribute,
        }
    }
}

impl From<Queue> for SharedQueue {
    fn from(queue: Queue) -> Self {
        Self {
            dead_letter_queue_name: queue.dead_letter_queue_name,
            fifo: queue.fifo,
            visibility_timeout_s: queue.visibility_timeout_s,
            max_receive_count: queue.max_receive_count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the functions' workspace, whichever of them a fork has left in it.
    #[test]
    fn what_any_function_uses_is_there_once_whoever_is_built() {
        std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).unwrap();
        let functions = Function::all().unwrap();
        let resources = Resources::of(Project::default(), &functions).unwrap();
        let (mut tables, mut queues) = (BTreeMap::new(), BTreeMap::new());
        for function in &functions {
            let manifest = function.manifest(BTreeMap::new()).unwrap();
            tables.extend(
                manifest
                    .tables
                    .into_iter()
                    .map(|t| (t.name.clone(), t.into())),
            );
            queues.extend(
                manifest
                    .queues
                    .into_iter()
                    .map(|q| (q.queue_name.clone(), q.into())),
            );
        }
        assert_eq!((resources.tables, resources.queues), (tables, queues));
    }
}
