//! PutMetricAlarm, PutCompositeAlarm, DeleteAlarms, SetAlarmState, and the tags of alarms.

use chrono::Utc;
use ciborium::value::Value;
use serde::Serialize;

use super::{
    Alarms,
    alarm::{Alarm, Kind, Table},
    composite::{self, Cause},
    definition::Definition,
    rule::{Rule, RuleError},
    state::{State, StateValue},
};
use crate::services::cloudwatch::{
    error::CloudWatchError,
    wire::{
        input::{
            Boolean, DeleteAlarmsInput, PutCompositeAlarmInput, PutMetricAlarmInput,
            SetAlarmStateInput, Tag, TagsInput,
        },
        value::{Empty, to_value},
    },
};

/// Alarms that one request may delete.
const MAX_DELETED: usize = 100;
/// Composite alarms that may go by one alarm.
const MAX_PARENTS: usize = 150;

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
    let tags = std::mem::take(&mut input.tags);
    let kind = Kind::Metric(Box::new((input, definition)));
    insert(&mut alarms.lock(), &name, region, kind, tags)?;
    Ok(to_value(&Empty {}))
}

/// Makes a composite alarm, or gives one that exists another rule; either way evaluates it.
pub(crate) fn put_composite(
    alarms: &Alarms,
    mut input: PutCompositeAlarmInput,
    region: &str,
) -> Result<Value, CloudWatchError> {
    if input.actions_suppressor.is_some() {
        let reason = "the sandbox carries no actions out: leave ActionsSuppressor out";
        return Err(CloudWatchError::Alarm(reason.to_owned()));
    }
    input.actions_enabled.get_or_insert(Boolean(true));
    let name = required(input.alarm_name.clone(), "AlarmName")?;
    let rule = required(input.alarm_rule.as_deref(), "AlarmRule")?;
    let rule: Rule = rule
        .parse()
        .map_err(|error: RuleError| CloudWatchError::Alarm(error.to_string()))?;
    let mut table = alarms.lock();
    check_children(&table, &name, &rule)?;
    let tags = std::mem::take(&mut input.tags);
    let kind = Kind::Composite(Box::new((input, rule)));
    let cause = match insert(&mut table, &name, region, kind, tags)? {
        true => Cause::Created,
        false => Cause::Updated,
    };
    if let Some(state) = composite::evaluate(&table, &name, cause) {
        alarms.change(&mut table, &name, state);
    }
    Ok(to_value(&Empty {}))
}

/// The alarms that a rule names are there, and are not in too many rules.
fn check_children(table: &Table, name: &str, rule: &Rule) -> Result<(), CloudWatchError> {
    let children = rule.children();
    let missing: Vec<_> = children
        .iter()
        .filter(|child| composite::find(table, child).is_none())
        .copied()
        .collect();
    if !missing.is_empty() {
        return Err(CloudWatchError::Alarm(format!(
            "Could not save the composite alarm as alarms [{}] in the alarm rule do not exist",
            missing.join(", ")
        )));
    }
    for child in children
        .iter()
        .filter_map(|child| composite::find(table, child))
    {
        let parents = composite::parents(table, &child.name);
        if parents.len() >= MAX_PARENTS && parents.iter().all(|parent| parent != name) {
            let child = &child.name;
            return Err(CloudWatchError::Alarm(format!(
                "{child} is in the rules of {MAX_PARENTS} composite alarms: there may be no more"
            )));
        }
    }
    Ok(())
}

/// Puts an alarm into the table, with the state and the tags of one of its name and kind; true when there was none.
fn insert(
    table: &mut Table,
    name: &str,
    region: &str,
    kind: Kind,
    tags: Vec<Tag>,
) -> Result<bool, CloudWatchError> {
    let known = table.get(name);
    let is_other =
        |known: &Alarm| std::mem::discriminant(&known.kind) != std::mem::discriminant(&kind);
    if known.is_some_and(is_other) {
        let reason = format!("{name} is there already, as an alarm of another type");
        return Err(CloudWatchError::Alarm(reason));
    }
    let is_new = known.is_none();
    // Tags are set when an alarm is made, and by TagResource alone afterwards.
    let (state, tags) = match known {
        Some(known) => (known.state.clone(), known.tags.clone()),
        None => {
            let tags = tags.into_iter().map(|tag| (tag.key, tag.value));
            (State::initial(), tags.collect())
        }
    };
    let alarm = Alarm {
        name: name.to_owned(),
        region: region.to_owned(),
        kind,
        state,
        tags,
        configured: Utc::now(),
    };
    table.insert(name.to_owned(), alarm);
    Ok(is_new)
}

/// Deletes alarms. None of them when a composite alarm goes by one; when one does not exist, the others.
pub(crate) fn delete(alarms: &Alarms, input: &DeleteAlarmsInput) -> Result<Value, CloudWatchError> {
    let names = &input.alarm_names;
    let wrong = |reason: String| Err(CloudWatchError::Alarm(reason));
    if names.len() > MAX_DELETED {
        return wrong(format!(
            "no more than {MAX_DELETED} alarms may be deleted at once"
        ));
    }
    let mut table = alarms.lock();
    let known: Vec<_> = names.iter().filter_map(|name| table.get(name)).collect();
    if known.iter().filter(|alarm| alarm.rule().is_some()).count() > 1 {
        return wrong("no more than one composite alarm may be deleted at once".to_owned());
    }
    let used: Vec<_> = names
        .iter()
        .filter(|name| !composite::parents(&table, name).is_empty())
        .map(String::as_str)
        .collect();
    match used.as_slice() {
        [] => {}
        [one] => {
            return wrong(format!(
                "Cannot delete {one} as there are composite alarm(s) depending on it."
            ));
        }
        several => {
            return wrong(format!(
                "Cannot delete {} as there are composite alarm(s) depending on them.",
                several.join(",")
            ));
        }
    }
    let unknown = names.iter().find(|name| !table.contains_key(*name));
    for name in names {
        table.remove(name);
    }
    match unknown {
        Some(unknown) => Err(CloudWatchError::NoAlarm(unknown.clone())),
        None => Ok(to_value(&Empty {})),
    }
}

/// Puts an alarm into a state until it is evaluated again: a composite one, when another alarm of its rule changes.
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
    if !table.contains_key(name) {
        return Err(CloudWatchError::NoAlarm(name.clone()));
    }
    let state = State {
        value,
        reason,
        reason_data,
        since: Utc::now(),
    };
    alarms.change(&mut table, name, state);
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
