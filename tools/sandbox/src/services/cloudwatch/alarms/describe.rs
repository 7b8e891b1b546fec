//! DescribeAlarms.

use ciborium::{tag::Required, value::Value};
use serde::Serialize;

use super::{
    Alarms,
    alarm::{Alarm, Kind},
    state::StateValue,
};
use crate::{
    aws::paging,
    services::cloudwatch::{
        error::CloudWatchError,
        wire::{
            input::{
                DescribeAlarmsInput, Dimension, PutCompositeAlarmInput, PutMetricAlarmInput,
                first_index,
            },
            value::{Time, to_value},
        },
    },
};

/// Alarms in one answer.
const PAGE: usize = 100;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeAlarmsOutput<'a> {
    metric_alarms: Vec<MetricAlarm<'a>>,
    composite_alarms: Vec<CompositeAlarm<'a>>,
    next_token: Option<String>,
}

/// What an alarm was made with, and its state.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MetricAlarm<'a> {
    #[serde(flatten)]
    input: &'a PutMetricAlarmInput,
    /// None of an alarm on metric math.
    dimensions: Option<&'a [Dimension]>,
    #[serde(flatten)]
    common: Common<'a>,
}

#[derive(Debug, Serialize)]
struct CompositeAlarm<'a> {
    #[serde(flatten)]
    input: &'a PutCompositeAlarmInput,
    #[serde(flatten)]
    common: Common<'a>,
}

/// What alarms of both kinds have.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Common<'a> {
    alarm_arn: String,
    alarm_configuration_updated_timestamp: Time,
    state_value: &'static str,
    state_reason: &'a str,
    state_reason_data: Option<String>,
    state_updated_timestamp: Time,
    state_transitioned_timestamp: Time,
}

impl<'a> Common<'a> {
    fn new(alarm: &'a Alarm) -> Self {
        let state = &alarm.state;
        let since = Required(state.since.timestamp());
        Self {
            alarm_arn: alarm.arn(),
            alarm_configuration_updated_timestamp: Required(alarm.configured.timestamp()),
            state_value: state.value.as_str(),
            state_reason: &state.reason,
            state_reason_data: state.reason_data.as_ref().map(ToString::to_string),
            state_updated_timestamp: since,
            state_transitioned_timestamp: since,
        }
    }
}

/// Alarms by name, by prefix or all, in the order of their names; metric alarms only, unless others are asked for.
pub(crate) fn run(alarms: &Alarms, input: &DescribeAlarmsInput) -> Result<Value, CloudWatchError> {
    if input.children_of_alarm_name.is_some() || input.parents_of_alarm_name.is_some() {
        let reason =
            "the sandbox's DescribeAlarms has neither ChildrenOfAlarmName nor ParentsOfAlarmName";
        return Err(CloudWatchError::Alarm(reason.to_owned()));
    }
    let state = input.state_value.as_deref();
    let state = state.map(StateValue::parse).transpose()?;
    let names = &input.alarm_names;
    let prefix = input.alarm_name_prefix.as_deref().unwrap_or_default();
    let action = input.action_prefix.as_deref();
    let types = &input.alarm_types;
    let is_asked = |kind: &str| types.iter().any(|asked| asked == kind);
    let metric = types.is_empty() || is_asked("MetricAlarm");
    let composite = is_asked("CompositeAlarm");
    let wanted = |alarm: &&Alarm| {
        let kind = match alarm.kind {
            Kind::Metric(_) => metric,
            Kind::Composite(_) => composite,
        };
        kind && (names.is_empty() || names.contains(&alarm.name))
            && alarm.name.starts_with(prefix)
            && state.is_none_or(|state| state == alarm.state.value)
            && action.is_none_or(|prefix| alarm.actions().any(|arn| arn.starts_with(prefix)))
    };
    let size = input
        .max_records
        .map_or(PAGE, |max| usize::try_from(max.0).unwrap_or(PAGE));
    let from = first_index(input.next_token.as_deref())?;
    let table = alarms.lock();
    let page = paging::page(table.values().filter(wanted), from, size);
    let mut output = DescribeAlarmsOutput {
        metric_alarms: Vec::new(),
        composite_alarms: Vec::new(),
        next_token: page.next.map(paging::token),
    };
    for alarm in page.items {
        let common = Common::new(alarm);
        match &alarm.kind {
            Kind::Metric(kind) => output.metric_alarms.push(MetricAlarm {
                input: &kind.0,
                dimensions: kind.0.metrics.is_empty().then_some(&kind.0.dimensions),
                common,
            }),
            Kind::Composite(kind) => output.composite_alarms.push(CompositeAlarm {
                input: &kind.0,
                common,
            }),
        }
    }
    Ok(to_value(&output))
}
