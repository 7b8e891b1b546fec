//! What callers may set of a mapping, its defaults and its limits.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::services::lambda::{error::LambdaError, model::settings::within};

/// The one thing that `FunctionResponseTypes` can contain.
pub const REPORT_FAILURES: &str = "ReportBatchItemFailures";

/// Largest batch of a FIFO queue, and of any queue without a window.
const LARGEST_WITHOUT_WINDOW: u32 = 10;

/// How a mapping batches and scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Most messages of a batch.
    pub batch_size: u32,
    /// How long to wait for a batch to become full, in seconds.
    pub window_s: u32,
    /// Whether the function says which messages it has failed on.
    pub reports_failures: bool,
    /// Most batches at once.
    pub maximum_concurrency: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch_size: 10,
            window_s: 0,
            reports_failures: false,
            maximum_concurrency: None,
        }
    }
}

/// The part of `CreateEventSourceMapping` and `UpdateEventSourceMapping` that both have; what is `None` stays.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Change {
    batch_size: Option<i64>,
    maximum_batching_window_in_seconds: Option<i64>,
    function_response_types: Option<Vec<String>>,
    scaling_config: Option<ScalingConfig>,
    /// Everything that this sandbox does not have.
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// `ScalingConfig`; an empty one takes the limit away.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ScalingConfig {
    maximum_concurrency: Option<i64>,
}

impl Settings {
    /// These settings with some changed, for a queue of this kind.
    ///
    /// # Errors
    /// `ValidationException` for a number out of range, `InvalidParameterValueException` for settings that do not go
    /// together or that the sandbox does not have.
    pub fn with(mut self, change: &Change, fifo: bool) -> Result<Self, LambdaError> {
        refuse_unsupported(&change.other)?;
        if let Some(size) = change.batch_size {
            self.batch_size = within("batchSize", size, 1..=10_000)?;
        }
        if let Some(window) = change.maximum_batching_window_in_seconds {
            self.window_s = within("maximumBatchingWindowInSeconds", window, 0..=300)?;
        }
        if let Some(types) = &change.function_response_types {
            self.reports_failures = reports_failures(types)?;
        }
        if let Some(scaling) = &change.scaling_config {
            let limit = |value| within("scalingConfig.maximumConcurrency", value, 2..=1000);
            self.maximum_concurrency = scaling.maximum_concurrency.map(limit).transpose()?;
        }
        self.check(fifo)?;
        Ok(self)
    }

    fn check(self, fifo: bool) -> Result<(), LambdaError> {
        let large = self.batch_size > LARGEST_WITHOUT_WINDOW;
        if fifo && self.window_s > 0 {
            return Err(LambdaError::invalid(
                "Batching window is not supported for FIFO queues",
            ));
        }
        if fifo && large {
            return Err(LambdaError::invalid(
                "Maximum batch size must not be greater than 10 for FIFO queues",
            ));
        }
        if large && self.window_s == 0 {
            return Err(LambdaError::invalid(
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
            ));
        }
        Ok(())
    }
}

/// Refuses a setting that has no effect here, so that nobody relies on it.
fn refuse_unsupported(other: &Map<String, Value>) -> Result<(), LambdaError> {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    match other.iter().find(|(_, value)| !is_empty(value)) {
        None => Ok(()),
        // In Lambda's words: queues have none there either.
        Some((name, _)) if name == "DestinationConfig" => Err(LambdaError::invalid(
            "Unsupported DestinationConfig parameter for given event source mapping type.",
        )),
        Some((name, _)) => Err(LambdaError::invalid(format!(
            "{name} is not supported: the sandbox's event source mappings have BatchSize, \
             MaximumBatchingWindowInSeconds, FunctionResponseTypes, ScalingConfig and Enabled"
        ))),
    }
}

fn reports_failures(types: &[String]) -> Result<bool, LambdaError> {
    match types.iter().find(|name| *name != REPORT_FAILURES) {
        Some(_) => Err(LambdaError::validation(
            "functionResponseTypes",
            format!("[{}]", types.join(", ")),
            &format!("Member must satisfy enum value set: [{REPORT_FAILURES}]"),
        )),
        None => Ok(!types.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(change: Value, fifo: bool) -> Result<Settings, String> {
        let change: Change = serde_json::from_value(change).unwrap();
        Settings::default()
            .with(&change, fifo)
            .map_err(|error| error.message)
    }

    #[test]
    fn a_batch_of_more_than_ten_needs_a_window() {
        let refused = with(json!({"BatchSize": 11}), false).unwrap_err();
        assert!(refused.starts_with("Maximum batch window in seconds must be greater than 0"));
        let window = json!({"BatchSize": 11, "MaximumBatchingWindowInSeconds": 1});
        assert_eq!(with(window, false).unwrap().batch_size, 11);
    }

    #[test]
    fn a_fifo_queue_has_small_batches_and_no_window() {
        for change in [
            json!({"BatchSize": 11, "MaximumBatchingWindowInSeconds": 1}),
            json!({"BatchSize": 11}),
            json!({"MaximumBatchingWindowInSeconds": 1}),
        ] {
            assert!(with(change.clone(), true).is_err(), "{change}");
        }
        assert!(with(json!({"BatchSize": 10}), true).is_ok());
    }

    #[test]
    fn numbers_have_lambdas_limits() {
        for change in [
            json!({"BatchSize": 0}),
            json!({"BatchSize": 10_001, "MaximumBatchingWindowInSeconds": 1}),
            json!({"MaximumBatchingWindowInSeconds": 301}),
            json!({"MaximumBatchingWindowInSeconds": -1}),
            json!({"ScalingConfig": {"MaximumConcurrency": 1}}),
            json!({"ScalingConfig": {"MaximumConcurrency": 1001}}),
            json!({"BatchSize": i64::MAX}),
            json!({"FunctionResponseTypes": ["Everything"]}),
        ] {
            assert!(with(change.clone(), false).is_err(), "{change}");
        }
    }

    #[test]
    fn what_the_sandbox_does_not_have_is_refused_by_name() {
        let filters = json!({"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}});
        assert!(
            with(filters, false)
                .unwrap_err()
                .starts_with("FilterCriteria")
        );
        assert!(with(json!({"FilterCriteria": {}}), false).is_ok());
    }

    #[test]
    fn an_empty_scaling_config_takes_the_limit_away() {
        let limited = with(json!({"ScalingConfig": {"MaximumConcurrency": 2}}), false).unwrap();
        assert_eq!(limited.maximum_concurrency, Some(2));
        let change = serde_json::from_value(json!({"ScalingConfig": {}})).unwrap();
        assert_eq!(
            limited.with(&change, false).unwrap().maximum_concurrency,
            None
        );
    }
}
