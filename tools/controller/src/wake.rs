//! What wakes the controller: a minute that has passed, or an alarm on a candidate.
//!
//! Both are events of EventBridge: "Scheduled Event" (EventBridge user guide, "Schedule events") and "CloudWatch Alarm
//! State Change" (CloudWatch user guide, "Alarm events and EventBridge").

use chrono::{DateTime, Timelike as _, Utc};
use package::manifest::ALARM_SUFFIX;
use serde::Deserialize;
use serde_json::Value;

/// A reason to look at the rollouts that are under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wake {
    /// The time that it was due, which may be a while ago.
    Time(DateTime<Utc>),
    /// The function whose candidate's alarm has changed its state: it is looked at first.
    Alarm(String),
}

/// An event that no rule of the controller sends.
#[derive(Debug, thiserror::Error)]
pub enum WakeError {
    /// Of another shape.
    #[error(
        "this is no event of EventBridge: {0}. Its rules invoke the controller, see infra/modules/platform"
    )]
    Shape(#[from] serde_json::Error),
    /// Of another kind.
    #[error(
        "{detail_type:?} is neither a scheduled event nor an alarm named *{ALARM_SUFFIX}: check the rule"
    )]
    Other {
        /// What it says of itself.
        detail_type: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Event {
    detail_type: String,
    time: DateTime<Utc>,
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    alarm_name: Option<String>,
}

impl Wake {
    /// Reads the event.
    ///
    /// # Errors
    /// [`WakeError`].
    pub fn read(event: Value) -> Result<Self, WakeError> {
        let Event {
            detail_type,
            time,
            detail,
        } = serde_json::from_value(event)?;
        match detail_type.as_str() {
            "Scheduled Event" => return Ok(Self::Time(time)),
            "CloudWatch Alarm State Change" => {
                let name = detail.alarm_name.as_deref();
                if let Some(function) = name.and_then(|name| name.strip_suffix(ALARM_SUFFIX)) {
                    return Ok(Self::Alarm(function.to_owned()));
                }
            }
            _ => {}
        }
        Err(WakeError::Other { detail_type })
    }

    /// The hour in whose first minute functions are looked for in another way too: what the tags do not show.
    #[must_use]
    pub fn scans_in(&self) -> Option<u32> {
        match self {
            Self::Time(time) => (time.minute() == 0).then_some(time.hour()),
            Self::Alarm(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(detail_type: &str, detail: Value) -> Result<Wake, WakeError> {
        let time = "2026-11-30T14:00:00Z";
        Wake::read(
            json!({"detail-type": detail_type, "time": time, "detail": detail, "id": "1", "version": "0"}),
        )
    }

    #[test]
    fn a_minute_wakes_it_and_the_first_of_an_hour_makes_it_look_further() {
        let wake = read("Scheduled Event", json!({})).expect("wakes");
        assert_eq!(wake.scans_in(), Some(14));
        let Wake::Time(time) = wake else {
            panic!("{wake:?}");
        };
        let later = Wake::Time(time + chrono::TimeDelta::minutes(1));
        assert_eq!(later.scans_in(), None);
    }

    #[test]
    fn an_alarm_on_a_candidate_names_its_function_and_any_other_event_is_refused() {
        let alarm = |name: &str| read("CloudWatch Alarm State Change", json!({"alarmName": name}));
        let wake = alarm("shop-production-hasher-live-candidate").expect("wakes");
        assert_eq!(wake, Wake::Alarm("shop-production-hasher".to_owned()));
        for refused in [
            alarm("checkout-errors"),
            read("EC2 Instance State-change Notification", json!({})),
            Wake::read(json!([])),
            Wake::read(json!({"detail-type": "Scheduled Event"})),
        ] {
            assert!(refused.expect_err("refused").to_string().contains("rule"));
        }
    }
}
