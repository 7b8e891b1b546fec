//! Counts and durations per version and period, from CloudWatch.
//!
//! Lambda keeps apart what the two versions behind an alias did: namespace `AWS/Lambda`,
//! dimensions `FunctionName`, `Resource` = `function:alias`, `ExecutedVersion`. A data point's time
//! is that of the invocations' start. Periods without a data point are absent.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::{
    Client,
    primitives::DateTime as SdkDateTime,
    types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, StatusCode},
};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{alias::Version, aws::explain};

/// Periods of a query that has no period of its own: the one that Lambda sends in.
const MINUTE_S: u32 = 60;

/// What is asked for: two versions behind one alias, side by side.
#[derive(Debug, Clone)]
pub struct Query {
    /// The function.
    pub function: String,
    /// The alias that the invocations came through.
    pub alias: String,
    /// Baseline and candidate, in the order in which the answer has them.
    pub versions: [Version; 2],
    /// From when on.
    pub start: DateTime<Utc>,
    /// Until when, exclusive.
    pub end: DateTime<Utc>,
    /// Length of a period in seconds: on AWS a multiple of 60.
    pub period_s: u32,
}

/// One period of both versions.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// Its first moment.
    pub start: DateTime<Utc>,
    /// The versions in the order of the query.
    pub halves: [Sample; 2],
}

/// What one version did in one period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Sample {
    /// Invocations that ran.
    pub invocations: u64,
    /// Those of them that failed; none when CloudWatch has no such data point (yet).
    pub errors: Option<u64>,
    /// Requests that were refused, which are not among the invocations; likewise.
    pub throttles: Option<u64>,
    /// How long the invocations took, if any did.
    pub duration: Option<Durations>,
}

/// How long invocations took, in milliseconds, without starting the environment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Durations {
    /// Mean.
    pub average_ms: f64,
    /// Median.
    pub p50_ms: f64,
    /// Nine in ten were faster.
    pub p90_ms: f64,
    /// 99 in 100 were faster.
    pub p99_ms: f64,
}

/// Why there are no metrics.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The call failed, after all its retries.
    #[error("GetMetricData for {function}:{alias} failed: {cause}")]
    Call {
        /// The function.
        function: String,
        /// The alias.
        alias: String,
        /// What AWS said, or why it said nothing.
        cause: String,
    },
    /// CloudWatch could not answer a part of it.
    #[error("GetMetricData for {function}:{alias} was not answered in full: {status}. Try again")]
    Incomplete {
        /// The function.
        function: String,
        /// The alias.
        alias: String,
        /// The status code of the part.
        status: String,
    },
}

/// Reads all periods in which either version has data, oldest first, in one call.
///
/// # Errors
/// [`MetricsError`] when CloudWatch does not answer in full.
pub async fn periods(client: &Client, query: &Query) -> Result<Vec<Period>, MetricsError> {
    let mut series = BTreeMap::new();
    for result in fetch(client, query).await? {
        collect(&mut series, &result);
    }
    Ok(series
        .into_iter()
        .filter_map(|(start, halves)| {
            let start = DateTime::from_timestamp(start, 0)?;
            Some(Period { start, halves })
        })
        .collect())
}

/// Reads the whole window as one period: percentiles of periods cannot be put together afterwards.
///
/// # Errors
/// [`MetricsError`] when CloudWatch does not answer in full.
pub async fn whole(client: &Client, query: &Query) -> Result<[Sample; 2], MetricsError> {
    let seconds = u32::try_from((query.end - query.start).num_seconds()).unwrap_or(u32::MAX);
    let period_s = seconds.max(1).div_ceil(MINUTE_S).saturating_mul(MINUTE_S);
    let window = Query {
        period_s,
        ..query.clone()
    };
    let parts = periods(client, &window).await?;
    Ok([0, 1].map(|half| merge(parts.iter().map(|part| part.halves[half]))))
}

