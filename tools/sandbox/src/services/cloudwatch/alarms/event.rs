//! The event that EventBridge gets when an alarm changes its state.
//!
//! Its shape is that of "Alarm events and EventBridge" in the `CloudWatch` user guide
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>).

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    alarm::{Alarm, Kind},
    definition::{Definition, Query, Source},
    state::{State, StateValue},
};
use crate::{
    aws::{self, ACCOUNT_ID},
    services::cloudwatch::wire::input::{Dimension, MetricDataQuery, PutMetricAlarmInput},
};

/// One alarm's change from one state to another.
#[derive(Debug, Clone)]
pub struct AlarmEvent {
    alarm: Alarm,
    previous: State,
}

impl AlarmEvent {
    /// The alarm is in its new state already.
    pub(super) fn new(alarm: Alarm, previous: State) -> Self {
        Self { alarm, previous }
    }

    /// Name of the alarm.
    #[must_use]
    pub fn alarm_name(&self) -> &str {
        &self.alarm.name
    }

    /// Whether it went into the state `ALARM`.
    #[must_use]
    pub fn is_alarm(&self) -> bool {
        self.alarm.state.value == StateValue::Alarm
    }

    /// The event as EventBridge delivers it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let state = &self.alarm.state;
        let (mut configuration, description) = match &self.alarm.kind {
            Kind::Metric(kind) => {
                let (input, definition) = &**kind;
                let queries = definition.queries.iter();
                let metrics = queries.map(|query| metric(input, definition, query));
                let metrics: Vec<_> = metrics.collect();
                (json!({ "metrics": metrics }), &input.alarm_description)
            }
            Kind::Composite(kind) => {
                let (input, _) = &**kind;
                (
                    json!({ "alarmRule": input.alarm_rule }),
                    &input.alarm_description,
                )
            }
        };
        if let Some(description) = description {
            configuration["description"] = json!(description);
        }
        json!({
            "version": "0",
            "id": Uuid::new_v4().to_string(),
            "detail-type": "CloudWatch Alarm State Change",
            "source": "aws.cloudwatch",
            "account": ACCOUNT_ID,
            "time": state.since.to_rfc3339_opts(SecondsFormat::Secs, true),
            "region": self.alarm.region,
            "resources": [self.alarm.arn()],
            "detail": {
                "alarmName": self.alarm.name,
                "configuration": configuration,
                "previousState": state_json(&self.previous),
                "state": state_json(state),
            },
        })
    }
}

fn metric(input: &PutMetricAlarmInput, definition: &Definition, query: &Query) -> Value {
    let given = input
        .metrics
        .iter()
        .find(|given| given.id.as_ref() == Some(&query.id));
    let returned = given
        .and_then(|given| given.return_data)
        .is_none_or(|data| data.0);
    let mut metric = match (&query.source, given) {
        (Source::Expression(_), Some(given)) => expression(given),
        (_, Some(given)) => json!({"metricStat": metric_stat(given)}),
        (_, None) => json!({"metricStat": {
            "metric": {
                "namespace": input.namespace,
                "name": input.metric_name,
                "dimensions": pairs(&input.dimensions),
            },
            "period": definition.period_s,
            "stat": input.statistic.as_ref().or(input.extended_statistic.as_ref()),
        }}),
    };
    metric["id"] = json!(query.id);
    metric["returnData"] = json!(returned);
    metric
}

fn expression(given: &MetricDataQuery) -> Value {
    let mut metric = json!({"expression": given.expression});
    if let Some(label) = &given.label {
        metric["label"] = json!(label);
    }
    metric
}

fn metric_stat(given: &MetricDataQuery) -> Value {
    let stat = given.metric_stat.as_ref();
    let metric = stat.and_then(|stat| stat.metric.as_ref());
    json!({
        "metric": metric.map(|metric| json!({
            "namespace": metric.namespace,
            "name": metric.metric_name,
            "dimensions": pairs(&metric.dimensions),
        })),
        "period": stat.and_then(|stat| stat.period).map(|period| period.0),
        "stat": stat.and_then(|stat| stat.stat.as_ref()),
    })
}

fn pairs(dimensions: &[Dimension]) -> Map<String, Value> {
    let pairs = dimensions.iter();
    pairs
        .map(|dimension| (dimension.name.clone(), json!(dimension.value)))
        .collect()
}

fn state_json(state: &State) -> Value {
    let mut json = json!({
        "value": state.value.as_str(),
        "reason": state.reason,
        "timestamp": aws::timestamp(state.since),
    });
    if let Some(data) = &state.reason_data {
        json["reasonData"] = json!(data.to_string());
    }
    json
}
