//! What `DescribeAlarms` says of an alarm: what it was made with, and its state.

use super::alarm::Alarm;
use crate::services::cloudwatch::wire::{
    input::{DimensionInput, MetricDataQuery, MetricInput, MetricStat},
    value::Value,
};

type Members = Vec<(&'static str, Value)>;

impl Alarm {
    pub(super) fn describe(&self) -> Value {
        let mut members = self.settings();
        members.extend(self.state());
        if self.input.metrics.is_empty() {
            members.extend(self.one_metric());
        } else {
            let queries = self.input.metrics.iter().map(query).collect();
            members.push(("Metrics", Value::List(queries)));
        }
        Value::Structure(members)
    }

    fn settings(&self) -> Members {
        let (input, definition) = (&self.input, &self.definition);
        let enabled = input.actions_enabled.is_none_or(|enabled| enabled.0);
        let mut members = vec![
            ("AlarmName", Value::text(&self.name)),
            ("AlarmArn", Value::Text(self.arn())),
            (
                "AlarmConfigurationUpdatedTimestamp",
                Value::Time(self.configured.timestamp()),
            ),
            ("ActionsEnabled", Value::Boolean(enabled)),
            ("OKActions", texts(&input.ok_actions)),
            ("AlarmActions", texts(&input.alarm_actions)),
            (
                "InsufficientDataActions",
                texts(&input.insufficient_data_actions),
            ),
            ("EvaluationPeriods", integer(definition.evaluation_periods)),
            ("Threshold", Value::Number(definition.threshold)),
        ];
        members.extend(
            input
                .datapoints_to_alarm
                .map(|n| ("DatapointsToAlarm", Value::Integer(n.0))),
        );
        members.extend(optional(
            "AlarmDescription",
            input.alarm_description.as_ref(),
        ));
        members.extend(optional(
            "ComparisonOperator",
            input.comparison_operator.as_ref(),
        ));
        members.extend(optional(
            "TreatMissingData",
            input.treat_missing_data.as_ref(),
        ));
        members.extend(optional(
            "EvaluateLowSampleCountPercentile",
            input.evaluate_low_sample_count_percentile.as_ref(),
        ));
        members
    }

    fn state(&self) -> Members {
        let state = &self.state;
        let since = Value::Time(state.since.timestamp());
        let data = state.reason_data.as_ref().map(ToString::to_string);
        let mut members = vec![
            ("StateValue", Value::text(state.value.as_str())),
            ("StateReason", Value::text(&state.reason)),
            ("StateUpdatedTimestamp", since.clone()),
            ("StateTransitionedTimestamp", since),
        ];
        members.extend(optional("StateReasonData", data.as_ref()));
        members
    }

    fn one_metric(&self) -> Members {
        let input = &self.input;
        let mut members = vec![
            ("Dimensions", dimensions(&input.dimensions)),
            ("Period", Value::Integer(self.definition.period_s)),
        ];
        members.extend(optional("Namespace", input.namespace.as_ref()));
        members.extend(optional("MetricName", input.metric_name.as_ref()));
        members.extend(optional("Statistic", input.statistic.as_ref()));
        members.extend(optional(
            "ExtendedStatistic",
            input.extended_statistic.as_ref(),
        ));
        members.extend(optional("Unit", input.unit.as_ref()));
        members
    }
}

fn query(query: &MetricDataQuery) -> Value {
    let returned = query.return_data.is_none_or(|data| data.0);
    let mut members = vec![("ReturnData", Value::Boolean(returned))];
    members.extend(optional("Id", query.id.as_ref()));
    members.extend(optional("Expression", query.expression.as_ref()));
    members.extend(optional("Label", query.label.as_ref()));
    members.extend(
        query
            .period
            .map(|period| ("Period", Value::Integer(period.0))),
    );
    members.extend(
        query
            .metric_stat
            .as_ref()
            .map(|stat| ("MetricStat", metric_stat(stat))),
    );
    Value::Structure(members)
}

fn metric_stat(stat: &MetricStat) -> Value {
    let mut members = Vec::new();
    members.extend(stat.metric.as_ref().map(|given| ("Metric", metric(given))));
    members.extend(
        stat.period
            .map(|period| ("Period", Value::Integer(period.0))),
    );
    members.extend(optional("Stat", stat.stat.as_ref()));
    members.extend(optional("Unit", stat.unit.as_ref()));
    Value::Structure(members)
}

fn metric(metric: &MetricInput) -> Value {
    let mut members = vec![("Dimensions", dimensions(&metric.dimensions))];
    members.extend(optional("Namespace", metric.namespace.as_ref()));
    members.extend(optional("MetricName", metric.metric_name.as_ref()));
    Value::Structure(members)
}

fn dimensions(dimensions: &[DimensionInput]) -> Value {
    let dimension = |dimension: &DimensionInput| {
        let mut members = vec![("Name", Value::text(&dimension.name))];
        members.extend(optional("Value", dimension.value.as_ref()));
        Value::Structure(members)
    };
    Value::List(dimensions.iter().map(dimension).collect())
}

fn optional(name: &'static str, text: Option<&String>) -> Option<(&'static str, Value)> {
    text.map(|text| (name, Value::text(text)))
}

fn texts(texts: &[String]) -> Value {
    Value::List(texts.iter().map(Value::text).collect())
}

fn integer(number: usize) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
