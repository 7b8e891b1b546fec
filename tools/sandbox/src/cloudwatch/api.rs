//! From an HTTP request to an operation and back.

use axum::{
    body::to_bytes,
    extract::Request,
    http::{HeaderMap, header},
    response::Response,
};
use chrono::Utc;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{
    CloudWatch, alarms,
    error::CloudWatchError,
    get_metric_data, list_metrics,
    wire::{Call, Protocol, Value},
};
use crate::lambda::names;

/// The greatest body that is read: 500 queries take some hundred KiB.
const MAX_BODY_BYTES: usize = 4 << 20;

/// Whether a request is one for `CloudWatch`: by path, target or the service that it is signed for.
#[must_use]
pub fn is_for_cloudwatch(request: &Request) -> bool {
    Protocol::of(request.uri(), request.headers()).is_some()
}

/// Answers a request in the protocol that it came in.
pub async fn respond(cloudwatch: &CloudWatch, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let protocol = Protocol::of(&parts.uri, &parts.headers).unwrap_or(Protocol::Query);
    let request_id = Uuid::new_v4().to_string();
    let called = match to_bytes(body, MAX_BODY_BYTES).await {
        Ok(body) => protocol.read(&parts.uri, &parts.headers, &body),
        Err(error) => Err(CloudWatchError::Malformed(error.to_string())),
    };
    let answered = called.and_then(|call| {
        let output = run(cloudwatch, &call, region_of(&parts.headers))?;
        Ok(protocol.answer(&call.operation, &output, &request_id))
    });
    answered.unwrap_or_else(|error| protocol.refuse(&error, &request_id))
}

fn run(cloudwatch: &CloudWatch, call: &Call, region: &str) -> Result<Value, CloudWatchError> {
    let CloudWatch { metrics, alarms } = cloudwatch;
    let now_s = Utc::now().timestamp();
    match call.operation.as_str() {
        "GetMetricData" => get_metric_data::run(metrics, &input(call)?, now_s),
        "ListMetrics" => list_metrics::run(metrics, &input(call)?, now_s),
        "PutMetricAlarm" => alarms::operations::put(alarms, input(call)?, region),
        "DescribeAlarms" => alarms::operations::describe(alarms, &input(call)?),
        "DeleteAlarms" => alarms::operations::delete(alarms, &input(call)?),
        "SetAlarmState" => alarms::operations::set_state(alarms, &input(call)?),
        "ListTagsForResource" => alarms::operations::list_tags(alarms, &input(call)?),
        "TagResource" => alarms::operations::tag(alarms, &input(call)?),
        "UntagResource" => alarms::operations::untag(alarms, &input(call)?),
        other => Err(CloudWatchError::UnknownOperation(other.to_owned())),
    }
}

fn region_of(headers: &HeaderMap) -> &str {
    let authorization = headers.get(header::AUTHORIZATION);
    names::region_of(authorization.and_then(|value| value.to_str().ok()))
}

fn input<T: DeserializeOwned>(call: &Call) -> Result<T, CloudWatchError> {
    T::deserialize(&call.input).map_err(|error| CloudWatchError::Malformed(error.to_string()))
}
