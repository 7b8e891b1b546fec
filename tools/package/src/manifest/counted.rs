//! Failures that the function counts itself: `[package.metadata.rollout.metrics.<name>]`.
//!
//! ```toml
//! [package.metadata.rollout.metrics.declined_payments]
//! failed = { name = "PaymentsDeclined" }
//! of = { name = "Payments" }
//! at_most_percent = 5     # a limit of its own, whatever the baseline does
//! ```
//!
//! A metric without `dimensions` has `Function` and `Version`, and one without `namespace` is in the function's
//! own: what `shared::telemetry` writes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Trigger;

/// The environment variable that names the namespace of a function's own metrics. The build sets it to the
/// project's name, unless the function sets it.
pub const NAMESPACE_VARIABLE: &str = "METRICS_NAMESPACE";

/// The namespace where nobody has set that variable; `shared::telemetry` has the same.
pub const DEFAULT_NAMESPACE: &str = "Functions";

/// How many a function may have: an alarm takes ten metrics, two of them for Lambda's own
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>). All share alpha.
const MOST: usize = 4;

/// Stands for the version in the value of a dimension.
const VERSION: &str = "{version}";
/// Stands for the function's name there.
const FUNCTION: &str = "{function}";

/// A share: what failed, of what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountedMetric {
    /// Counts what failed.
    pub failed: MetricName,
    /// Counts all, what failed among it.
    pub of: MetricName,
    /// More than this, in percent, and the candidate is rolled back, also after its promotion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most_percent: Option<f64>,
}

/// A metric of `CloudWatch`, of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricName {
    /// Its namespace; that of the function's own metrics when not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its dimensions; `{version}` and `{function}` stand for these. One of them has the version.
    #[serde(default = "of_telemetry")]
    pub dimensions: BTreeMap<String, String>,
}

/// What `shared::telemetry` writes with every metric.
fn of_telemetry() -> BTreeMap<String, String> {
    [("Function", FUNCTION), ("Version", VERSION)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

impl CountedMetric {
    /// What `shared` counts for a trigger, with the name that the policy knows it by.
    #[must_use]
    pub fn of_trigger(trigger: &Trigger) -> Option<(&'static str, Self)> {
        let (name, failed, of) = match trigger {
            Trigger::Http => ("server_errors", "ServerErrors", "Requests"),
            Trigger::Queue(_) => ("failed_records", "RecordsFailed", "Records"),
            Trigger::None | Trigger::Schedule(_) | Trigger::Controller => {
                return None;
            }
        };
        let metric = |name: &str| MetricName {
            namespace: None,
            name: name.to_owned(),
            dimensions: of_telemetry(),
        };
        let counted = Self {
            failed: metric(failed),
            of: metric(of),
            at_most_percent: None,
        };
        Some((name, counted))
    }

    /// Whether it is a share of what `shared` counts in every invocation that ends: where a version ran, it is there.
    #[must_use]
    pub fn is_of_all_that_shared_counts(&self) -> bool {
        let MetricName {
            namespace,
            name,
            dimensions,
        } = &self.of;
        let is_own = namespace.is_none() && *dimensions == of_telemetry();
        is_own && ["Requests", "Records"].contains(&name.as_str())
    }
}

impl MetricName {
    /// The dimensions of one version of a function.
    pub fn dimensions_of(
        &self,
        function: &str,
        version: &str,
    ) -> impl Iterator<Item = (&str, String)> {
        self.dimensions.iter().map(move |(name, value)| {
            let value = value.replace(VERSION, version).replace(FUNCTION, function);
            (name.as_str(), value)
        })
    }
}

/// Says which key is wrong and what it takes.
pub(super) fn check(metrics: &BTreeMap<String, CountedMetric>) -> Result<(), String> {
    if metrics.len() > MOST {
        return Err(format!(
            "metrics has {} of them: at most {MOST}, which with Lambda's own are the ten of an alarm",
            metrics.len()
        ));
    }
    for (name, metric) in metrics {
        for (key, metric) in [("failed", &metric.failed), ("of", &metric.of)] {
            let by_version = |value: &String| value.contains(VERSION);
            if !metric.dimensions.values().any(by_version) {
                return Err(format!(
                    "metrics.{name}.{key}.dimensions = {:?}: one of them has to be the version, {VERSION:?}",
                    metric.dimensions
                ));
            }
        }
        if let Some(limit) = metric.at_most_percent
            && !(limit > 0.0 && limit < 100.0)
        {
            return Err(format!(
                "metrics.{name}.at_most_percent = {limit}: between 0 and 100"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(metric: serde_json::Value) -> BTreeMap<String, CountedMetric> {
        let metric = serde_json::from_value(metric).expect("a metric");
        [("payments".to_owned(), metric)].into()
    }

    #[test]
    fn a_metric_of_telemetry_needs_no_more_than_its_name() {
        let metrics = parsed(json!({"failed": {"name": "Declined"}, "of": {"name": "Payments"}}));
        assert_eq!(check(&metrics), Ok(()));
        let dimensions: Vec<_> = metrics["payments"].of.dimensions_of("shop", "7").collect();
        let expected = [("Function", "shop"), ("Version", "7")];
        assert_eq!(
            dimensions,
            expected.map(|(name, value)| (name, value.to_owned()))
        );
    }

    #[test]
    fn what_cannot_tell_the_versions_apart_or_is_no_limit_is_refused_with_its_key() {
        let of = json!({"name": "Payments"});
        let alike = json!({"name": "Declined", "dimensions": {"Function": "shop"}});
        let refused = check(&parsed(json!({"failed": alike, "of": of}))).unwrap_err();
        assert!(
            refused.starts_with("metrics.payments.failed.dimensions = "),
            "{refused}"
        );
        let limit = json!({"failed": of, "of": of, "at_most_percent": 100});
        let refused = check(&parsed(limit)).unwrap_err();
        assert!(
            refused.starts_with("metrics.payments.at_most_percent = 100"),
            "{refused}"
        );
    }
}
