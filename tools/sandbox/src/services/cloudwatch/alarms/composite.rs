//! The state of a composite alarm, by those that its rule names.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    alarm::{Alarm, Table},
    state::{State, StateValue},
};
use crate::aws;

/// Why a composite alarm is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause<'a> {
    Created,
    Updated,
    /// The alarm of this name has changed its state.
    Child(&'a str),
}

/// The alarm that a rule names, by name or ARN.
pub(super) fn find<'a>(table: &'a Table, reference: &str) -> Option<&'a Alarm> {
    let alarm = table.get(name_of(reference))?;
    (alarm.name == reference || alarm.arn() == reference).then_some(alarm)
}

/// The names of the composite alarms whose rule names this alarm.
pub(super) fn parents(table: &Table, name: &str) -> Vec<String> {
    let uses = |alarm: &&Alarm| {
        let children = alarm.rule().map(|rule| rule.children());
        children.is_some_and(|children| children.iter().any(|child| name_of(child) == name))
    };
    let parents = table.values().filter(uses);
    parents.map(|alarm| alarm.name.clone()).collect()
}

/// The state that a composite alarm goes into; none when it stays as it is. AWS's words, but for those after an update.
pub(super) fn evaluate(table: &Table, name: &str, cause: Cause<'_>) -> Option<State> {
    let alarm = table.get(name)?;
    let rule = alarm.rule()?;
    let holds = rule.holds(&|reference| Some(find(table, reference)?.state.value));
    let value = if holds {
        StateValue::Alarm
    } else {
        StateValue::Ok
    };
    if value == alarm.state.value {
        return None;
    }
    let (reason, triggers) = match cause {
        Cause::Child(child) => {
            let child = table.get(child)?;
            let (arn, state) = (child.arn(), &child.state);
            let at = state.since.format("%A %d %B, %Y %H:%M:%S UTC");
            let reason = format!("{arn} transitioned to {} at {at}", state.value);
            (reason, vec![child])
        }
        Cause::Created | Cause::Updated => {
            let what = if cause == Cause::Created {
                "created"
            } else {
                "updated"
            };
            let arn = alarm.arn();
            let reason = format!("{arn} was {what} and its alarm rule evaluates to {value}");
            let children = rule.children();
            let children = children.iter().filter_map(|child| find(table, child));
            (reason, children.collect())
        }
    };
    Some(State {
        value,
        reason,
        reason_data: Some(
            json!({ "triggeringAlarms": triggers.into_iter().map(trigger).collect::<Vec<_>>() }),
        ),
        since: since(cause, table),
    })
}

/// When a composite alarm changes: when its child did, so that the times of one chain are alike.
fn since(cause: Cause<'_>, table: &Table) -> DateTime<Utc> {
    let child = match cause {
        Cause::Child(child) => table.get(child),
        Cause::Created | Cause::Updated => None,
    };
    child.map_or_else(Utc::now, |child| child.state.since)
}

fn trigger(alarm: &Alarm) -> serde_json::Value {
    let State { value, since, .. } = &alarm.state;
    json!({
        "arn": alarm.arn(),
        "state": {"value": value.as_str(), "timestamp": aws::timestamp(*since)},
    })
}

