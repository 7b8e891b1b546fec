//! The Lambda API, seen through its own SDK: one file per group of claims.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

mod aliases;
mod answers;
mod asynchronous;
mod code;
mod concurrency;
mod environments;
mod event_invoke;
mod failures;
mod faults;
mod functions;
mod initialisation;
mod lifecycle;
mod names;
mod permissions;
mod provisioned;
mod state;
mod versions;

use aws_sdk_lambda::{
    operation::{
        create_alias::builders::CreateAliasFluentBuilder,
        update_alias::builders::UpdateAliasFluentBuilder,
    },
    types::AliasRoutingConfiguration,
};

use crate::common::{FUNCTION, Sandbox};

/// The creation of `live` at a version.
pub(crate) fn create_live(sandbox: &Sandbox, version: &str) -> CreateAliasFluentBuilder {
    let create = sandbox.lambda.create_alias().function_name(FUNCTION);
    create.name("live").function_version(version)
}

/// A change of `live`.
pub(crate) fn update_live(sandbox: &Sandbox) -> UpdateAliasFluentBuilder {
    let update = sandbox.lambda.update_alias().function_name(FUNCTION);
    update.name("live")
}

/// Routing of this share, from 0 to 1, to a version.
pub(crate) fn weight(version: &str, share: f64) -> AliasRoutingConfiguration {
    let routing = AliasRoutingConfiguration::builder();
    routing.additional_version_weights(version, share).build()
}

/// A sandbox with versions 1 and 2, and `live` at the first.
pub(crate) async fn two_versions() -> Sandbox {
    let sandbox = Sandbox::with_probe().await;
    sandbox.publish().await;
    sandbox.change("another").await;
    sandbox.publish().await;
    create_live(&sandbox, "1").send().await.unwrap();
    sandbox
}
