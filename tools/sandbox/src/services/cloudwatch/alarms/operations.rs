//! PutMetricAlarm, DescribeAlarms, DeleteAlarms, SetAlarmState, and the tags of alarms.

use chrono::Utc;
use ciborium::{tag::Required, value::Value};
use serde::Serialize;

use super::{
    Alarms,
    alarm::{Alarm, State, StateValue},
    definition::Definition,
};
use crate::{
    aws::paging,
    services::cloudwatch::{
        error::CloudWatchError,
        wire::{
            input::{
                Boolean, DeleteAlarmsInput, DescribeAlarmsInput, Dimension, PutMetricAlarmInput,
                SetAlarmStateInput, Tag, TagsInput, first_index,
            },
            value::{Empty, Time, to_value},
        },
    },
};

/// Alarms in one answer.
const PAGE: usize = 100;

/// `DescribeAlarms`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeAlarmsOutput<'a> {
    metric_alarms: Vec<MetricAlarm<'a>>,
    composite_alarms: [&'static str; 0],
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
    alarm_arn: String,
    alarm_configuration_updated_timestamp: Time,
    state_value: &'static str,
    state_reason: &'a str,
    state_reason_data: Option<String>,
    state_updated_timestamp: Time,
    state_transitioned_timestamp: Time,
}

