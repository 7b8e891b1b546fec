//! The metrics that Lambda would send to CloudWatch, the API that reads them, and alarms on them.
//!
//! - `model/`: the samples, as a [`Recorder`](crate::execution::record::Recorder) takes them, and their statistics.
//! - [`alarms`]: metric alarms, and the events of their changes.
//! - `operations/`: the API; `wire/`: the protocols, and what requests look like in all of them; `error.rs`: what is
//!   refused.
//!
//! # Where it differs from AWS
//! - A metric can be read as soon as the invocation is over, and in periods shorter than a minute:
//!   Lambda sends its metrics once a minute.
//! - Percentiles are exact (nearest rank); AWS approximates them in a way that it does not publish.
//! - A period is reported whole: one that `StartTime` cuts is not cut.
//! - `ConcurrentExecutions` is kept per function only.
//! - There is no metric math but a little for alarms, and metrics cannot be put.

pub mod alarms;
mod error;
mod model;
mod operations;
mod wire;

use std::sync::Arc;

use axum::{body::to_bytes, extract::Request, response::Response};
use uuid::Uuid;

use self::{alarms::Alarms, error::CloudWatchError, wire::Protocol};
use crate::aws::signature;

pub use self::model::store::MetricStore;

/// The greatest body that is read: 500 queries take some hundred KiB.
const MAX_BODY_BYTES: usize = 4 << 20;

/// The service of one sandbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CloudWatch {
    /// What the metrics are made of.
    pub metrics: Arc<MetricStore>,
    /// The alarms on them.
    pub alarms: Alarms,
}

impl CloudWatch {
    /// No samples and no alarms yet. `realistic`: metrics come as late as from AWS.
    #[must_use]
    pub fn new(_realistic: bool) -> Self {
        let metrics = Arc::new(MetricStore::default());
        let alarms = Alarms::new(Arc::clone(&metrics));
        Self { metrics, alarms }
    }

    /// Answers a request in the protocol that it came in.
    pub async fn respond(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let protocol = Protocol::detect(&parts.uri, &parts.headers).unwrap_or(Protocol::Query);
        let request_id = Uuid::new_v4().to_string();
        let called = match to_bytes(body, MAX_BODY_BYTES).await {
            Ok(body) => protocol.read(&parts.uri, &parts.headers, &body),
            Err(error) => Err(CloudWatchError::Malformed(error.to_string())),
        };
        let answered = called.and_then(|call| {
            let region = signature::region(&parts.headers);
            let output = operations::run(&self.metrics, &self.alarms, &call, region)?;
            Ok(protocol.answer(&call.operation, &output, &request_id))
        });
        answered.unwrap_or_else(|error| protocol.refuse(&error, &request_id))
    }
}

/// Whether a request is one for CloudWatch: by path, target or the service that it is signed for.
#[must_use]
pub fn is_for_cloudwatch(request: &Request) -> bool {
    Protocol::detect(request.uri(), request.headers()).is_some()
}