/// Sums counts. Durations are weighted by invocations, which is exact for one period; where
/// CloudWatch cuts the window in two at one of its own boundaries, percentiles become approximate.
fn merge(parts: impl Iterator<Item = Sample>) -> Sample {
    parts.fold(Sample::default(), |sum, part| Sample {
        invocations: sum.invocations + part.invocations,
        errors: added(sum.errors, part.errors),
        throttles: added(sum.throttles, part.throttles),
        duration: match (sum.duration, part.duration) {
            (Some(a), Some(b)) => Some(a.mixed(b, part.share_of(sum))),
            (a, b) => a.or(b),
        },
    })
}

fn added(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    a.zip(b).map(|(a, b)| a + b).or(a).or(b)
}

impl Sample {
    fn share_of(&self, rest: Self) -> f64 {
        let all = self.invocations + rest.invocations;
        self.invocations as f64 / all.max(1) as f64
    }
}

impl Durations {
    fn mixed(self, other: Self, share: f64) -> Self {
        let mix = |a: f64, b: f64| a + (b - a) * share;
        Self {
            average_ms: mix(self.average_ms, other.average_ms),
            p50_ms: mix(self.p50_ms, other.p50_ms),
            p90_ms: mix(self.p90_ms, other.p90_ms),
            p99_ms: mix(self.p99_ms, other.p99_ms),
        }
    }
}

/// A metric with its statistic, and where its value goes.
struct Column {
    id: char,
    metric: &'static str,
    statistic: &'static str,
    store: fn(&mut Sample, f64),
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sums of counts are whole, not negative, and far below 2^53"
)]
const COLUMNS: [Column; 7] = [
    Column {
        id: 'i',
        metric: "Invocations",
        statistic: "Sum",
        store: |sample, value| sample.invocations = value as u64,
    },
    Column {
        id: 'e',
        metric: "Errors",
        statistic: "Sum",
        store: |sample, value| sample.errors = Some(value as u64),
    },
    Column {
        id: 't',
        metric: "Throttles",
        statistic: "Sum",
        store: |sample, value| sample.throttles = Some(value as u64),
    },
    Column {
        id: 'a',
        metric: "Duration",
        statistic: "Average",
        store: |sample, value| sample.duration.get_or_insert_default().average_ms = value,
    },
    Column {
        id: 'm',
        metric: "Duration",
        statistic: "p50",
        store: |sample, value| sample.duration.get_or_insert_default().p50_ms = value,
    },
    Column {
        id: 'n',
        metric: "Duration",
        statistic: "p90",
        store: |sample, value| sample.duration.get_or_insert_default().p90_ms = value,
    },
    Column {
        id: 'x',
        metric: "Duration",
        statistic: "p99",
        store: |sample, value| sample.duration.get_or_insert_default().p99_ms = value,
    },
];

async fn fetch(client: &Client, query: &Query) -> Result<Vec<MetricDataResult>, MetricsError> {
    let mut pages = client
        .get_metric_data()
        .start_time(SdkDateTime::from_secs(query.start.timestamp()))
        // The second that is under way counts too.
        .end_time(SdkDateTime::from_secs(query.end.timestamp() + 1))
        .set_metric_data_queries(Some(query.columns()))
        .into_paginator()
        .send();
    let mut results = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| MetricsError::Call {
            function: query.function.clone(),
            alias: query.alias.clone(),
            cause: explain(&error),
        })?;
        results.extend(page.metric_data_results.unwrap_or_default());
    }
    match results.iter().find_map(refused) {
        None => Ok(results),
        Some(status) => Err(MetricsError::Incomplete {
            function: query.function.clone(),
            alias: query.alias.clone(),
            status: status.to_string(),
        }),
    }
}

/// `PartialData` only says that the next page has more.
fn refused(result: &MetricDataResult) -> Option<&StatusCode> {
    result
        .status_code()
        .filter(|status| !matches!(status, StatusCode::Complete | StatusCode::PartialData))
}

impl Query {
    fn columns(&self) -> Vec<MetricDataQuery> {
        (0..2)
            .flat_map(|half| COLUMNS.iter().map(move |column| self.column(half, column)))
            .collect()
    }

