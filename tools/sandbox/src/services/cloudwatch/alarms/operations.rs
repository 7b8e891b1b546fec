//! PutMetricAlarm, DescribeAlarms, DeleteAlarms, SetAlarmState, and the tags of alarms.

use chrono::Utc;

use super::{
    Alarms,
    alarm::Alarm,
    definition::Definition,
    state::{State, StateValue},
};
use crate::{
    aws::paging,
    services::cloudwatch::{
        error::CloudWatchError,
        wire::{
            input::{
                DeleteAlarmsInput, DescribeAlarmsInput, PutMetricAlarmInput, SetAlarmStateInput,
                Tag, TagsInput, first_index,
            },
            value::Value,
        },
    },
};

/// Alarms in one answer.
const PAGE: usize = 100;

/// What every operation without an answer answers.
fn nothing() -> Value {
    Value::Structure(Vec::new())
}

fn required<T>(value: Option<T>, name: &str) -> Result<T, CloudWatchError> {
    value.ok_or_else(|| CloudWatchError::Missing(name.to_owned()))
}

/// Makes an alarm, or gives one that exists another configuration and leaves its state.
pub(crate) fn put(
    alarms: &Alarms,
    input: PutMetricAlarmInput,
    region: &str,
) -> Result<Value, CloudWatchError> {
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
    Ok(nothing())
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
    let described = page.items.into_iter().map(Alarm::describe);
    let mut output = vec![
        ("MetricAlarms", Value::List(described.collect())),
        ("CompositeAlarms", Value::List(Vec::new())),
    ];
    output.extend(
        page.next
            .map(|next| ("NextToken", Value::Text(paging::token(next)))),
    );
    Ok(Value::Structure(output))
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
    Ok(nothing())
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
    Ok(nothing())
}

/// The tags of an alarm.
pub(crate) fn list_tags(alarms: &Alarms, input: &TagsInput) -> Result<Value, CloudWatchError> {
    with_tagged(alarms, input, |alarm| {
        let tags = alarm.tags.iter().map(|(key, value)| {
            Value::Structure(vec![
                ("Key", Value::text(key)),
                ("Value", Value::text(value)),
            ])
        });
        Value::Structure(vec![("Tags", Value::List(tags.collect()))])
    })
}

/// Adds tags to an alarm, or gives those that it has other values.
pub(crate) fn tag(alarms: &Alarms, input: &TagsInput) -> Result<Value, CloudWatchError> {
    with_tagged(alarms, input, |alarm| {
        let tags = input.tags.iter().cloned();
        alarm
            .tags
            .extend(tags.map(|Tag { key, value }| (key, value)));
        nothing()
    })
}

/// Takes tags from an alarm.
pub(crate) fn untag(alarms: &Alarms, input: &TagsInput) -> Result<Value, CloudWatchError> {
    with_tagged(alarms, input, |alarm| {
        alarm.tags.retain(|key, _| !input.tag_keys.contains(key));
        nothing()
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
