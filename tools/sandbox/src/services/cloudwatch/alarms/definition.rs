//! What an alarm compares, with what, and how often: `PutMetricAlarm`, checked.

use std::collections::HashSet;

use uuid::Uuid;

use super::expression::Expression;
use crate::services::cloudwatch::{
    error::CloudWatchError,
    model::{metric::Selection, statistic::Statistic},
    wire::input::{MetricDataQuery, MetricIdentity, MetricStat, PutMetricAlarmInput, is_id},
};

/// Most queries of one alarm
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>).
const MAX_QUERIES: usize = 20;
/// Most metrics among them.
const MAX_METRICS: usize = 10;
/// How far back an alarm may look: a day, or a week with periods of an hour and more.
const LONGEST_RANGE_S: i64 = 24 * 60 * 60;
const LONGEST_RANGE_OF_HOURS_S: i64 = 7 * LONGEST_RANGE_S;

/// What an alarm goes by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Definition {
    pub(super) queries: Vec<Query>,
    /// The place of the query whose values are compared.
    pub(super) returned: usize,
    pub(super) period_s: i64,
    pub(super) evaluation_periods: usize,
    pub(super) datapoints_to_alarm: usize,
    pub(super) threshold: f64,
    pub(super) comparison: Comparison,
    pub(super) missing: Missing,
}

/// One of an alarm's queries.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query {
    pub(super) id: String,
    pub(super) source: Source,
}

/// Where a query's values come from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// A metric; `None` for what no metric can be, which is no error, only no data.
    Metric(Option<Selection>, Statistic),
    /// Metric math over other queries.
    Expression(Expression),
}

/// How a value is compared with the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    GreaterOrEqual,
    Greater,
    Less,
    LessOrEqual,
}

/// What a period without data counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Breaching,
    NotBreaching,
    Ignore,
    Unknown,
}

impl Comparison {
    /// Whether a value is on the bad side of the threshold.
    pub(super) fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterOrEqual => value >= threshold,
            Self::Greater => value > threshold,
            Self::Less => value < threshold,
            Self::LessOrEqual => value <= threshold,
        }
    }

    /// As the reason of a state says it.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::GreaterOrEqual => "greater than or equal to",
            Self::Greater => "greater than",
            Self::Less => "less than",
            Self::LessOrEqual => "less than or equal to",
        }
    }

    fn parse(text: &str) -> Result<Self, CloudWatchError> {
        match text {
            "GreaterThanOrEqualToThreshold" => Ok(Self::GreaterOrEqual),
            "GreaterThanThreshold" => Ok(Self::Greater),
            "LessThanThreshold" => Ok(Self::Less),
            "LessThanOrEqualToThreshold" => Ok(Self::LessOrEqual),
            other => Err(CloudWatchError::Alarm(format!(
                "the sandbox's alarms compare with a threshold, not {other:?}"
            ))),
        }
    }
}

impl Missing {
    fn parse(text: Option<&str>) -> Result<Self, CloudWatchError> {
        match text {
            Some("breaching") => Ok(Self::Breaching),
            Some("notBreaching") => Ok(Self::NotBreaching),
            Some("ignore") => Ok(Self::Ignore),
            None | Some("missing") => Ok(Self::Unknown),
            Some(other) => Err(CloudWatchError::BadValue {
                parameter: "TreatMissingData",
                value: other.to_owned(),
                allowed: "use breaching, notBreaching, ignore or missing",
            }),
        }
    }
}

impl Definition {
    /// Checks a request.
    pub(super) fn check(input: &PutMetricAlarmInput) -> Result<Self, CloudWatchError> {
        if input.threshold_metric_id.is_some() {
            let reason = "the sandbox has no anomaly detection: leave ThresholdMetricId out";
            return Err(CloudWatchError::Alarm(reason.to_owned()));
        }
        let operator = required(input.comparison_operator.as_deref(), "ComparisonOperator")?;
        let (queries, returned, period_s) = match input.metrics.as_slice() {
            [] => of_one_metric(input)?,
            metrics => of_queries(input, metrics)?,
        };
        let evaluation_periods = required(input.evaluation_periods, "EvaluationPeriods")?.0;
        let datapoints = input
            .datapoints_to_alarm
            .map_or(evaluation_periods, |n| n.0);
        check_range(period_s, evaluation_periods)?;
        if !(1..=evaluation_periods).contains(&datapoints) {
            return Err(CloudWatchError::BadValue {
                parameter: "DatapointsToAlarm",
                value: datapoints.to_string(),
                allowed: "it must be from 1 to EvaluationPeriods",
            });
        }
        Ok(Self {
            queries,
            returned,
            period_s,
            evaluation_periods: usize::try_from(evaluation_periods).unwrap_or(1),
            datapoints_to_alarm: usize::try_from(datapoints).unwrap_or(1),
            threshold: check_threshold(required(input.threshold, "Threshold")?.0)?,
            comparison: Comparison::parse(operator)?,
            missing: Missing::parse(input.treat_missing_data.as_deref())?,
        })
    }
}

fn required<T>(value: Option<T>, name: &str) -> Result<T, CloudWatchError> {
    value.ok_or_else(|| CloudWatchError::Missing(name.to_owned()))
}

/// AWS names the query that such an alarm does not name.
fn of_one_metric(input: &PutMetricAlarmInput) -> Result<(Vec<Query>, usize, i64), CloudWatchError> {
    let metric = MetricIdentity {
        namespace: Some(required(input.namespace.clone(), "Namespace")?),
        metric_name: Some(required(input.metric_name.clone(), "MetricName")?),
        dimensions: input.dimensions.clone(),
    };
    let stat = input
        .statistic
        .as_ref()
        .or(input.extended_statistic.as_ref());
    let stat = MetricStat {
        metric: Some(metric),
        period: input.period,
        stat: Some(required(stat, "Statistic")?.clone()),
        unit: input.unit.clone(),
    };
    let (source, period_s) = metric_source(&stat)?;
    let id = Uuid::new_v4().to_string();
    Ok((vec![Query { id, source }], 0, period_s))
}

