//! One alarm.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{definition::Definition, rule::Rule, state::State};
use crate::{
    aws::arn,
    services::cloudwatch::wire::input::{PutCompositeAlarmInput, PutMetricAlarmInput},
};

/// How often an alarm is evaluated within a period, or within a minute when its period is longer.
const PER_PERIOD: i64 = 10;

/// Alarms by name.
pub(super) type Table = BTreeMap<String, Alarm>;

/// One alarm.
#[derive(Debug, Clone)]
pub(super) struct Alarm {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) kind: Kind,
    pub(super) state: State,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) configured: DateTime<Utc>,
}

/// What it goes by, and how it was asked for, to be returned.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Metric(Box<(PutMetricAlarmInput, Definition)>),
    Composite(Box<(PutCompositeAlarmInput, Rule)>),
}

impl Alarm {
    /// Its ARN.
    pub(super) fn arn(&self) -> String {
        arn::arn(
            "cloudwatch",
            &self.region,
            format_args!("alarm:{}", self.name),
        )
    }

    /// What a metric alarm goes by, if it is evaluated at this second.
    pub(super) fn due(&self, now_s: i64) -> Option<&Definition> {
        let Kind::Metric(kind) = &self.kind else {
            return None;
        };
        let (_, definition) = &**kind;
        let every_s = definition.period_s.min(60) / PER_PERIOD;
        (now_s % every_s == 0).then_some(definition)
    }

    /// The ARNs of what it would start, whatever its state.
    pub(super) fn actions(&self) -> impl Iterator<Item = &String> {
        let (ok, alarm, insufficient_data) = match &self.kind {
            Kind::Metric(kind) => {
                let (input, _) = &**kind;
                (
                    &input.ok_actions,
                    &input.alarm_actions,
                    &input.insufficient_data_actions,
                )
            }
            Kind::Composite(kind) => {
                let (input, _) = &**kind;
                (
                    &input.ok_actions,
                    &input.alarm_actions,
                    &input.insufficient_data_actions,
                )
            }
        };
        ok.iter().chain(alarm).chain(insufficient_data)
    }

    /// What a composite alarm goes by.
    pub(super) fn rule(&self) -> Option<&Rule> {
        match &self.kind {
            Kind::Metric(_) => None,
            Kind::Composite(kind) => Some(&kind.1),
        }
    }
}
