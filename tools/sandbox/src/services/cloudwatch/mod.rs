//! Metrics: those that Lambda sends, that functions print and that clients put; the API for them, and alarms on them.
//!
//! - `model/`: the samples of all metrics, what Lambda sends (as a [`Recorder`](crate::execution::record::Recorder)) and
//!   what other services do ([`ServiceMetrics`]), and the statistics.
//! - [`clock`]: the time that they go by.
//! - [`alarms`]: alarms on metrics and on other alarms, and the events of their changes.
//! - `operations/`: the API; `wire/`: the protocols, and what requests look like in all of them; `error.rs`: what is
//!   refused.
//!
//! # Where it differs from AWS
//! - A metric can be read as soon as the invocation is over, and in periods shorter than a minute. With `--realistic`
//!   the metrics of services and those that functions print come by the minute, after the minute in which they were sent
//!   and a delay, and metrics that are put are kept by the minute unless `StorageResolution` is 1. What is put can be read
//!   at once in any case.
//! - How percentiles and trimmed statistics are interpolated is a model: AWS does not publish it (`model/distribution.rs`).
//! - Minutes are kept for 15 days, longer periods not; there may be 50,000 metrics.
//! - A period is reported whole: one that `StartTime` cuts is not cut.
//! - `ConcurrentExecutions` is kept per function only.
//! - There is no metric math but a little for alarms. Nothing limits how often metrics are put. Entities are not kept.
//! - A request of `PutMetricData` or `GetMetricData` may be as large as on AWS, as it is sent (AWS does not say whether its
//!   limit is for what a client has compressed), any other 4 MiB, and none more than that when it is decompressed.

pub mod alarms;
pub mod clock;
mod error;
mod model;
mod operations;
mod wire;

use std::{io::Read as _, sync::Arc, time::Duration};

use axum::{
    body::{Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, header::CONTENT_ENCODING},
    response::Response,
};
use flate2::read::GzDecoder;
use uuid::Uuid;

use self::{
    alarms::Alarms,
    clock::Clock,
    error::CloudWatchError,
    model::store::{MetricStore, Timing},
    wire::Protocol,
};
use crate::aws::signature;

pub use self::model::{lambda::LambdaMetrics, metric::Unit, service::ServiceMetrics};

/// The greatest body that is read, and what a compressed one may become.
const MAX_BODY_BYTES: usize = 4 << 20;
/// The documented limit of `PutMetricData`.
const MAX_PUT_BYTES: usize = 1 << 20;
/// The limit of `GetMetricData`, as AWS's error says it
/// (<https://github.com/influxdata/telegraf/issues/10842>).
const MAX_GET_BYTES: usize = 600 << 10;

/// How metrics come.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether Lambda's `Errors` and `Throttles` of 0 are left out.
    pub sparse: bool,
    /// With realistic times: how many seconds stand for the minute in which Lambda sends its metrics once. AWS: 60.
    pub minute_s: i64,
    /// With realistic times: how many seconds after that minute its samples can be read.
    pub delay_s: i64,
    /// The time that metrics and alarms go by.
    pub clock: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sparse: false,
            minute_s: 60,
            delay_s: 60,
            clock: Clock::default(),
        }
    }
}

/// The service of one sandbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CloudWatch {
    /// Sends the metrics of invocations.
    pub lambda: Arc<LambdaMetrics>,
    /// The alarms on all metrics.
    pub alarms: Alarms,
    metrics: Arc<MetricStore>,
    clock: Clock,
}

impl CloudWatch {
    /// No samples and no alarms yet. `realistic`: metrics come as late as from AWS.
    #[must_use]
    pub fn new(realistic: bool, settings: Settings) -> Self {
        let timing = if realistic {
            Timing::Realistic {
                minute_s: settings.minute_s,
                delay_s: settings.delay_s,
            }
        } else {
            Timing::AtOnce
        };
        let (clock, sparse) = (settings.clock, settings.sparse);
        let metrics = Arc::new(MetricStore::new(timing));
        let lambda = LambdaMetrics::new(Arc::clone(&metrics), clock.clone(), sparse);
        Self {
            lambda: Arc::new(lambda),
            alarms: Alarms::new(Arc::clone(&metrics), clock.clone()),
            metrics,
            clock,
        }
    }

    /// What sends the metrics of another service.
    #[must_use]
    pub fn service_metrics(&self) -> ServiceMetrics {
        ServiceMetrics::new(Arc::clone(&self.metrics), self.clock.clone())
    }

    /// From now on what comes for a namespace, or for all of them, can be read this much later, to the second. Zero ends
    /// that.
    pub fn delay(&self, namespace: Option<String>, by: Duration) {
        let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        self.metrics.delay(namespace, seconds);
    }

    /// Nothing that comes from now on is delayed.
    pub fn delay_nothing(&self) {
        self.metrics.delay_nothing();
    }

    /// How much later what comes can be read, by namespace.
    #[must_use]
    pub fn delays(&self) -> Vec<(Option<String>, Duration)> {
        let delays = self.metrics.delays().into_iter();
        let delay = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
        delays.map(|(of, seconds)| (of, delay(seconds))).collect()
    }

    /// Answers a request in the protocol that it came in.
    pub async fn respond(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let protocol = Protocol::detect(&parts.uri, &parts.headers).unwrap_or(Protocol::Query);
        let request_id = Uuid::new_v4().to_string();
        let body = to_bytes(body, MAX_BODY_BYTES).await;
        let body = body.map_err(|error| CloudWatchError::Malformed(error.to_string()));
        let called = body.and_then(|body| {
            let bytes = body.len();
            let body = decompress(&parts.headers, body)?;
            let call = protocol.read(&parts.uri, &parts.headers, &body)?;
            check_size(&call.operation, bytes)?;
            Ok(call)
        });
        let answered = called.and_then(|call| {
            let region = signature::region(&parts.headers);
            let now_s = self.clock.now().timestamp();
            let output = operations::run(&self.metrics, &self.alarms, &call, region, now_s)?;
            Ok(protocol.answer(&call.operation, &output, &request_id))
        });
        answered.unwrap_or_else(|error| protocol.refuse(&error, &request_id))
    }
}

/// Refuses a request that is larger than AWS takes.
fn check_size(operation: &str, bytes: usize) -> Result<(), CloudWatchError> {
    let limit = match operation {
        "PutMetricData" => MAX_PUT_BYTES,
        "GetMetricData" => MAX_GET_BYTES,
        _ => MAX_BODY_BYTES,
    };
    let too_large = CloudWatchError::TooLarge { bytes, limit };
    (bytes <= limit).then_some(()).ok_or(too_large)
}

/// The body as it was before its client compressed it, as SDKs do with large ones.
fn decompress(headers: &HeaderMap, body: Bytes) -> Result<Bytes, CloudWatchError> {
    let encoding = headers.get(CONTENT_ENCODING);
    if encoding.is_none_or(|encoding| encoding != "gzip") {
        return Ok(body);
    }
    let mut whole = Vec::new();
    let mut decoder = GzDecoder::new(&*body).take(MAX_BODY_BYTES as u64);
    let read = decoder.read_to_end(&mut whole);
    read.map_err(|error| CloudWatchError::Malformed(error.to_string()))?;
    Ok(whole.into())
}

/// Whether a request is one for CloudWatch: by path, target or the service that it is signed for.
#[must_use]
pub fn is_for_cloudwatch(request: &Request) -> bool {
    Protocol::detect(request.uri(), request.headers()).is_some()
}
