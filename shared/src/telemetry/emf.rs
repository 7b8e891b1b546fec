//! Metrics in CloudWatch's Embedded Metric Format: a JSON line that CloudWatch turns into metrics.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//!
//! ```json
//! {"_aws":{"Timestamp":1767225600000,"CloudWatchMetrics":[{"Namespace":"Functions",
//!   "Dimensions":[["Function","Architecture"]],"Metrics":[{"Name":"Duration","Unit":"Milliseconds"}]}]},
//!  "Function":"hasher","Architecture":"arm64","Duration":12.3,"request_id":"…"}
//! ```

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

/// CloudWatch's namespace, one for all functions: the function's name is a dimension.
const NAMESPACE: &str = "Functions";
const DIMENSIONS: [[&str; 2]; 1] = [["Function", "Architecture"]];

/// The metrics of one invocation.
pub(super) struct Line<'a> {
    pub(super) environment: &'a Environment,
    pub(super) invocation: &'a Invocation,
    /// When it began.
    pub(super) start: SystemTime,
    pub(super) metrics: &'a [Metric],
}

/// The three metrics of every invocation.
pub(super) fn own_metrics(duration: Duration, failed: bool, cold_start: bool) -> [Metric; 3] {
    let count = |name, happened| Metric {
        name,
        unit: Unit::Count,
        value: f64::from(u8::from(happened)),
    };
    [
        Metric {
            name: "Duration",
            unit: Unit::Milliseconds,
            value: duration.as_secs_f64() * 1e3,
        },
        count("Errors", failed),
        count("ColdStarts", cold_start),
    ]
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
        line.serialize_entry("Architecture", self.environment.architecture)?;
        line.serialize_entry("version", &self.environment.version)?;
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
    namespace: &'static str,
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
                namespace: NAMESPACE,
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
    use std::sync::atomic::AtomicBool;

    use serde_json::{Value, json};

    use super::*;
    use crate::telemetry::level::Threshold;

    fn line(threshold: Threshold, metrics: &[Metric]) -> Value {
        let line = Line {
            environment: &Environment {
                function: "hasher".to_owned(),
                version: "7".to_owned(),
                architecture: "arm64",
                threshold,
                cold: AtomicBool::new(false),
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
        let mut metrics = own_metrics(Duration::from_micros(12_300), false, true).to_vec();
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
                        "Namespace": "Functions",
                        "Dimensions": [["Function", "Architecture"]],
                        "Metrics": [
                            {"Name": "Duration", "Unit": "Milliseconds"},
                            {"Name": "Errors", "Unit": "Count"},
                            {"Name": "ColdStarts", "Unit": "Count"},
                            {"Name": "DocumentsVerified", "Unit": "Count"},
                        ],
                    }],
                },
                "level": "INFO",
                "Function": "hasher",
                "Architecture": "arm64",
                "version": "7",
                "request_id": "8476a536",
                "Duration": 12.3,
                "Errors": 0.0,
                "ColdStarts": 1.0,
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
