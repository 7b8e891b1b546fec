//! One invocation, whoever asks for it: the API, an HTTP API, an event source mapping or an alarm.
//!
//! All of them draw the version in the same way, suffer the same faults, and write the same metrics and log lines.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::Utc;
use tokio::sync::oneshot;

use super::{
    Lambda,
    error::{ErrorKind, LambdaError},
    model::{
        names::{self, FunctionRef, not_found},
        running::Slot,
    },
};
use crate::execution::{
    invocation::{Answer, Finished, Request},
    pool::Full,
    record::{InvocationRecord, Outcome},
    version::Version,
};

/// Largest event of a synchronous invocation in bytes.
pub const MAX_SYNC_BYTES: usize = 6 * 1024 * 1024;

/// An invocation whose version has been chosen.
#[derive(Debug, Clone)]
pub struct Call {
    /// The version.
    pub version: Arc<Version>,
    /// What the caller asked for.
    pub(super) reference: FunctionRef,
    through_alias: bool,
    /// The event, as JSON.
    pub payload: Bytes,
    /// Whether the end of the log is wanted.
    pub tail: bool,
    /// X-Ray trace header of the caller.
    pub trace: Option<String>,
    /// Client context of the caller, as JSON.
    pub client_context: Option<String>,
}

/// A synchronous invocation that has been answered.
#[derive(Debug)]
pub struct Invoked {
    /// The version that ran.
    pub version: Arc<Version>,
    /// Request id.
    pub request_id: String,
    /// What came of it: the response, or a function error.
    pub answer: Answer,
}

impl Lambda {
    /// Chooses the version: by weight, when the qualifier is an alias with two.
    ///
    /// # Errors
    /// `ResourceNotFoundException` when there is no such function, version or alias, `ResourceConflictException` when it is
    /// just being created.
    pub fn route(&self, reference: FunctionRef, region: &str) -> Result<Call, LambdaError> {
        let functions = self.read();
        let function = functions.function(&reference.name, region).map_err(|_| {
            let qualifier = reference.qualifier.as_deref().unwrap_or("$LATEST");
            not_found(region, &reference.name, Some(qualifier))
        })?;
        let version = function.resolve(reference.qualifier.as_deref(), || self.draws.uniform())?;
        let version = function.invocable(version)?;
        let through_alias = reference
            .qualifier
            .as_deref()
            .is_some_and(names::is_alias_name);
        Ok(Call {
            version: Arc::clone(version),
            reference,
            through_alias,
            payload: Bytes::new(),
            tail: false,
            trace: None,
            client_context: None,
        })
    }

    /// Invokes a function synchronously. The payload must be JSON.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, and `TooManyRequestsException` when no environment is free: nothing has run then.
    pub async fn invoke(
        &self,
        reference: FunctionRef,
        region: &str,
        payload: Bytes,
    ) -> Result<Invoked, LambdaError> {
        let call = self.route(reference, region)?;
        self.run_to_end(Call { payload, ..call }).await
    }

    /// Runs a call in a task of its own: as on Lambda, a caller that disconnects does not stop the function.
    ///
    /// # Errors
    /// `TooManyRequestsException` when no environment is free: nothing has run then.
    pub async fn run_to_end(&self, call: Call) -> Result<Invoked, LambdaError> {
        let request_id = new_request_id();
        let version = Arc::clone(&call.version);
        let (early, answered) = oneshot::channel();
        let mut running = tokio::spawn({
            let (lambda, id) = (self.clone(), request_id.clone());
            async move { lambda.run(&call, &id, early).await }
        });
        let answer = tokio::select! {
            // Disabled by an error: then the answer comes with the end.
            Ok(answer) = answered => answer,
            finished = &mut running => finished
                .map_err(|error| LambdaError::new(ErrorKind::Service, error.to_string()))?
                .map_err(|Full| LambdaError::throttled(self.has_reserved(&version)))?
                .answer,
        };
        Ok(Invoked {
            version,
            request_id,
            answer,
        })
    }

    /// Runs the function once, with the faults that are ordered for it, and records the invocation. When the
    /// function works on after its answer, the answer goes to `early` before that is over.
    ///
    /// # Errors
    /// [`Full`] when no environment is free, or the function's reserved concurrency is used up: nothing has run then.
    pub(super) async fn run(
        &self,
        call: &Call,
        id: &str,
        early: oneshot::Sender<Answer>,
    ) -> Result<Finished, Full> {
        let version = &call.version;
        let (concurrent, result) = match self.start(version) {
            Err(running) => (running, Err(Full)),
            Ok(slot) => {
                let concurrent = slot.as_ref().map_or(1, |slot| slot.concurrent);
                (concurrent, self.run_counted(call, id, early).await)
            }
        };
        self.recorder
            .record(record(call, concurrent, result.as_ref().ok()));
        result
    }

    async fn run_counted(
        &self,
        call: &Call,
        id: &str,
        early: oneshot::Sender<Answer>,
    ) -> Result<Finished, Full> {
        let version = &call.version;
        let plan = self
            .faults
            .plan(&version.function, version.settings.architecture);
        if self.draws.happens(plan.throttle) {
            return Err(Full);
        }
        let request = Request {
            id: id.to_owned(),
            payload: call.payload.clone(),
            invoked_arn: names::function_arn(
                &version.region,
                &version.function,
                call.reference.qualifier.as_deref(),
            ),
            faults: self.draws.faults(plan),
            tail: call.tail,
            trace: call.trace.clone(),
            client_context: call.client_context.clone(),
            provisioned: self.provisioned(version),
        };
        self.environments.invoke(version, &request, early).await
    }

    /// Counts an invocation as running; gives the number of those that run, when one more is more than are reserved.
    fn start(&self, version: &Version) -> Result<Option<Slot>, u32> {
        let functions = self.read();
        let function = functions.function(&version.function, &version.region);
        // Deleted after this invocation was accepted.
        function
            .ok()
            .map(|function| function.start(version.number))
            .transpose()
    }

    fn has_reserved(&self, version: &Version) -> bool {
        let functions = self.read();
        let function = functions.function(&version.function, &version.region);
        function.is_ok_and(|function| function.reserved.is_some())
    }
}

impl Lambda {
    /// How many environments of a version are provisioned ones.
    fn provisioned(&self, version: &Version) -> u32 {
        let functions = self.read();
        let function = functions.function(&version.function, &version.region);
        function.map_or(0, |function| function.provisioned_of(version.number))
    }
}

fn record(call: &Call, concurrent: u32, finished: Option<&Finished>) -> InvocationRecord {
    InvocationRecord {
        function: call.version.function.clone(),
        qualifier: call.reference.qualifier.clone(),
        through_alias: call.through_alias,
        executed_version: call.version.number.to_string(),
        architecture: call.version.settings.architecture,
        started: finished.map_or_else(Utc::now, |finished| finished.started),
        duration: finished.map_or(Duration::ZERO, |finished| finished.duration),
        billed: finished.map_or(Duration::ZERO, |finished| finished.billed),
        init: finished.and_then(|finished| finished.init),
        outcome: finished.map_or(Outcome::Throttle, |finished| finished.outcome),
        max_memory_mib: finished.map_or(0, |finished| finished.max_memory_mib),
        concurrent,
    }
}

/// A request id that was never used before.
#[must_use]
pub fn new_request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
