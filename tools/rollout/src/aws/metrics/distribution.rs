//! How long the invocations of a window took, as percentiles.

use aws_sdk_cloudwatch::{
    Client,
    types::{MetricDataQuery, MetricDataResult, MetricStat},
};

use super::{Distribution, MetricsError, Query, fetch, window};

/// The shares of invocations that a distribution is made of, in percent; 0 and 100 are the extremes.
const PERCENTILES: [f64; 23] = [
    0.0, 1.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0, 55.0, 60.0, 65.0, 70.0,
    75.0, 80.0, 85.0, 90.0, 95.0, 99.0, 100.0,
];

/// How long the invocations of both versions took, in one call. Where CloudWatch cuts the window in
/// two, the later part stands for both: percentiles cannot be put together.
///
/// # Errors
/// [`MetricsError`] when CloudWatch does not answer in full.
pub async fn distributions(
    client: &Client,
    query: &Query,
) -> Result<[Distribution; 2], MetricsError> {
    let window = window(query);
    let queries = (0..2).flat_map(|version| {
        let window = &window;
        (0..PERCENTILES.len()).map(move |index| column(window, version, index))
    });
    let results = fetch(client, &window, queries.collect()).await?;
    Ok([0, 1].map(|version| distribution(&results, version)))
}

fn column(window: &Query, version: usize, index: usize) -> MetricDataQuery {
    let statistic = match PERCENTILES[index] {
        0.0 => "Minimum".to_owned(),
        100.0 => "Maximum".to_owned(),
        percentile => format!("p{percentile}"),
    };
    let statistic = MetricStat::builder()
        .metric(window.metric(version, "Duration"))
        .period(i32::try_from(window.period_s).unwrap_or(i32::MAX))
        .stat(statistic);
    MetricDataQuery::builder()
        .id(id(version, index))
        .metric_stat(statistic.build())
        .build()
}

fn id(version: usize, index: usize) -> String {
    format!("q{version}_{index}")
}

fn distribution(results: &[MetricDataResult], version: usize) -> Distribution {
    let point = |(index, percentile): (usize, &f64)| {
        let id = id(version, index);
        let of_it = |result: &&MetricDataResult| result.id() == Some(id.as_str());
        let ms = *results.iter().find(of_it)?.values().first()?;
        Some((percentile / 100.0, ms))
    };
    PERCENTILES.iter().enumerate().filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_that_are_not_there_are_left_out() {
        let result = |id: &str, ms| MetricDataResult::builder().id(id).values(ms).build();
        let results = [
            result("q1_0", 1.5),
            result("q1_11", 20.0),
            result("q0_2", 9.0),
        ];
        assert_eq!(distribution(&results, 1), [(0.0, 1.5), (0.5, 20.0)]);
        assert_eq!(distribution(&results, 0), [(0.05, 9.0)]);
    }
}
