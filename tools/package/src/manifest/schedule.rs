//! When a schedule invokes a function: EventBridge's `rate` and `cron` expressions, in UTC
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>).

use std::{fmt, str::FromStr};

use chrono::{DateTime, TimeDelta, Utc};
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use serde::{Deserialize, Serialize};

/// A schedule, written as Terraform and EventBridge take it: `rate(5 minutes)` or `cron(0 8 ? * MON-FRI *)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Keys", into = "Keys")]
pub enum ScheduleTrigger {
    /// Every so often: `rate = "5 minutes"`.
    Rate {
        /// As it was written.
        text: String,
        /// The time between two invocations.
        every: TimeDelta,
    },
    /// At certain times: `cron = "0 8 ? * MON-FRI *"`.
    Cron {
        /// As it was written: minutes, hours, day of the month, month, day of the week, year.
        text: String,
        /// The same, parsed.
        times: Box<Cron>,
    },
}

/// What stands in metadata and manifest: one of the two.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cron: Option<String>,
}

/// Why EventBridge would refuse a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Both keys, or none.
    #[error("a schedule has either a rate (\"5 minutes\") or a cron (\"0 8 ? * MON-FRI *\")")]
    Keys,
    /// Not a number and a unit that agree.
    #[error(
        "rate = {0:?}: a whole number from 1 on and minutes, hours or days; with 1 minute, hour or day"
    )]
    Rate(String),
    /// Not EventBridge's cron.
    #[error(
        "cron = {text:?}: minutes, hours, day of the month, month, day of the week (1 is Sunday) and year, one of \
         the two days \"?\": {reason}"
    )]
    Cron {
        /// As it was written.
        text: String,
        /// What is wrong.
        reason: String,
    },
}

impl ScheduleTrigger {
    /// The first time after this one; `None` when there is none, as with a year that is over.
    #[must_use]
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Rate { every, .. } => time.checked_add_signed(*every),
            Self::Cron { times, .. } => times.find_next_occurrence(&time, false).ok(),
        }
    }

    fn from_rate(text: String) -> Result<Self, ScheduleError> {
        let every = text.split_once(' ').and_then(|(number, unit)| {
            let number = i64::from_str(number).ok().filter(|number| *number > 0)?;
            match (number, unit) {
                (1, "minute") | (2.., "minutes") => TimeDelta::try_minutes(number),
                (1, "hour") | (2.., "hours") => TimeDelta::try_hours(number),
                (1, "day") | (2.., "days") => TimeDelta::try_days(number),
                _ => None,
            }
        });
        match every {
            Some(every) => Ok(Self::Rate { text, every }),
            None => Err(ScheduleError::Rate(text)),
        }
    }

    fn from_cron(text: String) -> Result<Self, ScheduleError> {
        let fields: Vec<_> = text.split_ascii_whitespace().collect();
        let days = [2, 4].map(|day| fields.get(day) == Some(&"?"));
        let parser = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Required)
            // As Quartz has them: 1 is Sunday, and 0/5 is every fifth.
            .alternative_weekdays(true)
            .sloppy_ranges(true)
            .build();
        let times = match days {
            _ if fields.len() != 6 => Err(format!("it has {} fields", fields.len())),
            [false, false] | [true, true] => Err("exactly one of the two days is \"?\"".to_owned()),
            // The parser has years only with seconds.
            _ => (parser.parse(&format!("0 {text}"))).map_err(|error| error.to_string()),
        };
        match times {
            Ok(times) => Ok(Self::Cron {
                text,
                times: Box::new(times),
            }),
            Err(reason) => Err(ScheduleError::Cron { text, reason }),
        }
    }
}

impl fmt::Display for ScheduleTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate { text, .. } => write!(f, "rate({text})"),
            Self::Cron { text, .. } => write!(f, "cron({text})"),
        }
    }
}

impl TryFrom<Keys> for ScheduleTrigger {
    type Error = ScheduleError;

    fn try_from(keys: Keys) -> Result<Self, Self::Error> {
        match keys {
            Keys {
                rate: Some(rate),
                cron: None,
            } => Self::from_rate(rate),
            Keys {
                rate: None,
                cron: Some(cron),
            } => Self::from_cron(cron),
            _ => Err(ScheduleError::Keys),
        }
    }
}

