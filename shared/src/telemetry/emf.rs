//! Metrics in CloudWatch's Embedded Metric Format: a JSON line that CloudWatch turns into metrics.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//!
//! ```json
//! {"_aws":{"Timestamp":1767225600000,"CloudWatchMetrics":[{"Namespace":"Functions",
//!   "Dimensions":[["Function","Version"]],"Metrics":[{"Name":"WarmDuration","Unit":"Milliseconds"}]}]},
//!  "Function":"hasher","Version":"7","WarmDuration":12.3,"request_id":"…"}
//! ```
//!
//! Every metric is one by function and version, because that is what a rollout compares. Lambda's own metrics
//! (invocations, errors, durations, throttles) are not written again: each costs about 0.30 USD a month and version
//! in use.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeSeq as _},
};
use tracing_subscriber::fmt::{format::Writer, time::FormatTime as _};

use super::{
    invocation::{Environment, Invocation},
    metrics::{Metric, Unit},
};

const DIMENSIONS: [[&str; 2]; 1] = [["Function", "Version"]];

/// The metrics of one invocation.
pub(super) struct Line<'a> {
    pub(super) environment: &'a Environment,
    pub(super) invocation: &'a Invocation,
    /// When it began.
    pub(super) start: SystemTime,
    pub(super) metrics: &'a [Metric],
}

/// The one metric of every invocation: how long init took before the first one of an environment, or how long a later
/// one took. The sample counts are the cold starts and the warm invocations.
///
/// What an environment needs before the program starts, and to load it, is Lambda's part of init, and not in it.
pub(super) fn own_metric(duration: Duration, init: Option<Duration>) -> Metric {
    let (name, time) = match init {
        Some(init) => ("InitDuration", init),
        None => ("WarmDuration", duration),
    };
    Metric {
        name,
        unit: Unit::Milliseconds,
        value: time.as_secs_f64() * 1e3,
    }
}

impl Line<'_> {
    /// The line with its end.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Room for a dozen metrics, so that it is allocated once.
        let mut line = Vec::with_capacity(1024);
        match serde_json::to_writer(&mut line, self) {
            Ok(()) => line.push(b'\n'),
            // This cannot fail (keys are text, a Vec grows); even so, no invocation may fail because of its metrics.
            Err(_) => line.clear(),
        }
        line
    }
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("_aws", &self.metadata())?;
        // Lambda takes a line without level and timestamp for INFO, and drops it when the function's
        // level is WARN. So this line has the function's own level.
        line.serialize_entry("level", self.environment.threshold.as_str())?;
        line.serialize_entry("timestamp", &present())?;
        line.serialize_entry("Function", &self.environment.function)?;
        line.serialize_entry("Version", &self.environment.version)?;
        line.serialize_entry("architecture", self.environment.architecture)?;
        line.serialize_entry("request_id", &self.invocation.request_id)?;
        for metric in self.metrics {
            line.serialize_entry(metric.name, &metric.value)?;
        }
        line.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: u64,
    #[serde(rename = "CloudWatchMetrics")]
    metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: [[&'static str; 2]; 1],
    metrics: Definitions<'a>,
}

struct Definitions<'a>(&'a [Metric]);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: Unit,
}

impl Serialize for Definitions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut definitions = serializer.serialize_seq(Some(self.0.len()))?;
        for &Metric { name, unit, .. } in self.0 {
            definitions.serialize_element(&Definition { name, unit })?;
        }
        definitions.end()
    }
}

impl Line<'_> {
    fn metadata(&self) -> Metadata<'_> {
        let since_1970 = self.start.duration_since(UNIX_EPOCH).unwrap_or_default();
        Metadata {
            timestamp: u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX),
            metrics: [Directive {
                namespace: &self.environment.namespace,
                dimensions: DIMENSIONS,
                metrics: Definitions(self.metrics),
            }],
        }
    }
}

/// In RFC 3339, as the log lines have it.
fn present() -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = tracing_subscriber::fmt::time::SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{OnceLock, atomic::AtomicBool},
        time::Instant,
    };

    use serde_json::{Value, json};

    use super::*;
    use crate::telemetry::level::Threshold;

    fn line(threshold: Threshold, metrics: &[Metric]) -> Value {
        let line = Line {
            environment: &Environment {
                namespace: "notary".to_owned(),
                function: "hasher".to_owned(),
                version: "7".to_owned(),
                architecture: "arm64",
                threshold,
                cold: AtomicBool::new(false),
                init: OnceLock::new(),
                began: Instant::now(),
            },
            invocation: &Invocation {
                request_id: "8476a536".to_owned(),
                trace_id: None,
                cold_start: true,
            },
            start: UNIX_EPOCH + Duration::from_millis(1_767_225_600_123),
            metrics,
        };
        let bytes = line.to_bytes();
        assert_eq!(bytes.iter().filter(|&&byte| byte == b'\n').count(), 1);
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn a_line_is_what_the_specification_asks_for() {
        let mut metrics = vec![own_metric(Duration::from_micros(12_300), None)];
        metrics.push(Metric {
            name: "DocumentsVerified",
            unit: Unit::Count,
            value: 3.0,
        });
        let mut line = line(Threshold::Info, &metrics);
        let timestamp = line.as_object_mut().unwrap().remove("timestamp");
        assert!(timestamp.unwrap().as_str().unwrap().ends_with('Z'));
        assert_eq!(
            line,
            json!({
                "_aws": {
                    "Timestamp": 1_767_225_600_123_u64,
                    "CloudWatchMetrics": [{
                        "Namespace": "notary",
                        "Dimensions": [["Function", "Version"]],
                        "Metrics": [
                            {"Name": "WarmDuration", "Unit": "Milliseconds"},
                            {"Name": "DocumentsVerified", "Unit": "Count"},
                        ],
                    }],
                },
                "level": "INFO",
                "Function": "hasher",
                "Version": "7",
                "architecture": "arm64",
                "request_id": "8476a536",
                "WarmDuration": 12.3,
                "DocumentsVerified": 3.0,
            })
        );
    }

    #[test]
    fn no_threshold_of_lambdas_drops_a_line_of_metrics() {
        for threshold in [Threshold::Debug, Threshold::Warn, Threshold::Fatal] {
            assert_eq!(line(threshold, &[])["level"], threshold.as_str());
        }
    }
}