impl<'a> MetricAlarm<'a> {
    fn new(alarm: &'a Alarm) -> Self {
        let Alarm { input, state, .. } = alarm;
        let since = Required(state.since.timestamp());
        Self {
            input,
            dimensions: input.metrics.is_empty().then_some(&input.dimensions),
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

/// `ListTagsForResource`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListTagsOutput {
    tags: Vec<Tag>,
}

fn required<T>(value: Option<T>, name: &str) -> Result<T, CloudWatchError> {
    value.ok_or_else(|| CloudWatchError::Missing(name.to_owned()))
}

/// Makes an alarm, or gives one that exists another configuration and leaves its state.
pub(crate) fn put(
    alarms: &Alarms,
    mut input: PutMetricAlarmInput,
    region: &str,
) -> Result<Value, CloudWatchError> {
    // The defaults, as `DescribeAlarms` says them.
    input.actions_enabled.get_or_insert(Boolean(true));
    for query in &mut input.metrics {
        query.return_data.get_or_insert(Boolean(true));
    }
    let name = required(input.alarm_name.clone(), "AlarmName")?;
    let definition = Definition::check(&input)?;
    let tags = input
        .tags
        .iter()
        .map(|tag| (tag.key.clone(), tag.value.clone()));
    let mut table = alarms.lock();
    // Tags are set when an alarm is made, and by TagResource alone afterwards.
    let (state, tags) = match table.remove(&name) {
        Some(known) => (known.state, known.tags),
        None => (State::initial(), tags.collect()),
    };
    let alarm = Alarm {
        name: name.clone(),
        region: region.to_owned(),
        input,
        definition,
        state,
        tags,
        configured: Utc::now(),
    };
    table.insert(name, alarm);
    Ok(to_value(&Empty {}))
}

/// Alarms by name, by prefix or all, in the order of their names.
pub(crate) fn describe(
    alarms: &Alarms,
    input: &DescribeAlarmsInput,
) -> Result<Value, CloudWatchError> {
    let state = input
        .state_value
        .as_deref()
        .map(StateValue::parse)
        .transpose()?;
    let names = &input.alarm_names;
    let prefix = input.alarm_name_prefix.as_deref().unwrap_or_default();
    let wanted = |alarm: &&Alarm| {
        (names.is_empty() || names.contains(&alarm.name))
            && alarm.name.starts_with(prefix)
            && state.is_none_or(|state| state == alarm.state.value)
    };
    let types = &input.alarm_types;
    let metric_alarms = types.is_empty() || types.iter().any(|kind| kind == "MetricAlarm");
    let size = input
        .max_records
        .map_or(PAGE, |max| usize::try_from(max.0).unwrap_or(PAGE));
    let from = first_index(input.next_token.as_deref())?;
    let table = alarms.lock();
    let found = table.values().filter(wanted).filter(|_| metric_alarms);
    let page = paging::page(found, from, size);
    Ok(to_value(&DescribeAlarmsOutput {
        metric_alarms: page.items.into_iter().map(MetricAlarm::new).collect(),
        composite_alarms: [],
        next_token: page.next.map(paging::token),
    }))
}

/// Deletes all of these alarms, or none when one does not exist.
pub(crate) fn delete(alarms: &Alarms, input: &DeleteAlarmsInput) -> Result<Value, CloudWatchError> {
    let mut table = alarms.lock();
    let mut names = input.alarm_names.iter();
    if let Some(unknown) = names.find(|name| !table.contains_key(*name)) {
        return Err(CloudWatchError::NoAlarm(unknown.clone()));
    }
    for name in &input.alarm_names {
        table.remove(name);
    }
    Ok(to_value(&Empty {}))
}

/// Puts an alarm into a state until it is evaluated again.
pub(crate) fn set_state(
    alarms: &Alarms,
    input: &SetAlarmStateInput,
) -> Result<Value, CloudWatchError> {
    let name = required(input.alarm_name.as_ref(), "AlarmName")?;
    let value = StateValue::parse(required(input.state_value.as_deref(), "StateValue")?)?;
    let reason = required(input.state_reason.clone(), "StateReason")?;
    let data = input.state_reason_data.as_deref().map(serde_json::from_str);
    let reason_data = data
        .transpose()
        .map_err(|error| CloudWatchError::Alarm(format!("StateReasonData is not JSON: {error}")))?;
    let mut table = alarms.lock();
    let alarm = table.get_mut(name);
    let alarm = alarm.ok_or_else(|| CloudWatchError::NoAlarm(name.clone()))?;
    let state = State {
        value,
        reason,
        reason_data,
        since: Utc::now(),
    };
    alarms.change(alarm, state);
    Ok(to_value(&Empty {}))
}

/// The tags of an alarm.
pub(crate) fn list_tags(alarms: &Alarms, input: &TagsInput) -> Result<Value, CloudWatchError> {
    with_tagged(alarms, input, |alarm| {
        let tags = alarm.tags.iter().map(|(key, value)| Tag {
            key: key.clone(),
            value: value.clone(),
        });
        to_value(&ListTagsOutput {
            tags: tags.collect(),
        })
    })
}

/// Adds tags to an alarm, or gives those that it has other values.
pub(crate) fn tag(alarms: &Alarms, input: &TagsInput) -> Result<Value, CloudWatchError> {
    with_tagged(alarms, input, |alarm| {
        let tags = input.tags.iter().cloned();
        alarm
            .tags
            .extend(tags.map(|Tag { key, value }| (key, value)));
        to_value(&Empty {})
    })
}

/// Takes tags from an alarm.
pub(crate) fn untag(alarms: &Alarms, input: &TagsInput) -> Result<Value, CloudWatchError> {
    with_tagged(alarms, input, |alarm| {
        alarm.tags.retain(|key, _| !input.tag_keys.contains(key));
        to_value(&Empty {})
    })
}

fn with_tagged(
    alarms: &Alarms,
    input: &TagsInput,
    act: impl FnOnce(&mut Alarm) -> Value,
) -> Result<Value, CloudWatchError> {
    let arn = required(input.resource_arn.as_ref(), "ResourceARN")?;
    let name = arn.split_once(":alarm:").map(|(_, name)| name);
    let mut table = alarms.lock();
    let alarm = name.and_then(|name| table.get_mut(name));
    let alarm = alarm.ok_or_else(|| CloudWatchError::NoResource(arn.clone()))?;
    Ok(act(alarm))
}
