//! The Lambda API.
//!
//! - [`model`]: Lambda's rules, without I/O.
//! - [`invocation`]: what every invocation goes through, whoever asks for it; [`asynchronous`]: retries and destinations.
//! - [`operations`]: the API, one file per group of operations; [`wire`]: its requests and answers; [`error`]: its errors.
//!
//! # What differs from Lambda
//! - There is one account, and one store for all regions: by its name a function is found from each of them. The region
//!   of a request shows in the ARNs of the functions that it creates, and ARNs of another one are refused.
//! - Updates are done when the call returns; `State` and `LastUpdateStatus` are never `Pending` or `InProgress`.
//! - Code comes with the request (`ZipFile`), not from S3; there are no layers, VPCs, images, nor dead-letter queues:
//!   a request that asks for one is refused.
//! - Execution roles and resource policies are kept and returned, and never checked against. What a function may do to
//!   tables and queues is checked against its metadata, by `rehearsal/access`.
//! - Operations that are missing are refused with their names: `operations/missing.rs` has the list.
//! - Provisioned concurrency is kept and returned, and no environment is started ahead.
//! - `Code.Location` of `GetFunction` ends with `?emulated=` and the architectures that run under an emulator here:
//!   their times and costs mean nothing.

pub mod asynchronous;
pub mod error;
pub mod invocation;
pub mod model;
pub mod operations;
pub mod wire;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use package::Architecture;

use self::{asynchronous::SendMessage, model::functions::Functions};
use crate::execution::{
    code::CodeStore, draws::Draws, emulation, environments::Environments, faults::Faults,
    record::Recorder,
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
}
