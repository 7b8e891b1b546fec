//! One alarm.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{definition::Definition, state::State};
use crate::{aws::arn, services::cloudwatch::wire::input::PutMetricAlarmInput};

/// How often an alarm is evaluated within a period, or within a minute when its period is longer.
const PER_PERIOD: i64 = 10;

/// One alarm.
#[derive(Debug, Clone)]
pub(super) struct Alarm {
    pub(super) name: String,
    pub(super) region: String,
    /// As it was asked for, to be returned.
    pub(super) input: PutMetricAlarmInput,
    pub(super) definition: Definition,
    pub(super) state: State,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) configured: DateTime<Utc>,
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

    /// Whether it is evaluated at this second.
    pub(super) fn is_due(&self, now_s: i64) -> bool {
        now_s % (self.definition.period_s.min(60) / PER_PERIOD) == 0
    }
}
