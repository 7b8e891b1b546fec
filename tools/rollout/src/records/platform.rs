//! The JSON line with which Lambda ends an invocation when the function's log format is JSON.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>: `platform.report`,
//! and `platform.start`, which alone has the version.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Invocation, Status};

/// A line that Lambda wrote.
#[derive(Debug, Deserialize)]
struct Event {
    time: DateTime<Utc>,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", content = "record")]
enum Kind {
    #[serde(rename = "platform.start")]
    Start(Start),
    #[serde(rename = "platform.report")]
    Report(Report),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    request_id: String,
    version: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    request_id: String,
    status: Option<String>,
    metrics: Metrics,
}

/// Some services round all of these to whole numbers and some do not: whole ones are numbers, too.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    duration_ms: f64,
    billed_duration_ms: f64,
    #[serde(rename = "memorySizeMB")]
    memory_size_mb: f64,
    #[serde(rename = "maxMemoryUsedMB")]
    max_memory_used_mb: f64,
    init_duration_ms: Option<f64>,
    restore_duration_ms: Option<f64>,
}

/// What a line of JSON is.
#[derive(Debug)]
pub(super) enum Line {
    /// An invocation begins, in this version.
    Start {
        request_id: String,
        version: Option<String>,
    },
    /// An invocation is over; or it is not said how in the form that is known here.
    Report(Option<Invocation>),
    /// Something else: most likely the function's own.
    Other,
}

/// Reads a line that begins with `{`.
pub(super) fn parse(line: &str) -> Line {
    let is_report = line.contains("\"platform.report\"");
    if !is_report && !line.contains("\"platform.start\"") {
        return Line::Other;
    }
    match serde_json::from_str::<Event>(line) {
        Ok(Event {
            kind: Kind::Start(start),
            ..
        }) => Line::Start {
            request_id: start.request_id,
            version: start.version,
        },
        Ok(Event {
            time,
            kind: Kind::Report(report),
        }) => Line::Report(report.invocation(time)),
        // The function may log these words itself; only a line of that type is a broken report.
        Err(_) if is_report && says_it_is_a_report(line) => Line::Report(None),
        Err(_) => Line::Other,
    }
}

fn says_it_is_a_report(line: &str) -> bool {
    #[derive(Deserialize)]
    struct Typed {
        r#type: String,
    }
    serde_json::from_str::<Typed>(line).is_ok_and(|line| line.r#type == "platform.report")
}

impl Report {
    fn invocation(self, time: DateTime<Utc>) -> Option<Invocation> {
        let metrics = self.metrics;
        Some(Invocation {
            request_id: self.request_id,
            version: None,
            ended: Some(time),
            duration_ms: metrics.duration_ms,
            billed_ms: whole(metrics.billed_duration_ms)?,
            init_ms: metrics.init_duration_ms.or(metrics.restore_duration_ms),
            memory_mib: u32::try_from(whole(metrics.memory_size_mb)?).ok()?,
            max_memory_mib: u32::try_from(whole(metrics.max_memory_used_mb)?).ok()?,
            status: self
                .status
                .map_or(Some(Status::Success), |name| Status::named(&name))?,
        })
        .filter(Invocation::is_measured)
    }
}

fn whole(number: f64) -> Option<u64> {
    (number >= 0.0 && number <= u64::MAX as f64).then(|| number.round() as u64)
}
