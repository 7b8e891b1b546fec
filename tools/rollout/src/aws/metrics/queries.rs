//! What is asked of CloudWatch for every version, and where the answers go.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};

use super::{Query, Sample};

/// A metric with its statistic, and where its value goes.
struct Column {
    id: char,
    metric: &'static str,
    statistic: Statistic,
    store: fn(&mut Sample, f64),
}

/// What of the samples is asked for.
enum Statistic {
    Always(&'static str),
    /// Only with a limit for slow invocations, in milliseconds. Ranges of values leave out the lower
    /// bound and include the upper one.
    Slow(fn(f64) -> String),
}

const fn always(
    id: char,
    metric: &'static str,
    statistic: &'static str,
    store: fn(&mut Sample, f64),
) -> Column {
    Column {
        id,
        metric,
        statistic: Statistic::Always(statistic),
        store,
    }
}

const fn slow(id: char, statistic: fn(f64) -> String, store: fn(&mut Sample, f64)) -> Column {
    Column {
        id,
        metric: "Duration",
        statistic: Statistic::Slow(statistic),
        store,
    }
}

const COLUMNS: [Column; 11] = [
    always('i', "Invocations", "Sum", |sample, value| {
        sample.invocations = whole(value);
    }),
    always('e', "Errors", "Sum", |sample, value| {
        sample.errors = Some(whole(value));
    }),
    always('t', "Throttles", "Sum", |sample, value| {
        sample.throttles = Some(whole(value));
    }),
    always('a', "Duration", "Average", |sample, value| {
        sample.duration.get_or_insert_default().average_ms = value;
    }),
    always('m', "Duration", "p50", |sample, value| {
        sample.duration.get_or_insert_default().p50_ms = value;
    }),
    always('n', "Duration", "p90", |sample, value| {
        sample.duration.get_or_insert_default().p90_ms = value;
    }),
    always('x', "Duration", "p99", |sample, value| {
        sample.duration.get_or_insert_default().p99_ms = value;
    }),
    slow(
        'd',
        |_| "SampleCount".to_owned(),
        |sample, value| sample.time.measured = Some(whole(value)),
    ),
    slow(
        'f',
        |limit_ms| format!("TC(:{limit_ms})"),
        |sample, value| sample.time.fast = Some(whole(value)),
    ),
    slow(
        's',
        |limit_ms| format!("TC({limit_ms}:)"),
        |sample, value| sample.time.slow = Some(whole(value)),
    ),
    slow(
        'u',
        |limit_ms| format!("TS(:{limit_ms})"),
        |sample, value| sample.time.fast_sum_ms = Some(value),
    ),
];

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are whole, not negative, and far below 2^53"
)]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

impl Query {
    /// All columns of both versions.
    pub(super) fn columns(&self) -> Vec<MetricDataQuery> {
        let all = COLUMNS.map(|column| column.id);
        (0..2)
            .flat_map(|version| self.columns_of(version, &all))
            .collect()
    }

    /// These columns of one version.
    pub(super) fn columns_of(&self, version: usize, ids: &[char]) -> Vec<MetricDataQuery> {
        let columns = COLUMNS.iter().filter(|column| ids.contains(&column.id));
        columns
            .filter_map(|column| self.column(version, column))
            .collect()
    }

    fn column(&self, version: usize, column: &Column) -> Option<MetricDataQuery> {
        let statistic = match column.statistic {
            Statistic::Always(name) => name.to_owned(),
            Statistic::Slow(name) => name(self.slow_ms?),
        };
        let statistic = MetricStat::builder()
            .metric(self.metric(version, column.metric))
            .period(i32::try_from(self.period_s).unwrap_or(i32::MAX))
            .stat(statistic)
            .build();
        let query = MetricDataQuery::builder()
            .id(format!("{}{version}", column.id))
            .metric_stat(statistic);
        Some(query.build())
    }

    pub(super) fn metric(&self, version: usize, name: &str) -> Metric {
        let dimension =
            |name: &str, value: String| Dimension::builder().name(name).value(value).build();
        let resource = format!("{}:{}", self.function, self.alias);
        Metric::builder()
            .namespace("AWS/Lambda")
            .metric_name(name)
            .dimensions(dimension("FunctionName", self.function.clone()))
            .dimensions(dimension("Resource", resource))
            .dimensions(dimension(
                "ExecutedVersion",
                self.versions[version].to_string(),
            ))
            .build()
    }
}

/// Puts one column's values, which may come on several pages, where they belong.
pub(super) fn collect(
    series: &mut BTreeMap<i64, [Sample; 2]>,
    id: &str,
    result: &MetricDataResult,
) {
    let mut id = id.chars();
    let column = id
        .next()
        .and_then(|id| COLUMNS.iter().find(|column| column.id == id));
    let version = match id.as_str() {
        "0" => 0,
        "1" => 1,
        _ => return,
    };
    let Some(column) = column else { return };
    for (time, value) in result.timestamps().iter().zip(result.values()) {
        let versions = series.entry(time.secs()).or_default();
        (column.store)(&mut versions[version], *value);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use aws_sdk_cloudwatch::primitives::DateTime as SdkDateTime;
    use chrono::DateTime;

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

    /// About two versions of a function, for no time.
    pub(in crate::aws::metrics) fn query(slow_ms: Option<f64>) -> Query {
        Query {
            function: "hasher".to_owned(),
            alias: "live".to_owned(),
            versions: ["1", "2"].map(|text| text.parse().expect("a version")),
            start: DateTime::UNIX_EPOCH,
            end: DateTime::UNIX_EPOCH,
            period_s: 60,
            slow_ms,
        }
    }

    #[test]
    fn values_from_several_pages_meet_in_their_period_and_version() {
        let mut series = BTreeMap::new();
        for (id, points) in [
            ("i0", &[(60, 95.0)][..]),
            ("i1", &[(120, 6.0), (60, 5.0)]),
            ("e1", &[(60, 2.0)]),
            ("i0", &[(120, 94.0)]),
            ("x1", &[(60, 12.5)]),
        ] {
            collect(&mut series, id, &result(id, points));
        }
        let first = series[&60];
        assert_eq!((first[0].invocations, first[0].errors), (95, None));
        assert_eq!((first[1].invocations, first[1].errors), (5, Some(2)));
        assert_eq!(first[1].duration.map(|d| d.p99_ms), Some(12.5));
        assert_eq!(first[0].duration, None);
        assert_eq!(series[&120].map(|version| version.invocations), [94, 6]);
    }

    #[test]
    fn both_versions_of_the_alias_are_asked_for_in_one_call() {
        let columns = query(None).columns();
        let ids: BTreeSet<_> = columns.iter().filter_map(|c| c.id()).collect();
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
    fn a_day_of_minutes_is_one_page() {
        const MINUTES_A_DAY: usize = 24 * 60;
        const MOST_DATA_POINTS: usize = 100_800;
        let columns = query(Some(250.0)).columns().len();
        assert!(columns * MINUTES_A_DAY <= MOST_DATA_POINTS, "{columns}");
    }

    #[test]
    fn slow_invocations_are_asked_for_with_a_limit_only() {
        let columns = query(Some(2.5)).columns();
        let statistics: BTreeSet<_> = columns
            .iter()
            .filter_map(|column| column.metric_stat()?.stat())
            .collect();
        assert_eq!(columns.len(), 22);
        for statistic in ["TC(:2.5)", "TC(2.5:)", "TS(:2.5)", "SampleCount"] {
            assert!(statistics.contains(statistic), "{statistics:?}");
        }
    }
}
