//! Metrics in CloudWatch's Embedded Metric Format: a JSON line that CloudWatch turns into metrics.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//!
//! Every metric is one by function and version, because that is what a rollout compares. The failures that are counted
//! for every function of a kind are by function as well, for an alarm that need not know which versions serve. Lambda's
//! own metrics (invocations, errors, durations, throttles) are not written again: each costs about 0.30 USD a month and
//! version in use.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tracing_subscriber::fmt::{format::Writer, time::FormatTime as _};

use super::{
    Environment,
    metrics::{BY_FUNCTION, Metric},
};

/// How many metrics one line may have.
const MAX_METRICS: usize = 100;

/// The lines of an invocation that began at `start`, each with its end. Without a start they are lines of the log, which
/// CloudWatch does not count.
pub(super) fn lines(
    environment: &Environment,
    request_id: &str,
    start: Option<SystemTime>,
    metrics: &[Metric],
) -> Vec<u8> {
    let mut lines = Vec::new();
    for metrics in metrics.chunks(MAX_METRICS) {
        let line = line(environment, request_id, start, metrics);
        lines.extend(line.to_string().into_bytes());
        lines.push(b'\n');
    }
    lines
}

fn line(
    environment: &Environment,
    request_id: &str,
    start: Option<SystemTime>,
    metrics: &[Metric],
) -> Value {
    let mut line = json!({
        // Lambda takes a line without level and timestamp for INFO, and drops it when the function's level is WARN. So
        // this line has the function's own level.
        "level": environment.level,
        "timestamp": present(),
        "Function": environment.function,
        "Version": environment.version,
        "architecture": environment.architecture,
        "requestId": request_id,
    });
    for metric in metrics {
        line[metric.name] = json!(metric.value);
    }
    if let Some(start) = start {
        line["_aws"] = metadata(environment, start, metrics);
    }
    line
}

/// What makes metrics of the line's values.
fn metadata(environment: &Environment, start: SystemTime, metrics: &[Metric]) -> Value {
    let start_ms = start
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let directive = |dimensions: &[&str], metrics: &[Metric]| {
        let definition = |metric: &Metric| json!({"Name": metric.name, "Unit": metric.unit});
        json!({
            "Namespace": environment.namespace,
            "Dimensions": [dimensions],
            "Metrics": metrics.iter().map(definition).collect::<Vec<_>>(),
        })
    };
    let is_by_function = |metric: &&Metric| BY_FUNCTION.contains(&metric.name);
    let by_function: Vec<_> = metrics.iter().filter(is_by_function).copied().collect();
    let mut directives = vec![directive(&["Function", "Version"], metrics)];
    if !by_function.is_empty() {
        directives.push(directive(&["Function"], &by_function));
    }
    json!({"Timestamp": u64::try_from(start_ms).unwrap_or(u64::MAX), "CloudWatchMetrics": directives})
}

/// In RFC 3339, as the log lines have it.
fn present() -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = tracing_subscriber::fmt::time::SystemTime.format_time(&mut Writer::new(&mut text));
    text
}
