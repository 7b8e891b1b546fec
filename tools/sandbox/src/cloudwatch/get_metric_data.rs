//! `GetMetricData`: statistics of metrics over time.

use std::{collections::HashSet, ops::Range};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{
    MetricStore,
    distribution::Distribution,
    error::CloudWatchError,
    input::{DimensionInput, GetMetricDataInput, MetricDataQuery, MetricInput},
    series::{DimensionSet, Metric, NAMESPACE},
    statistic::Statistic,
    store::Snapshot,
    wire::Value,
};

/// Queries in one request.
const MAX_QUERIES: usize = 500;
/// Data points in one answer.
const MAX_DATAPOINTS: i64 = 100_800;
/// How long ago a request may start that asks for periods under a minute.
const HIGH_RESOLUTION_S: i64 = 3 * 60 * 60;

/// A request that has been checked.
#[derive(Debug)]
struct Request {
    queries: Vec<Query>,
    /// The seconds asked for; the end is exclusive.
    seconds: Range<i64>,
    newest_first: bool,
    max_datapoints: usize,
    from: Cursor,
}

/// One checked query.
#[derive(Debug)]
struct Query {
    id: String,
    label: String,
    /// What to look for; `None` when Lambda has no such metric, which is no error, only no data.
    selected: Option<(Metric, DimensionSet)>,
    period_s: i64,
    statistic: Statistic,
    returned: bool,
}

/// Where a page begins: at a query, behind a timestamp of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    query: usize,
    after: Option<i64>,
}

type Point = (i64, f64);

/// Answers the request.
pub(super) fn run(
    store: &MetricStore,
    input: &GetMetricDataInput,
    now_s: i64,
) -> Result<Value, CloudWatchError> {
    let request = Request::check(input)?;
    let snapshot = store.snapshot(request.span());
    Ok(request.page(|query| request.points(query, &snapshot, now_s)))
}

impl Request {
    fn check(input: &GetMetricDataInput) -> Result<Self, CloudWatchError> {
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

    /// The seconds that any query looks at.
    fn span(&self) -> Range<i64> {
        let ranges = self
            .queries
            .iter()
            .map(|query| query.seconds(&self.seconds));
        ranges.fold(self.seconds.clone(), |all, range| {
            all.start.min(range.start)..all.end.max(range.end)
        })
    }

    /// The data points of one query in the order asked for.
    fn points(&self, query: &Query, snapshot: &Snapshot, now_s: i64) -> Vec<Point> {
        let too_fine = query.period_s < 60 && self.seconds.start < now_s - HIGH_RESOLUTION_S;
        let Some((metric, dimensions)) = query.selected.as_ref().filter(|_| !too_fine) else {
            return Vec::new();
        };
        let seconds = query.seconds(&self.seconds);
        let periods = snapshot.by_period(*metric, dimensions, &seconds, query.period_s);
        let points = periods.into_iter().filter_map(|(start, samples)| {
            let samples = Distribution::new(samples, metric.scale());
            Some((start, query.statistic.of(&samples)?))
        });
        let mut points: Vec<_> = points.collect();
        if self.newest_first {
            points.reverse();
        }
        points
    }

    /// One page of results, as many points as fit, and the token of the next page.
    fn page(&self, points_of: impl Fn(&Query) -> Vec<Point>) -> Value {
        let mut left = self.max_datapoints;
        let mut next = None;
        let mut results = Vec::new();
        for (position, query) in self.queries.iter().enumerate().skip(self.from.query) {
            if !query.returned {
                continue;
            }
            if next.is_some() {
                results.push(query.result(&[], true));
                continue;
            }
            let after = self.from.after.filter(|_| position == self.from.query);
            let mut points = points_of(query);
            points.retain(|&(time, _)| after.is_none_or(|after| self.is_behind(time, after)));
            let shown = &points[..points.len().min(left)];
            let partial = shown.len() < points.len();
            left -= shown.len();
            if partial {
                let after = shown.last().map(|&(time, _)| time).or(after);
                next = Some(Cursor {
                    query: position,
                    after,
                });
            }
            results.push(query.result(shown, partial));
        }
        let mut output = vec![
            ("MetricDataResults", Value::List(results)),
            ("Messages", Value::List(Vec::new())),
        ];
        output.extend(next.map(|cursor| ("NextToken", Value::Text(cursor.to_token()))));
        Value::Structure(output)
    }

    fn is_behind(&self, time: i64, other: i64) -> bool {
        if self.newest_first {
            time < other
        } else {
            time > other
        }
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
            selected: select(metric, name, stat.unit.as_deref())?,
            period_s: check_period(period)?,
            statistic: statistic.parse()?,
            returned: query.return_data.is_none_or(|returned| returned.0),
        })
    }

    /// The whole periods that begin before the end, with the one that the start lies in.
    fn seconds(&self, asked: &Range<i64>) -> Range<i64> {
        let period_s = self.period_s;
        let start = asked.start - asked.start.rem_euclid(period_s);
        let last = asked.end - 1;
        start..last - last.rem_euclid(period_s) + period_s
    }

    fn result(&self, points: &[Point], partial: bool) -> Value {
        let (times, values): (Vec<_>, Vec<_>) = points
            .iter()
            .map(|&(time, value)| (Value::Time(time), Value::Number(value)))
            .unzip();
        Value::Structure(vec![
            ("Id", Value::text(&self.id)),
            ("Label", Value::text(&self.label)),
            ("Timestamps", Value::List(times)),
            ("Values", Value::List(values)),
            (
                "StatusCode",
                Value::text(if partial { "PartialData" } else { "Complete" }),
            ),
        ])
    }
}

impl Cursor {
    fn to_token(self) -> String {
        let after = self
            .after
            .map(|after| after.to_string())
            .unwrap_or_default();
        BASE64_URL_SAFE_NO_PAD.encode(format!("{}:{after}", self.query))
    }

    fn from_token(token: &str) -> Result<Self, CloudWatchError> {
        let read = || {
            let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
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

/// `^[a-z][a-zA-Z0-9_]*$`
fn is_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn check_period(period_s: i64) -> Result<i64, CloudWatchError> {
    let known = matches!(period_s, 1 | 5 | 10 | 20 | 30) || (period_s > 0 && period_s % 60 == 0);
    if known {
        Ok(period_s)
    } else {
        Err(CloudWatchError::BadPeriod(period_s))
    }
}

/// What the store has under this name, if anything.
fn select(
    metric: &MetricInput,
    name: &str,
    unit: Option<&str>,
) -> Result<Option<(Metric, DimensionSet)>, CloudWatchError> {
    let pair = |dimension: &DimensionInput| match &dimension.value {
        Some(value) => Ok((dimension.name.clone(), value.clone())),
        None => Err(missing(&format!(
            "Value of the dimension {}",
            dimension.name
        ))),
    };
    let pairs = metric
        .dimensions
        .iter()
        .map(pair)
        .collect::<Result<Vec<_>, _>>()?;
    let known = Metric::named(name)
        .filter(|_| metric.namespace.as_deref() == Some(NAMESPACE))
        .filter(|metric| unit.is_none_or(|unit| unit == metric.unit()));
    Ok(known.zip(DimensionSet::from_pairs(&pairs)))
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

#[cfg(test)]
mod tests;