    fn column(&self, half: usize, column: &Column) -> MetricDataQuery {
        let dimension =
            |name: &str, value: String| Dimension::builder().name(name).value(value).build();
        let metric = Metric::builder()
            .namespace("AWS/Lambda")
            .metric_name(column.metric)
            .dimensions(dimension("FunctionName", self.function.clone()))
            .dimensions(dimension(
                "Resource",
                format!("{}:{}", self.function, self.alias),
            ))
            .dimensions(dimension(
                "ExecutedVersion",
                self.versions[half].to_string(),
            ))
            .build();
        let statistic = MetricStat::builder()
            .metric(metric)
            .period(i32::try_from(self.period_s).unwrap_or(i32::MAX))
            .stat(column.statistic)
            .build();
        MetricDataQuery::builder()
            .id(format!("{}{half}", column.id))
            .metric_stat(statistic)
            .build()
    }
}

/// Puts one column's values, which may come on several pages, where they belong.
fn collect(series: &mut BTreeMap<i64, [Sample; 2]>, result: &MetricDataResult) {
    let mut id = result.id().unwrap_or_default().chars();
    let column = id
        .next()
        .and_then(|id| COLUMNS.iter().find(|column| column.id == id));
    let half = match id.as_str() {
        "0" => 0,
        "1" => 1,
        _ => return,
    };
    let Some(column) = column else { return };
    for (time, value) in result.timestamps().iter().zip(result.values()) {
        let halves = series.entry(time.secs()).or_default();
        (column.store)(&mut halves[half], *value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(id: &str, points: &[(i64, f64)]) -> MetricDataResult {
        MetricDataResult::builder()
            .id(id)
            .set_timestamps(Some(
                points
                    .iter()
                    .map(|(time, _)| SdkDateTime::from_secs(*time))
                    .collect(),
            ))
            .set_values(Some(points.iter().map(|(_, value)| *value).collect()))
            .build()
    }

    #[test]
    fn values_from_several_pages_meet_in_their_period_and_half() {
        let mut series = BTreeMap::new();
        collect(&mut series, &result("i0", &[(60, 95.0)]));
        collect(&mut series, &result("i1", &[(120, 6.0), (60, 5.0)]));
        collect(&mut series, &result("e1", &[(60, 2.0)]));
        collect(&mut series, &result("i0", &[(120, 94.0)]));
        collect(&mut series, &result("x1", &[(60, 12.5)]));
        let first = series[&60];
        assert_eq!((first[0].invocations, first[0].errors), (95, None));
        assert_eq!((first[1].invocations, first[1].errors), (5, Some(2)));
        assert_eq!(first[1].duration.map(|d| d.p99_ms), Some(12.5));
        assert_eq!(first[0].duration, None);
        assert_eq!(series[&120].map(|half| half.invocations), [94, 6]);
    }

    #[test]
    fn both_versions_of_the_alias_are_asked_for_in_one_call() {
        let query = Query {
            function: "hasher".to_owned(),
            alias: "live".to_owned(),
            versions: ["1", "2"].map(|text| text.parse().expect("a version")),
            start: DateTime::UNIX_EPOCH,
            end: DateTime::UNIX_EPOCH,
            period_s: 60,
        };
        let columns = query.columns();
        let ids: std::collections::BTreeSet<_> = columns.iter().filter_map(|c| c.id()).collect();
        assert_eq!(ids.len(), 14);
        let last = columns[13].metric_stat().and_then(MetricStat::metric);
        let values: Vec<_> = last
            .expect("a metric")
            .dimensions()
            .iter()
            .map(|d| d.value())
            .collect();
        assert_eq!(values, [Some("hasher"), Some("hasher:live"), Some("2")]);
    }

    #[test]
    fn a_window_cut_in_two_is_weighted_by_invocations() {
        let part = |invocations, average_ms| Sample {
            invocations,
            duration: Some(Durations {
                average_ms,
                ..Durations::default()
            }),
            ..Sample::default()
        };
        let whole = merge([part(30, 10.0), part(10, 50.0)].into_iter());
        assert_eq!(whole.invocations, 40);
        assert_eq!(whole.duration.map(|d| d.average_ms), Some(20.0));
    }
}
