//! Counts and durations per version and period, from CloudWatch.
//!
//! Lambda keeps apart what the two versions behind an alias did: namespace `AWS/Lambda`,
//! dimensions `FunctionName`, `Resource` = `function:alias`, `ExecutedVersion`. A data point's time
//! is that of the invocations' start. Periods without a data point are absent.
//!
//! ```text
//! columns.rs  what is asked of CloudWatch for every version, and where the answers go
//! sample.rs   what one version did in one period, and what the judge gets of it
//! ```
//!
//! # What these metrics can tell apart
//!
//! - **Slow invocations** are counted exactly, as far as CloudWatch keeps the values: `TC(250:)` is
//!   the number of invocations that took more than 250 ms.
//! - **Throttles** are requests that did not run; **timeouts** and crashes are among the errors.
//! - **Cold starts** have no metric: only log lines tell them apart. `Duration` is the time of the
//!   handler without INIT, so that starting an environment makes no invocation slow; what the first
//!   call of a new environment takes longer does count. New environments come in numbers when the
//!   weight changes, and the period of a change is never judged.
//!
//! Source: "CloudWatch statistics definitions" in the `CloudWatch` user guide; "Types of metrics for
//! Lambda functions" in the Lambda developer guide.

mod columns;
mod sample;

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::{
    Client,
    primitives::DateTime as SdkDateTime,
    types::{MetricDataResult, StatusCode},
};
use chrono::{DateTime, Utc};

use crate::{alias::Version, aws::explain};
use columns::collect;
pub use sample::{Durations, Sample, TimeCounts};

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
    /// Invocations that take longer are counted as slow; without it nothing is.
    pub slow_ms: Option<f64>,
}

/// One period of both versions.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// Its first moment.
    pub start: DateTime<Utc>,
    /// The versions in the order of the query.
    pub halves: [Sample; 2],
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
    Ok([0, 1].map(|half| sample::merge(parts.iter().map(|part| part.halves[half]))))
}

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
