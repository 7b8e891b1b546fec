//! The Lambda API.
//!
//! - [`model`]: Lambda's rules, without I/O.
//! - [`invocation`]: what every invocation goes through, whoever asks for it; [`asynchronous`]: retries and destinations.
//! - [`operations`]: the API, one file per group of operations; [`wire`]: its requests and answers; [`error`]: its errors.
//!
//! # What differs from Lambda
//! - There is one account, and one store for all regions: by its name a function is found from each of them. The region
//!   of a request shows in the ARNs of the functions that it creates, and ARNs of another one are refused.
//! - Changes are done when the call returns; `State` and `LastUpdateStatus` are `Pending` and `InProgress` with
//!   `--realistic` only.
//! - Code comes with the request (`ZipFile`), not from S3; there are no layers, VPCs, images, nor dead-letter queues:
//!   a request that asks for one is refused.
//! - Execution roles and resource policies are kept and returned, and never checked against. What a function may do to
//!   tables and queues is checked against its metadata, by `rehearsal/access`.
//! - Operations that are missing are refused with their names: `operations/missing.rs` has the list.
//! - An account has 1,000 concurrent executions, which are there to be reserved. How many environments the sandbox starts
//!   at once is another limit.
//! - Provisioned concurrency is kept and returned, and no environment is started ahead.
//! - `Code.Location` of `GetFunction` ends with `?emulated=` and the architectures that run under an emulator here:
//!   their times and costs mean nothing.

pub mod asynchronous;
pub mod error;
pub mod invocation;
pub mod model;
pub mod operations;
pub mod wire;

use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use package::Architecture;

use self::{
    asynchronous::SendMessage,
    model::{
        function::{Function, UnderWay},
        functions::Functions,
    },
};
use crate::execution::{
    code::CodeStore, draws::Draws, emulation, environments::Environments, faults::Faults,
    record::Recorder, version::Version,
};

/// The architectures that run under an emulator on this machine, in a comma list.
fn emulated() -> String {
    let foreign = Architecture::ALL
        .into_iter()
        .filter(|architecture| *architecture != emulation::HOST);
    foreign
        .map(Architecture::as_str)
        .collect::<Vec<_>>()
        .join(",")
}

/// The parts that every operation works with.
pub struct Parts {
    /// URL of the sandbox.
    pub endpoint: String,
    /// Code packages.
    pub code: CodeStore,
    /// Processes.
    pub environments: Environments,
    /// Faults to inject.
    pub faults: Faults,
    /// Gets a record of every invocation.
    pub recorder: Arc<dyn Recorder>,
    /// Random draws.
    pub draws: Draws,
    /// Whether changes and retries take their time as on AWS.
    pub realistic: bool,
    /// How long a change of a function takes then.
    pub settle_time: Duration,
    /// Sends the records of asynchronous invocations.
    pub send_message: SendMessage,
}

/// The Lambda service of one sandbox. Cheap to clone.
#[derive(Clone)]
pub struct Lambda(Arc<(Parts, RwLock<Functions>)>);

impl std::ops::Deref for Lambda {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.0
    }
}

impl Lambda {
    /// A service without functions.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new((parts, RwLock::default())))
    }

    /// The functions, to read. The guard is never held across an await.
    pub fn read(&self) -> RwLockReadGuard<'_, Functions> {
        self.0.1.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The functions, to change. The guard is never held across an await.
    pub fn write(&self) -> RwLockWriteGuard<'_, Functions> {
        self.0.1.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a change of `$LATEST` take its time.
    fn settle_later(&self, function: &mut Function, change: UnderWay) {
        if !self.realistic {
            self.retire(change.previous);
            return;
        }
        function.under_way = Some(change);
        let id = function.latest.id;
        self.later(function, move |lambda, function| {
            // Another one when it was deleted and created again.
            if function.latest.id == id {
                lambda.retire(function.settle());
            }
        });
    }

    /// Lets the provisioned concurrency of a version or an alias take its time.
    fn provision_later(&self, function: &mut Function, qualifier: String) {
        let Some(provisioned) = function.provisioned.get_mut(&qualifier) else {
            return;
        };
        provisioned.ready = !self.realistic;
        if provisioned.ready {
            return;
        }
        let asked = *provisioned;
        self.later(function, move |_, function| {
            let now = function.provisioned.get_mut(&qualifier);
            if let Some(now) = now.filter(|now| **now == asked) {
                now.ready = true;
            }
        });
    }

    /// Does something to a function when a change has taken its time.
    fn later(&self, function: &Function, end: impl FnOnce(&Self, &mut Function) + Send + 'static) {
        let lambda = self.clone();
        let (name, region) = (
            function.latest.function.clone(),
            function.latest.region.clone(),
        );
        tokio::spawn(async move {
            tokio::time::sleep(lambda.settle_time).await;
            if let Ok(function) = lambda.write().function_mut(&name, &region) {
                end(&lambda, function);
            }
        });
    }

    /// Ends all changes that are under way.
    pub fn settle_all(&self) {
        let mut functions = self.write();
        for function in functions.all_mut() {
            self.retire(function.settle());
            let provisioned = function.provisioned.values_mut();
            provisioned.for_each(|provisioned| provisioned.ready = true);
        }
    }

    fn retire(&self, version: Option<Arc<Version>>) {
        if let Some(version) = version {
            self.environments.retire(version.id);
        }
    }
}
