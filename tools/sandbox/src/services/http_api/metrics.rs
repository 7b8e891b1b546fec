//! What API Gateway counts of every request to an HTTP API
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html>), of the API and of its stage.

use std::time::Duration;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};

use crate::services::cloudwatch::{ServiceMetrics, Unit};

const NAMESPACE: &str = "AWS/ApiGateway";

/// The one stage.
const STAGE: &str = "$default";

/// Sends the metrics of one request that was answered.
pub(super) fn send(
    metrics: &ServiceMetrics,
    api_id: &str,
    received: DateTime<Utc>,
    status: StatusCode,
    latency: Duration,
) {
    let count = |happened: bool| f64::from(u8::from(happened));
    let values = [
        ("Count", Unit::COUNT, 1.0),
        ("4xx", Unit::COUNT, count(status.is_client_error())),
        ("5xx", Unit::COUNT, count(status.is_server_error())),
        (
            "Latency",
            Unit::MILLISECONDS,
            latency.as_secs_f64() * 1_000.0,
        ),
    ];
    let of_api = ("ApiId", api_id);
    for dimensions in [&[of_api][..], &[of_api, ("Stage", STAGE)]] {
        metrics.send(NAMESPACE, dimensions, received, values);
    }
}
