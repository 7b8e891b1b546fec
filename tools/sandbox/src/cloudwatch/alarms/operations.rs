//! PutMetricAlarm, DescribeAlarms, DeleteAlarms, SetAlarmState, and the tags of alarms.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::Utc;

use super::{
    Alarm, Alarms,
    definition::Definition,
    state::{State, StateValue},
};
use crate::cloudwatch::{
    error::CloudWatchError,
    input::{
        DeleteAlarmsInput, DescribeAlarmsInput, PutMetricAlarmInput, SetAlarmStateInput, Tag,
        TagsInput,
    },
    wire::Value,
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
pub(in crate::cloudwatch) fn put(
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
pub(in crate::cloudwatch) fn describe(
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
    let from = input.next_token.as_deref().map_or(Ok(0), from_token)?;
    let table = alarms.lock();
    let found: Vec<_> = table
        .values()
        .filter(wanted)
        .filter(|_| metric_alarms)
        .collect();
    let page = found
        .iter()
        .skip(from)
        .take(size)
        .map(|alarm| alarm.describe());
    let mut output = vec![
        ("MetricAlarms", Value::List(page.collect())),
        ("CompositeAlarms", Value::List(Vec::new())),
    ];
    if found.len() > from + size {
        let token = BASE64_URL_SAFE_NO_PAD.encode((from + size).to_string());
        output.push(("NextToken", Value::Text(token)));
    }
    Ok(Value::Structure(output))
}

fn from_token(token: &str) -> Result<usize, CloudWatchError> {
    let text = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.parse().ok())
        .ok_or(CloudWatchError::BadToken)
}

/// Deletes all of these alarms, or none when one does not exist.
pub(in crate::cloudwatch) fn delete(
    alarms: &Alarms,
    input: &DeleteAlarmsInput,
) -> Result<Value, CloudWatchError> {
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
pub(in crate::cloudwatch) fn set_state(
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
pub(in crate::cloudwatch) fn list_tags(
    alarms: &Alarms,
    input: &TagsInput,
) -> Result<Value, CloudWatchError> {
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
pub(in crate::cloudwatch) fn tag(
    alarms: &Alarms,
    input: &TagsInput,
) -> Result<Value, CloudWatchError> {
    with_tagged(alarms, input, |alarm| {
        let tags = input.tags.iter().cloned();
        alarm
            .tags
            .extend(tags.map(|Tag { key, value }| (key, value)));
        nothing()
    })
}

/// Takes tags from an alarm.
pub(in crate::cloudwatch) fn untag(
    alarms: &Alarms,
    input: &TagsInput,
) -> Result<Value, CloudWatchError> {
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