fn of_queries(
    input: &PutMetricAlarmInput,
    metrics: &[MetricDataQuery],
) -> Result<(Vec<Query>, usize, i64), CloudWatchError> {
    let wrong = |reason: &str| Err(CloudWatchError::Alarm(reason.to_owned()));
    if input.metric_name.is_some() || input.period.is_some() || input.statistic.is_some() {
        return wrong("Metrics excludes MetricName, Period and Statistic");
    }
    if metrics.len() > MAX_QUERIES {
        return wrong("Metrics has more than 20 queries");
    }
    if metrics.iter().filter(|it| it.metric_stat.is_some()).count() > MAX_METRICS {
        return wrong("Metrics has more than 10 with a MetricStat");
    }
    let mut periods = HashSet::new();
    let mut queries = Vec::new();
    for query in metrics {
        let (id, source, period_s) = query_source(query)?;
        periods.extend(period_s);
        queries.push(Query { id, source });
    }
    check_ids(&queries)?;
    let mut periods = periods.into_iter();
    let (Some(period_s), None) = (periods.next(), periods.next()) else {
        return wrong("the sandbox's alarms need metrics, all with one Period");
    };
    let is_returned = |query: &&MetricDataQuery| query.return_data.is_none_or(|data| data.0);
    if metrics.iter().filter(is_returned).count() != 1 {
        return wrong("Exactly one element of the metrics list should return data.");
    }
    let returned = metrics.iter().position(|query| is_returned(&query));
    Ok((queries, returned.unwrap_or_default(), period_s))
}

fn query_source(query: &MetricDataQuery) -> Result<(String, Source, Option<i64>), CloudWatchError> {
    let id = required(query.id.clone(), "Metrics.Id")?;
    if !is_id(&id) {
        let reason =
            format!("The value {id} for parameter Id does not match ^[a-z][a-zA-Z0-9_]*$.");
        return Err(CloudWatchError::Alarm(reason));
    }
    match (&query.metric_stat, &query.expression) {
        (Some(stat), None) => {
            let (source, period_s) = metric_source(stat)?;
            Ok((id, source, Some(period_s)))
        }
        (None, Some(text)) => {
            let expression = text.parse::<Expression>();
            let expression = expression.map_err(|error| {
                CloudWatchError::Alarm(format!("Error in expression {id:?}: {error}"))
            })?;
            let period = query.period.map(|period| period.0);
            Ok((id, Source::Expression(expression), period))
        }
        _ => Err(CloudWatchError::Alarm(format!(
            "query {id} needs either a MetricStat or an Expression"
        ))),
    }
}

fn metric_source(stat: &MetricStat) -> Result<(Source, i64), CloudWatchError> {
    let metric = required(stat.metric.as_ref(), "MetricStat.Metric")?;
    let name = required(metric.metric_name.as_ref(), "MetricStat.Metric.MetricName")?;
    let period_s = required(stat.period, "Period")?.0;
    let known = matches!(period_s, 10 | 20 | 30) || (period_s > 0 && period_s % 60 == 0);
    if !known {
        return Err(CloudWatchError::BadAlarmPeriod(period_s));
    }
    let statistic = required(stat.stat.as_ref(), "Statistic")?.parse()?;
    let selected = metric.select(name, stat.unit.as_deref())?;
    Ok((Source::Metric(selected, statistic), period_s))
}

/// Ids are unique, and an expression refers to metrics alone.
fn check_ids(queries: &[Query]) -> Result<(), CloudWatchError> {
    let mut ids = HashSet::new();
    if let Some(query) = queries.iter().find(|query| !ids.insert(query.id.as_str())) {
        return Err(CloudWatchError::RepeatedId(query.id.clone()));
    }
    for query in queries {
        let Source::Expression(expression) = &query.source else {
            continue;
        };
        let metrics = queries
            .iter()
            .filter(|other| matches!(other.source, Source::Metric(..)));
        let metrics: HashSet<_> = metrics.map(|metric| metric.id.as_str()).collect();
        if let Some(unknown) = expression
            .ids()
            .into_iter()
            .find(|id| !metrics.contains(id))
        {
            return Err(CloudWatchError::Alarm(format!(
                "Error in expression {:?}: {unknown} is no metric of this alarm; the sandbox has no expressions over expressions",
                query.id
            )));
        }
    }
    Ok(())
}

fn check_threshold(threshold: f64) -> Result<f64, CloudWatchError> {
    let finite = threshold.is_finite().then_some(threshold);
    finite.ok_or_else(|| CloudWatchError::BadValue {
        parameter: "Threshold",
        value: threshold.to_string(),
        allowed: "it must be a number",
    })
}

fn check_range(period_s: i64, evaluation_periods: i64) -> Result<(), CloudWatchError> {
    let longest = if period_s < 3600 {
        LONGEST_RANGE_S
    } else {
        LONGEST_RANGE_OF_HOURS_S
    };
    let range_s = period_s.saturating_mul(evaluation_periods);
    if evaluation_periods >= 1 && range_s <= longest {
        return Ok(());
    }
    Err(CloudWatchError::BadValue {
        parameter: "EvaluationPeriods",
        value: evaluation_periods.to_string(),
        allowed: "at least 1, and with periods under an hour no more than a day in all, else a week",
    })
}
