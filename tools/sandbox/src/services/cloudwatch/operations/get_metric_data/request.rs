//! What is asked for, checked.

use std::{collections::HashSet, ops::Range};

use crate::{
    aws::paging,
    services::cloudwatch::{
        error::CloudWatchError,
        model::{metric::Selection, statistic::Statistic},
        wire::input::{GetMetricDataInput, MetricDataQuery, is_id},
    },
};

/// Queries in one request.
const MAX_QUERIES: usize = 500;
/// Data points in one answer.
const MAX_DATAPOINTS: i64 = 100_800;

/// A request that has been checked.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) queries: Vec<Query>,
    /// The seconds asked for; the end is exclusive.
    pub(super) seconds: Range<i64>,
    pub(super) newest_first: bool,
    pub(super) max_datapoints: usize,
    pub(super) from: Cursor,
}

/// One checked query.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) id: String,
    pub(super) label: String,
    /// What to look for; `None` for what no metric can be, which is no error, only no data.
    pub(super) selected: Option<Selection>,
    pub(super) period_s: i64,
    pub(super) statistic: Statistic,
    pub(super) returned: bool,
}

/// Where a page begins: at a query, behind a timestamp of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) query: usize,
    pub(super) after: Option<i64>,
}
impl Request {
    pub(super) fn check(input: &GetMetricDataInput) -> Result<Self, CloudWatchError> {
        let start = input.start_time.ok_or_else(|| missing("StartTime"))?.0;
        let end = input.end_time.ok_or_else(|| missing("EndTime"))?.0;
        if start == end {
            return Err(CloudWatchError::EmptyRange);
        }
        if start > end {
            return Err(CloudWatchError::ReversedRange);
        }
        Ok(Self {
            queries: check_queries(&input.metric_data_queries)?,
            seconds: start.floor() as i64..end.ceil() as i64,
            newest_first: newest_first(input.scan_by.as_deref())?,
            max_datapoints: max_datapoints(input.max_datapoints.map(|max| max.0))?,
            from: match &input.next_token {
                Some(token) => Cursor::from_token(token)?,
                None => Cursor {
                    query: 0,
                    after: None,
                },
            },
        })
    }
}

impl Query {
    fn check(query: &MetricDataQuery, position: usize) -> Result<Self, CloudWatchError> {
        let within = |name: &str| missing(&format!("MetricDataQueries.member.{position}.{name}"));
        let id = query.id.clone().ok_or_else(|| within("Id"))?;
        if !is_id(&id) {
            return Err(CloudWatchError::BadId { id, position });
        }
        if query.expression.is_some() {
            return Err(CloudWatchError::Expression(position));
        }
        let stat = query
            .metric_stat
            .as_ref()
            .ok_or_else(|| within("MetricStat"))?;
        let metric = stat
            .metric
            .as_ref()
            .ok_or_else(|| within("MetricStat.Metric"))?;
        let name = metric
            .metric_name
            .as_ref()
            .ok_or_else(|| within("MetricStat.Metric.MetricName"))?;
        let period = stat.period.ok_or_else(|| within("MetricStat.Period"))?.0;
        let statistic = stat
            .stat
            .as_ref()
            .ok_or_else(|| within("MetricStat.Stat"))?;
        Ok(Self {
            id,
            label: query.label.clone().unwrap_or_else(|| name.clone()),
            selected: metric.select(name, stat.unit.as_deref())?,
            period_s: check_period(period)?,
            statistic: statistic.parse()?,
            returned: query.return_data.is_none_or(|returned| returned.0),
        })
    }
}

impl Cursor {
    pub(super) fn to_token(self) -> String {
        let after = self
            .after
            .map(|after| after.to_string())
            .unwrap_or_default();
        paging::token(format_args!("{}:{after}", self.query))
    }

    fn from_token(token: &str) -> Result<Self, CloudWatchError> {
        let read = || {
            let text = paging::read_token(token)?;
            let (query, after) = text.split_once(':')?;
            let after = if after.is_empty() {
                None
            } else {
                Some(after.parse().ok()?)
            };
            Some(Self {
                query: query.parse().ok()?,
                after,
            })
        };
        read().ok_or(CloudWatchError::BadToken)
    }
}

fn missing(name: &str) -> CloudWatchError {
    CloudWatchError::Missing(name.to_owned())
}

fn check_queries(queries: &[MetricDataQuery]) -> Result<Vec<Query>, CloudWatchError> {
    if queries.is_empty() {
        return Err(missing("MetricDataQueries"));
    }
    if queries.len() > MAX_QUERIES {
        return Err(CloudWatchError::TooManyQueries(queries.len()));
    }
    let numbered = queries.iter().zip(1..);
    let checked = numbered
        .map(|(query, position)| Query::check(query, position))
        .collect::<Result<Vec<_>, _>>()?;
    let mut ids = HashSet::new();
    if let Some(query) = checked.iter().find(|query| !ids.insert(query.id.as_str())) {
        return Err(CloudWatchError::RepeatedId(query.id.clone()));
    }
    if !checked.iter().any(|query| query.returned) {
        return Err(CloudWatchError::NothingToReturn);
    }
    Ok(checked)
}

pub(in super::super) fn check_period(period_s: i64) -> Result<i64, CloudWatchError> {
    let known = matches!(period_s, 1 | 5 | 10 | 20 | 30) || (period_s > 0 && period_s % 60 == 0);
    if known {
        Ok(period_s)
    } else {
        Err(CloudWatchError::BadPeriod(period_s))
    }
}

fn newest_first(scan_by: Option<&str>) -> Result<bool, CloudWatchError> {
    match scan_by {
        None | Some("TimestampDescending") => Ok(true),
        Some("TimestampAscending") => Ok(false),
        Some(other) => Err(CloudWatchError::BadValue {
            parameter: "ScanBy",
            value: other.to_owned(),
            allowed: "use TimestampDescending or TimestampAscending",
        }),
    }
}

fn max_datapoints(asked: Option<i64>) -> Result<usize, CloudWatchError> {
    let asked = asked.unwrap_or(MAX_DATAPOINTS);
    let allowed = (1..=MAX_DATAPOINTS).contains(&asked);
    usize::try_from(asked)
        .ok()
        .filter(|_| allowed)
        .ok_or_else(|| CloudWatchError::BadValue {
            parameter: "MaxDatapoints",
            value: asked.to_string(),
            allowed: "it must be from 1 to 100800",
        })
}