/// The name in a reference: of an ARN its last part.
fn name_of(reference: &str) -> &str {
    let arn = reference.starts_with("arn:");
    let name = reference.split_once(":alarm:").filter(|_| arn);
    name.map_or(reference, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::{
        Alarms, describe, operations,
        tests::{alarms, at, put, rate_alarm},
    };
    use crate::services::cloudwatch::wire::value::to_json;

    fn put_composite(alarms: &Alarms, name: &str, rule: &str) -> Result<(), String> {
        let input = json!({"AlarmName": name, "AlarmRule": rule, "AlarmDescription": "both"});
        let input = serde_json::from_value(input).unwrap();
        let put = operations::put_composite(alarms, input, "us-east-1");
        put.map(drop).map_err(|error| error.to_string())
    }

    /// Metric alarms of these names, all without data.
    fn with_metric_alarms(names: &[&str]) -> Alarms {
        let alarms = alarms(0, 0);
        for name in names {
            put_metric(&alarms, name).unwrap();
        }
        alarms
    }

    fn put_metric(alarms: &Alarms, name: &str) -> Result<(), String> {
        let mut input = rate_alarm();
        input["AlarmName"] = json!(name);
        put(alarms, input)
    }

    fn set(alarms: &Alarms, name: &str, value: &str) {
        let input = json!({"AlarmName": name, "StateValue": value, "StateReason": "a drill"});
        operations::set_state(alarms, &serde_json::from_value(input).unwrap()).unwrap();
    }

    fn delete(alarms: &Alarms, names: &[&str]) -> Result<(), String> {
        let input = serde_json::from_value(json!({ "AlarmNames": names })).unwrap();
        let deleted = operations::delete(alarms, &input);
        deleted.map(drop).map_err(|error| error.to_string())
    }

    fn states(alarms: &Alarms, names: &[&str]) -> Vec<&'static str> {
        let table = alarms.lock();
        let states = names.iter().map(|name| table[*name].state.value.as_str());
        states.collect()
    }

    fn described(alarms: &Alarms, input: Json) -> Json {
        let input = serde_json::from_value(input).unwrap();
        to_json(describe::run(alarms, &input).unwrap()).unwrap()
    }

    #[test]
    fn a_composite_alarm_follows_its_alarms_and_tells_of_each_change_once() {
        let alarms = with_metric_alarms(&["a", "b"]);
        let arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:";
        put_composite(&alarms, "any", &format!("ALARM(a) OR ALARM(\"{arn}b\")")).unwrap();
        assert_eq!(states(&alarms, &["any"]), ["OK"]);
        let mut events = alarms.events();
        for (name, value) in [("a", "ALARM"), ("b", "ALARM"), ("a", "OK"), ("b", "OK")] {
            set(&alarms, name, value);
        }
        let mut told = Vec::new();
        while let Ok(event) = events.try_recv() {
            if event.alarm_name() == "any" {
                told.push(event.to_json());
            }
        }
        let [alarm, ok] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert_eq!(alarm["detail-type"], "CloudWatch Alarm State Change");
        let configuration = json!({
            "alarmRule": format!("ALARM(a) OR ALARM(\"{arn}b\")"),
            "description": "both",
        });
        assert_eq!(alarm["detail"]["configuration"], configuration);
        assert_eq!(alarm["detail"]["previousState"]["value"], "OK");
        let state = &alarm["detail"]["state"];
        assert_eq!(state["value"], "ALARM");
        let reason = state["reason"].as_str().unwrap();
        assert!(
            reason.starts_with(&format!("{arn}a transitioned to ALARM at ")),
            "{reason}"
        );
        let data: Json = serde_json::from_str(state["reasonData"].as_str().unwrap()).unwrap();
        // As AWS was recorded: the alarm that changed, and the time at which it did.
        let trigger = json!({"arn": format!("{arn}a"), "state": {"value": "ALARM", "timestamp": state["timestamp"]}});
        assert_eq!(data, json!({ "triggeringAlarms": [trigger] }));
        assert_eq!(ok["detail"]["state"]["value"], "OK");
    }

    #[test]
    fn an_evaluation_of_metrics_reaches_alarms_on_alarms_on_alarms() {
        let alarms = alarms(5, 5);
        put(&alarms, rate_alarm()).unwrap();
        put_composite(&alarms, "inner", "ALARM(f-live-candidate)").unwrap();
        put_composite(&alarms, "outer", "NOT OK(inner) AND TRUE").unwrap();
        alarms.evaluate(at(3));
        assert_eq!(states(&alarms, &["inner", "outer"]), ["ALARM", "ALARM"]);
    }

    #[test]
    fn another_rule_is_evaluated_at_once_and_keeps_the_tags() {
        let alarms = with_metric_alarms(&["a"]);
        put_composite(&alarms, "c", "ALARM(a)").unwrap();
        let reason = |alarms: &Alarms| alarms.lock()["c"].state.reason.clone();
        let arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:c";
        let created = format!("{arn} was created and its alarm rule evaluates to OK");
        assert_eq!(reason(&alarms), created);
        put_composite(&alarms, "c", "NOT ALARM(a)").unwrap();
        assert_eq!(states(&alarms, &["c"]), ["ALARM"]);
        assert!(reason(&alarms).contains("was updated"));
    }

    #[test]
    fn a_state_that_was_set_holds_until_an_alarm_of_the_rule_changes() {
        let alarms = with_metric_alarms(&["a"]);
        put_composite(&alarms, "c", "ALARM(a)").unwrap();
        set(&alarms, "c", "ALARM");
        alarms.evaluate(at(6));
        assert_eq!(states(&alarms, &["a", "c"]), ["OK", "OK"]);
        set(&alarms, "c", "ALARM");
        alarms.evaluate(at(12));
        assert_eq!(states(&alarms, &["a", "c"]), ["OK", "ALARM"]);
    }

    #[test]
    fn a_cycle_ends_and_cannot_be_deleted_until_it_is_broken() {
        let alarms = with_metric_alarms(&["a"]);
        put_composite(&alarms, "x", "ALARM(a)").unwrap();
        put_composite(&alarms, "y", "NOT ALARM(x)").unwrap();
        put_composite(&alarms, "x", "ALARM(a) OR ALARM(y)").unwrap();
        set(&alarms, "a", "ALARM");
        assert_eq!(states(&alarms, &["x"]), ["ALARM"]);
        let error = delete(&alarms, &["x"]).unwrap_err();
        assert_eq!(
            error,
            "Cannot delete x as there are composite alarm(s) depending on it."
        );
        put_composite(&alarms, "y", "false").unwrap();
        delete(&alarms, &["x"]).unwrap();
        delete(&alarms, &["a", "y"]).unwrap();
    }

    #[test]
    fn what_a_composite_alarm_uses_is_not_deleted() {
        let alarms = with_metric_alarms(&["a", "b", "free"]);
        put_composite(&alarms, "c", "ALARM(a) OR ALARM(b)").unwrap();
        put_composite(&alarms, "d", "TRUE").unwrap();
        assert_eq!(
            delete(&alarms, &["free", "b", "a"]).unwrap_err(),
            "Cannot delete b,a as there are composite alarm(s) depending on them."
        );
        assert!(
            delete(&alarms, &["c", "d"])
                .unwrap_err()
                .contains("one composite")
        );
        assert!(
            delete(&alarms, &["a"; 101])
                .unwrap_err()
                .contains("100 alarms")
        );
        assert_eq!(alarms.lock().len(), 5);
        // What is there is deleted, whatever else is asked for.
        assert_eq!(
            delete(&alarms, &["none", "c"]).unwrap_err(),
            "Alarm does not exist: none"
        );
        delete(&alarms, &["a", "b", "free", "d"]).unwrap();
    }

    #[test]
    fn what_a_composite_alarm_cannot_be_is_refused() {
        let alarms = with_metric_alarms(&["a"]);
        for (name, rule, expected) in [
            (
                "c",
                "ALARM(x) OR ALARM(a) OR OK(\"y\")",
                "Could not save the composite alarm as alarms [x, y] in the alarm rule do not exist",
            ),
            (
                "c",
                "ALARM(arn:aws:cloudwatch:eu-west-1:000000000000:alarm:a)",
                "do not exist",
            ),
            ("c", "ALARM(c)", "[c] in the alarm rule do not exist"),
            ("c", "()", "Error in AlarmRule [Unsupported token ')'"),
            ("a", "TRUE", "another type"),
        ] {
            let error = put_composite(&alarms, name, rule).unwrap_err();
            assert!(error.contains(expected), "{rule}: {error}");
        }
        put_composite(&alarms, "c", "TRUE").unwrap();
        assert!(
            put_metric(&alarms, "c")
                .unwrap_err()
                .contains("another type")
        );
        for number in 0..150 {
            put_composite(&alarms, &format!("p{number}"), "OK(a)").unwrap();
        }
        let error = put_composite(&alarms, "p150", "OK(a)").unwrap_err();
        assert!(error.contains("150 composite alarms"), "{error}");
        // One of them may have another rule.
        put_composite(&alarms, "p0", "ALARM(a)").unwrap();
    }

    #[test]
    fn composite_alarms_are_described_where_they_are_asked_for() {
        let alarms = with_metric_alarms(&["a"]);
        put_composite(&alarms, "c", "ALARM(a)").unwrap();
        let names = |input: Json| {
            let described = described(&alarms, input);
            ["MetricAlarms", "CompositeAlarms"].map(|kind| {
                let list = described[kind].as_array().unwrap().iter();
                list.map(|alarm| alarm["AlarmName"].as_str().unwrap().to_owned())
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        };
        assert_eq!(names(json!({})), ["a", ""]);
        assert_eq!(names(json!({"AlarmTypes": ["CompositeAlarm"]})), ["", "c"]);
        let both = json!({"AlarmTypes": ["CompositeAlarm", "MetricAlarm"]});
        assert_eq!(names(both), ["a", "c"]);
        let input = json!({"AlarmTypes": ["CompositeAlarm"], "AlarmNames": ["c"]});
        let alarm = &described(&alarms, input)["CompositeAlarms"][0];
        for (member, value) in [
            ("AlarmRule", json!("ALARM(a)")),
            ("AlarmDescription", json!("both")),
            ("ActionsEnabled", json!(true)),
            ("OKActions", json!([])),
            ("StateValue", json!("OK")),
            ("Tags", Json::Null),
        ] {
            assert_eq!(alarm[member], value, "{member}: {alarm}");
        }
    }
}
