//! Counts and durations per version and period, from CloudWatch.
//!
//! Lambda keeps apart what the two versions behind an alias did: namespace `AWS/Lambda`,
//! dimensions `FunctionName`, `Resource` = `function:alias`, `ExecutedVersion`. A data point's time
//! is that of the invocations' start. Periods without a data point are absent.
//!
//! ```text
//! sources.rs       who else counts the calls of `live`
//! queries.rs       what is asked of CloudWatch for every version, and where the answers go
//! poll.rs          what a rollout asks for at every tick
//! sample.rs        what one version did in one period, and what the analysis gets of it
//! distribution.rs  how long the invocations of a window took, as percentiles
//! ```
//!
//! # What these metrics can tell apart
//!
//! - **Slow invocations** are counted as CloudWatch counts them: `TC(250:)` of `WarmDuration` is how many
//!   warm invocations took more than 250 ms. It may be a fraction, because CloudWatch interpolates inside a
//!   bucket.
//! - **Throttles** are requests that did not run; **timeouts** and crashes are among the errors.
//! - **Cold starts** and what the function itself counts as failed are metrics that the function writes
//!   (`shared::telemetry`), by `Function` and `Version`. So they know no alias: whoever invokes a version by its
//!   number is counted too.
//! - **Whether somebody called at all** is asked of other sources in the same call: of `live` as a whole, of the
//!   HTTP API and of the queue in front of it.
//!
//! Source: "CloudWatch statistics definitions" in the `CloudWatch` user guide; "Types of metrics for
//! Lambda functions" in the Lambda developer guide.

mod distribution;
mod poll;
mod queries;
mod sample;
mod sources;

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::{
    Client,
    primitives::DateTime as SdkDateTime,
    types::{MetricDataQuery, MetricDataResult, StatusCode},
};
use chrono::{DateTime, Utc};

use super::{client::explain, routing::Version};
pub use distribution::distributions;
use package::manifest::CountedMetric;
pub use poll::{Poll, poll};
use queries::collect;
pub(in crate::aws) use queries::counted_metric;
pub use sample::{Durations, FunctionCounts, Sample, TimeCounts};
pub use sources::{Source, SourceCount, sources};

/// Periods of a query that has no period of its own: the one that Lambda sends in.
const MINUTE_S: u32 = 60;

/// How long the invocations of a window took: pairs of a share, and the milliseconds that this share of them took at most.
pub type Distribution = Vec<(f64, f64)>;

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
    /// Warm invocations that take longer are counted as slow; without it nothing is.
    pub slow_ms: Option<f64>,
    /// Namespace of the metrics that the function writes.
    pub namespace: String,
    /// What the function counts itself as failed.
    pub counted: Vec<CountedMetric>,
    /// Who else counts the calls of the alias.
    pub sources: Vec<Source>,
}

/// One period of both versions.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// Its first moment.
    pub start: DateTime<Utc>,
    /// The versions in the order of the query.
    pub versions: [Sample; 2],
    /// Invocations of the alias, whichever version they went to.
    pub alias: f64,
    /// What each of the other sources has counted.
    pub sources: BTreeMap<usize, SourceCount>,
}

impl Period {
    /// Calls that somebody else has counted and the versions' metrics do not show: more invocations of the
    /// alias than of its versions, or any call where both versions show nothing at all.
    #[must_use]
    pub fn unseen(&self) -> f64 {
        let sum = |count: fn(&Sample) -> f64| self.versions.iter().map(count).sum::<f64>();
        let invocations = sum(|version| version.invocations as f64);
        let refused = sum(|version| version.throttles.unwrap_or_default() as f64);
        let others = if invocations + refused > 0.0 {
            0.0
        } else {
            self.sources.values().map(|count| count.calls()).sum()
        };
        (self.alias - invocations).max(others)
    }
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
    for result in fetch(client, query, query.columns()).await? {
        collect(&mut series, result.id().unwrap_or_default(), &result);
    }
    Ok(series.into_values().collect())
}

/// Reads the whole window as one period: percentiles of periods cannot be put together afterwards.
///
/// # Errors
/// [`MetricsError`] when CloudWatch does not answer in full.
pub async fn whole(client: &Client, query: &Query) -> Result<[Sample; 2], MetricsError> {
    let parts = periods(client, &window(query)).await?;
    Ok([0, 1].map(|version| sample::merge(parts.iter().map(|part| part.versions[version]))))
}

/// The same query with one period as long as its window.
fn window(query: &Query) -> Query {
    let seconds = u32::try_from((query.end - query.start).num_seconds()).unwrap_or(u32::MAX);
    let period_s = seconds.max(1).div_ceil(MINUTE_S).saturating_mul(MINUTE_S);
    Query {
        period_s,
        ..query.clone()
    }
}

async fn fetch(
    client: &Client,
    query: &Query,
    columns: Vec<MetricDataQuery>,
) -> Result<Vec<MetricDataResult>, MetricsError> {
    let results = pages(client, query, columns.clone()).await;
    let results = results.map_err(|cause| MetricsError::Call {
        function: query.function.clone(),
        alias: query.alias.clone(),
        cause,
    })?;
    match incomplete(&columns, &results) {
        None => Ok(results),
        Some(status) => Err(MetricsError::Incomplete {
            function: query.function.clone(),
            alias: query.alias.clone(),
            status,
        }),
    }
}

async fn pages(
    client: &Client,
    query: &Query,
    queries: Vec<MetricDataQuery>,
) -> Result<Vec<MetricDataResult>, String> {
    let mut pages = client
        .get_metric_data()
        .start_time(SdkDateTime::from_secs(query.start.timestamp()))
        // The second that is under way counts too.
        .end_time(SdkDateTime::from_secs(query.end.timestamp() + 1))
        .set_metric_data_queries(Some(queries))
        .into_paginator()
        .send();
    let mut results = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| explain(&error))?;
        results.extend(page.metric_data_results.unwrap_or_default());
    }
    Ok(results)
}

/// What is wrong with the last word on some query, if anything is. `PartialData` says that the next
/// page has more: after the last page nothing may be left.
fn incomplete(asked: &[MetricDataQuery], results: &[MetricDataResult]) -> Option<String> {
    let last = |id: Option<&str>| results.iter().rfind(|result| result.id() == id);
    asked.iter().find_map(|query| match last(query.id()) {
        Some(result) => result
            .status_code()
            .filter(|status| **status != StatusCode::Complete)
            .map(ToString::to_string),
        None => Some("a metric is missing".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incomplete_after(pages: &[(&str, StatusCode)]) -> Option<String> {
        let asked = ["i0", "e0"].map(|id| MetricDataQuery::builder().id(id).build());
        let result = |(id, status): &(&str, StatusCode)| {
            let result = MetricDataResult::builder().id(*id);
            result.status_code(status.clone()).build()
        };
        incomplete(&asked, &pages.iter().map(result).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_continued_on_the_last_page_is_complete_and_what_ends_in_part_is_not() {
        use StatusCode::{Complete, InternalError, PartialData};
        let continued = [("i0", PartialData), ("e0", PartialData), ("i0", Complete)];
        assert_eq!(incomplete_after(&continued).as_deref(), Some("PartialData"));
        let whole = [&continued[..], &[("e0", Complete)]].concat();
        assert_eq!(incomplete_after(&whole), None);
        let failed = [("i0", Complete), ("e0", InternalError)];
        assert_eq!(incomplete_after(&failed).as_deref(), Some("InternalError"));
        assert!(incomplete_after(&[("i0", Complete)]).is_some());
    }
}
