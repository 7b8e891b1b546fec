//! What a rollout asks for at every tick: both versions, in one call.

use std::collections::BTreeMap;

use super::{MINUTE_S, MetricsError, Period, Query, Sample, fetch, queries::collect, sample};
use aws_sdk_cloudwatch::{
    Client,
    types::{MetricDataQuery, MetricDataResult},
};

/// Columns that are analysed.
const ANALYSED: [char; 6] = ['i', 'e', 't', 'd', 'f', 's'];

/// Columns that are shown, and how to weigh them where the window is cut in two.
const SHOWN: [char; 3] = ['i', 'm', 'x'];

/// Begins the ids of what is asked for the window as a whole.
const WHOLE: char = 'w';

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Poll {
    /// The counts of all periods in the window in which either version has data, oldest first.
    pub periods: Vec<Period>,
    /// Median and 99th percentile of the window, of the versions for which they were asked.
    pub window: [Sample; 2],
}

/// Asks for the counts of every period, and for the durations of `times` (baseline and candidate) too.
///
/// # Errors
/// [`MetricsError`] when CloudWatch does not answer in full.
pub async fn poll(client: &Client, query: &Query, times: [bool; 2]) -> Result<Poll, MetricsError> {
    let results = fetch(client, query, queries(query, times)).await?;
    Ok(sorted(&results))
}

fn queries(query: &Query, times: [bool; 2]) -> Vec<MetricDataQuery> {
    let seconds = u32::try_from((query.end - query.start).num_seconds()).unwrap_or(u32::MAX);
    let window = Query {
        period_s: seconds.max(1).div_ceil(MINUTE_S).saturating_mul(MINUTE_S),
        ..query.clone()
    };
    let whole = |version: usize| {
        let columns = window.columns_of(version, &SHOWN).into_iter();
        columns.map(|mut column| {
            column.id = column.id.map(|id| format!("{WHOLE}{id}"));
            column
        })
    };
    let analysed = (0..2).flat_map(|version| query.columns_of(version, &ANALYSED));
    let shown = (0..2).filter(|version| times[*version]).flat_map(whole);
    let others = query.counted().into_iter().chain(query.sources());
    analysed.chain(others).chain(shown).collect()
}

fn sorted(results: &[MetricDataResult]) -> Poll {
    let (mut periods, mut window) = (BTreeMap::new(), BTreeMap::new());
    for result in results {
        match result.id().and_then(|id| id.strip_prefix(WHOLE)) {
            Some(id) => collect(&mut window, id, result),
            None => collect(&mut periods, result.id().unwrap_or_default(), result),
        }
    }
    Poll {
        periods: periods.into_values().collect(),
        window: [0, 1].map(|version| {
            sample::merge(
                window
                    .values()
                    .map(|period: &Period| period.versions[version]),
            )
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(slow_ms: Option<f64>) -> Query {
        Query {
            end: chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(90),
            period_s: 10,
            ..crate::aws::metrics::queries::tests::query(slow_ms)
        }
    }

    #[test]
    fn nothing_is_asked_for_that_is_neither_analysed_nor_shown() {
        let number = |slow_ms, times| queries(&query(slow_ms), times).len();
        // The alias's own invocations among them.
        assert_eq!(number(None, [false, false]), 9);
        assert_eq!(number(Some(250.0), [false, false]), 13);
        assert_eq!(number(Some(250.0), [true, true]), 19);
    }

    #[test]
    fn percentiles_are_those_of_the_whole_window() {
        let asked = queries(&query(None), [true, false]);
        let whole = asked
            .iter()
            .filter(|q| q.id().is_some_and(|id| id.starts_with(WHOLE)));
        let periods: Vec<_> = whole
            .map(|q| q.metric_stat().and_then(|s| s.period()))
            .collect();
        assert_eq!(periods, [Some(120); 3]);
    }
}