impl From<ScheduleTrigger> for Keys {
    fn from(schedule: ScheduleTrigger) -> Self {
        let (rate, cron) = match schedule {
            ScheduleTrigger::Rate { text, .. } => (Some(text), None),
            ScheduleTrigger::Cron { text, .. } => (None, Some(text)),
        };
        Self { rate, cron }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schedule(key: &str, text: &str) -> Result<ScheduleTrigger, String> {
        serde_json::from_value(json!({ key: text })).map_err(|error| error.to_string())
    }

    fn next(key: &str, text: &str, after: &str) -> String {
        let after = after.parse().expect("a time");
        let next = schedule(key, text).expect("a schedule").next_after(after);
        next.map_or_else(|| "never".to_owned(), |next| next.to_rfc3339())
    }

    #[test]
    fn a_rate_repeats_from_the_time_before() {
        let after = "2026-11-27T23:59:30Z";
        assert_eq!(next("rate", "1 minute", after), "2026-11-28T00:00:30+00:00");
        assert_eq!(next("rate", "12 hours", after), "2026-11-28T11:59:30+00:00");
        assert_eq!(next("rate", "7 days", after), "2026-12-04T23:59:30+00:00");
    }

    #[test]
    fn cron_expressions_of_the_user_guide_mean_what_it_says() {
        // A Friday.
        let after = "2026-11-27T18:00:00Z";
        for (text, expected) in [
            ("0 10 * * ? *", "2026-11-28T10:00:00+00:00"),
            ("15 12 * * ? *", "2026-11-28T12:15:00+00:00"),
            // 6 PM on working days: not again today, which is the time itself.
            ("0 18 ? * MON-FRI *", "2026-11-30T18:00:00+00:00"),
            ("0 8 1 * ? *", "2026-12-01T08:00:00+00:00"),
            ("0/15 * * * ? *", "2026-11-27T18:15:00+00:00"),
            ("0/10 * ? * MON-FRI *", "2026-11-27T18:10:00+00:00"),
            ("0/5 8-17 ? * MON-FRI *", "2026-11-30T08:00:00+00:00"),
            ("30 9 ? * 2#1 *", "2026-12-07T09:30:00+00:00"),
            ("0 9 ? * 1 *", "2026-11-29T09:00:00+00:00"),
            ("0 9 L * ? *", "2026-11-30T09:00:00+00:00"),
            ("0 9 3W * ? *", "2026-12-03T09:00:00+00:00"),
            ("0 9 1 1 ? 2020", "never"),
        ] {
            assert_eq!(next("cron", text, after), expected, "{text}");
        }
    }

    #[test]
    fn what_eventbridge_refuses_is_refused_with_the_reason() {
        for (key, text) in [
            ("rate", "1 minutes"),
            ("rate", "5 minute"),
            ("rate", "0 minutes"),
            ("rate", "-5 minutes"),
            ("rate", "30 seconds"),
            ("rate", "5minutes"),
            ("rate", ""),
            ("cron", "0 8 * * * *"),
            ("cron", "0 8 ? * ? *"),
            ("cron", "0 8 ? * MON-FRI"),
            ("cron", "0 0 8 ? * MON-FRI *"),
            ("cron", "61 8 ? * MON *"),
            ("cron", ""),
        ] {
            let error = schedule(key, text).expect_err(text);
            assert!(error.starts_with(&format!("{key} = {text:?}")), "{error}");
        }
        for keys in [json!({}), json!({"rate": "1 day", "cron": "0 8 ? * MON *"})] {
            let error = serde_json::from_value::<ScheduleTrigger>(keys).unwrap_err();
            assert!(error.to_string().contains("either a rate"), "{error}");
        }
    }

    #[test]
    fn it_is_written_as_it_was_read() {
        for (key, text, shown) in [
            ("rate", "5 minutes", "rate(5 minutes)"),
            ("cron", "0 8 ? * MON-FRI *", "cron(0 8 ? * MON-FRI *)"),
        ] {
            let schedule = schedule(key, text).expect("a schedule");
            assert_eq!(schedule.to_string(), shown);
            assert_eq!(
                serde_json::to_value(schedule).expect("JSON"),
                json!({ key: text })
            );
        }
    }
}
