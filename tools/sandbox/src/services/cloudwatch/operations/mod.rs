//! The operations of CloudWatch, by name. Those on alarms are in [`super::alarms`].

pub(super) mod get_metric_data;
pub(super) mod get_metric_statistics;
pub(super) mod list_metrics;
pub(super) mod put_metric_data;

use ciborium::value::Value;
use serde::de::DeserializeOwned;

use super::{
    alarms::{self, Alarms},
    error::CloudWatchError,
    model::store::MetricStore,
    wire::input::Call,
};

/// Does what a request asks for.
pub(super) fn run(
    metrics: &MetricStore,
    alarms: &Alarms,
    call: &Call,
    region: &str,
    now_s: i64,
) -> Result<Value, CloudWatchError> {
    match call.operation.as_str() {
        "GetMetricData" => get_metric_data::run(metrics, &input(call)?, now_s),
        "GetMetricStatistics" => get_metric_statistics::run(metrics, &input(call)?, now_s),
        "PutMetricData" => put_metric_data::run(metrics, &input(call)?, now_s),
        "ListMetrics" => list_metrics::run(metrics, &input(call)?, now_s),
        "PutMetricAlarm" => alarms::operations::put(alarms, input(call)?, region),
        "PutCompositeAlarm" => alarms::operations::put_composite(alarms, input(call)?, region),
        "DescribeAlarms" => alarms::describe::run(alarms, &input(call)?),
        "DeleteAlarms" => alarms::operations::delete(alarms, &input(call)?),
        "SetAlarmState" => alarms::operations::set_state(alarms, &input(call)?),
        "ListTagsForResource" => alarms::operations::list_tags(alarms, &input(call)?),
        "TagResource" => alarms::operations::tag(alarms, &input(call)?),
        "UntagResource" => alarms::operations::untag(alarms, &input(call)?),
        other => Err(CloudWatchError::UnknownOperation(other.to_owned())),
    }
}

fn input<T: DeserializeOwned>(call: &Call) -> Result<T, CloudWatchError> {
    T::deserialize(&call.input).map_err(|error| CloudWatchError::Malformed(error.to_string()))
}
