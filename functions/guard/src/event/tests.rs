use serde_json::json;

use super::*;

const SAMPLE: &str = include_str!("../../events/alarm.json");

fn sample() -> Value {
    serde_json::from_str(SAMPLE).unwrap()
}

fn refusal(event: Value) -> String {
    Alarm::parse(event).unwrap_err().to_string()
}

#[test]
fn the_sample_says_what_is_guarded() {
    let alarm = Alarm::parse(sample()).unwrap();
    assert!(alarm.is_alarm());
    assert_eq!(alarm.name, "hasher-live-candidate");
    assert_eq!(alarm.target.function, "hasher");
    assert_eq!(alarm.target.version, "999999999");
    assert!(alarm.reason.starts_with("Threshold Crossed"), "{alarm:?}");
}

#[test]
fn only_the_state_alarm_calls_for_action() {
    for state in ["OK", "INSUFFICIENT_DATA", "alarm", ""] {
        let mut event = sample();
        event["detail"]["state"]["value"] = json!(state);
        assert!(!Alarm::parse(event).unwrap().is_alarm(), "{state}");
    }
}

#[test]
fn other_events_are_named() {
    assert!(refusal(json!([])).contains("the event is an array"));
    assert!(refusal(json!({})).contains("without a detail-type"));
    let other = json!({"detail-type": "CloudWatch Alarm Configuration Change"});
    assert!(refusal(other).contains("Configuration Change"));
    let mut no_state = sample();
    no_state["detail"].as_object_mut().unwrap().remove("state");
    assert!(refusal(no_state).contains("missing field `state`"));
}

/// `tools/tests` sends the same events to both builds.
#[test]
fn what_is_no_event_of_an_alarm_is_refused_in_few_words() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/refused");
    for file in std::fs::read_dir(corpus).unwrap() {
        let path = file.unwrap().path();
        let event = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let message = refusal(event);
        let name = path.display();
        assert!((20..1000).contains(&message.len()), "{name}: {message}");
    }
}

#[test]
fn an_alarm_on_anything_but_one_version_behind_live_is_refused() {
    let dimension = "/detail/configuration/metrics/1/metricStat/metric/dimensions";
    for (name, value) in [
        ("FunctionName", "other"),
        ("Resource", "hasher:arm64"),
        ("Resource", "hasher"),
        ("Resource", "hasher:live:live"),
        ("ExecutedVersion", "$LATEST"),
        ("ExecutedVersion", ""),
        ("ExecutedVersion", "2"),
    ] {
        let mut event = sample();
        event.pointer_mut(dimension).unwrap()[name] = json!(value);
        let refusal = refusal(event);
        assert!(
            refusal.contains("does not watch one version"),
            "{name} = {value}: {refusal}"
        );
    }
    let mut nothing = sample();
    nothing["detail"]["configuration"]["metrics"] = json!([]);
    assert!(refusal(nothing).contains("it has no metric"));
}
