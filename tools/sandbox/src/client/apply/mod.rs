//! A function and what it uses, made from its build or brought up to date: what Terraform does on AWS, through the same
//! AWS API, in the same order.
//!
//! 1. `table.rs`, `queue.rs`: what the function uses.
//! 2. `function.rs`: the function, with the names of these in its environment and the right to what it says it does.
//! 3. `trigger.rs`: what invokes it, through `live`. A mapping needs an alias that exists: `rollout publish` makes it,
//!    so the first deploy applies, publishes, and applies again. The controller, which nobody rolls out, is published
//!    here, as Terraform does it.

mod function;
mod queue;
mod table;
mod trigger;

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use package::{
    FunctionManifest,
    manifest::{Table, Trigger, parameter_variable},
};

pub use function::put_build;
pub use queue::url as queue_url;

use super::{
    endpoint::Clients,
    settings::{Settings, Variables},
};
use crate::rehearsal::access::Grant;

/// Makes one table, or checks that the one that exists is the same.
///
/// # Errors
/// When a table of that name has other keys or indexes.
pub async fn table(clients: &Clients, table: &Table) -> Result<()> {
    table::apply(&clients.json, table).await?;
    Ok(())
}

/// Makes what is missing and changes what differs; gives one line for each thing, for people.
///
/// # Errors
/// When the build lacks a part, something that exists cannot become what is wanted, or the sandbox refuses.
pub async fn apply(
    clients: &Clients,
    dist: &Path,
    manifest: &FunctionManifest,
    variables: &Variables,
) -> Result<Vec<String>> {
    let mut said = Vec::new();
    let mut environment = BTreeMap::new();
    for table in &manifest.tables {
        let done = table::apply(&clients.json, table).await?;
        said.push(format!("table {}: {done}", table.name));
        environment.insert(table.variable.clone(), table.name.clone());
    }
    for queue in &manifest.queues {
        let (url, done) = queue::apply(&clients.json, queue).await?;
        said.push(format!("queue {}: {done}", queue.queue_name));
        if queue.is_sent_to() {
            environment.insert(queue.variable.clone(), url);
        }
    }
    for (name, parameter) in &manifest.parameters {
        environment.insert(parameter_variable(name), parameter.path());
    }
    let grant = Grant::from_manifest(manifest);
    clients.admin.set_grant(&manifest.name, &grant).await?;
    let wanted = Settings::wanted(manifest, variables, environment);
    let done = function::apply(&clients.lambda, dist, manifest, &wanted, variables).await?;
    said.push(format!("{}: {done}", manifest.name));
    if manifest.trigger == Trigger::Controller {
        let done = function::serve(&clients.lambda, dist, manifest).await?;
        said.push(format!("{}: {done}", manifest.name));
    }
    if let Some(done) = trigger::apply(clients, manifest).await? {
        said.push(format!("trigger of {}: {done}", manifest.name));
    }
    Ok(said)
}
