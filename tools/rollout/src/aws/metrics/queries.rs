//! What is asked of CloudWatch for every version, and where the answers go.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};

use analysis::MOST_COUNTED;
use chrono::DateTime;
use package::manifest::MetricName;

use super::{Period, Query, Sample};
use crate::aws::routing::Version;

/// A metric with its statistic, and where its value goes.
struct Column {
    id: char,
    metric: &'static str,
    statistic: Statistic,
    store: fn(&mut Sample, f64),
}

/// What of the samples is asked for, and of whose.
enum Statistic {
    /// Of Lambda's.
    Lambda(&'static str),
    /// Of the function's own.
    Own(&'static str),
    /// Of the function's own, only with a limit for slow invocations, in milliseconds. Ranges of values leave
    /// out the lower bound and include the upper one.
    Slow(fn(f64) -> String),
}

const fn column(
    id: char,
    metric: &'static str,
    statistic: Statistic,
    store: fn(&mut Sample, f64),
) -> Column {
    Column {
        id,
        metric,
        statistic,
        store,
    }
}

use Statistic::{Lambda, Own, Slow};

/// Begins the ids of the metrics that the function counts: `cf10` is what failed (`co10`: of what) of the metric 1
/// of version 0.
const COUNTED: char = 'c';
/// The id of the alias's own invocations.
const ALIAS: &str = "alias";
/// Begins the ids of other sources: of what they count, and of what they refuse.
const SOURCE: &str = "source";
const REFUSED: &str = "refused";

const COLUMNS: [Column; 13] = [
    column('i', "Invocations", Lambda("Sum"), |sample, value| {
        sample.invocations = whole(value);
    }),
    column('e', "Errors", Lambda("Sum"), |sample, value| {
        sample.errors = Some(whole(value));
    }),
    column('t', "Throttles", Lambda("Sum"), |sample, value| {
        sample.throttles = Some(whole(value));
    }),
    column('a', "Duration", Lambda("Average"), |sample, value| {
        sample.duration.get_or_insert_default().average_ms = value;
    }),
    column('m', "Duration", Lambda("p50"), |sample, value| {
        sample.duration.get_or_insert_default().p50_ms = value;
    }),
    column('n', "Duration", Lambda("p90"), |sample, value| {
        sample.duration.get_or_insert_default().p90_ms = value;
    }),
    column('x', "Duration", Lambda("p99"), |sample, value| {
        sample.duration.get_or_insert_default().p99_ms = value;
    }),
    column('d', "WarmDuration", Own("SampleCount"), |sample, value| {
        sample.time.measured = Some(value);
    }),
    column(
        'f',
        "WarmDuration",
        Slow(|limit_ms| format!("TC(:{limit_ms})")),
        |sample, value| sample.time.fast = Some(value),
    ),
    column(
        's',
        "WarmDuration",
        Slow(|limit_ms| format!("TC({limit_ms}:)")),
        |sample, value| sample.time.slow = Some(value),
    ),
    column(
        'u',
        "WarmDuration",
        Slow(|limit_ms| format!("TS(:{limit_ms})")),
        |sample, value| sample.time.fast_sum_ms = Some(value),
    ),
    column('k', "InitDuration", Own("SampleCount"), |sample, value| {
        sample.cold_starts = Some(whole(value));
    }),
    column('j', "InitDuration", Own("Average"), |sample, value| {
        sample.init_ms = Some(value);
    }),
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
    /// All columns of both versions, and who else counts the calls.
    pub(super) fn columns(&self) -> Vec<MetricDataQuery> {
        let all = COLUMNS.map(|column| column.id);
        (0..2)
            .flat_map(|version| self.columns_of(version, &all))
            .chain(self.counted())
            .chain(self.sources())
            .collect()
    }

    /// These columns of one version.
    pub(super) fn columns_of(&self, version: usize, ids: &[char]) -> Vec<MetricDataQuery> {
        let columns = COLUMNS.iter().filter(|column| ids.contains(&column.id));
        columns
            .filter_map(|column| self.column(version, column))
            .collect()
    }

    /// What the function counts itself, of both versions.
    pub(super) fn counted(&self) -> Vec<MetricDataQuery> {
        let metrics = self.counted.iter().take(MOST_COUNTED).enumerate();
        let queries = metrics.flat_map(|(index, metric)| {
            (0..2).flat_map(move |version| {
                [('f', &metric.failed), ('o', &metric.of)].map(|(role, name)| {
                    let id = format!("{COUNTED}{role}{index}{version}");
                    self.query(id, self.counted_metric(version, name), "Sum")
                })
            })
        });
        queries.collect()
    }

    /// Who else counts the calls.
    pub(super) fn sources(&self) -> Vec<MetricDataQuery> {
        let alias = self.query(ALIAS.to_owned(), self.alias_metric("Invocations"), "Sum");
        let sources = self.sources.iter().enumerate();
        let sources = sources.flat_map(|(index, source)| {
            let all = Some((SOURCE, source.all()));
            let counts = all
                .into_iter()
                .chain(source.refused().map(|it| (REFUSED, it)));
            counts.map(move |(role, metric)| self.query(format!("{role}{index}"), metric, "Sum"))
        });
        std::iter::once(alias).chain(sources).collect()
    }

    fn column(&self, version: usize, column: &Column) -> Option<MetricDataQuery> {
        let own = || self.own_metric(version, column.metric);
        let (metric, statistic) = match column.statistic {
            Lambda(name) => (self.metric(version, column.metric), name.to_owned()),
            Own(name) => (own(), name.to_owned()),
            Slow(name) => (own(), name(self.slow_ms?)),
        };
        Some(self.query(format!("{}{version}", column.id), metric, &statistic))
    }

    fn query(&self, id: String, metric: Metric, statistic: &str) -> MetricDataQuery {
        let statistic = MetricStat::builder()
            .metric(metric)
            .period(i32::try_from(self.period_s).unwrap_or(i32::MAX))
            .stat(statistic);
        let query = MetricDataQuery::builder().id(id);
        query.metric_stat(statistic.build()).build()
    }

    /// A metric that Lambda sends of a version.
    pub(super) fn metric(&self, version: usize, name: &str) -> Metric {
        let metric = self.alias_metric(name);
        let version = dimension("ExecutedVersion", self.versions[version].to_string());
        let dimensions = metric.dimensions().iter().cloned().chain([version]);
        let of_version = Metric::builder().namespace("AWS/Lambda").metric_name(name);
        of_version
            .set_dimensions(Some(dimensions.collect()))
            .build()
    }

    /// A metric that Lambda sends of the alias, whichever version was called.
    fn alias_metric(&self, name: &str) -> Metric {
        let resource = format!("{}:{}", self.function, self.alias);
        let metric = Metric::builder().namespace("AWS/Lambda").metric_name(name);
        metric
            .dimensions(dimension("FunctionName", self.function.clone()))
            .dimensions(dimension("Resource", resource))
            .build()
    }

    /// A metric that the function writes of each of its versions.
    fn own_metric(&self, version: usize, name: &str) -> Metric {
        let metric = Metric::builder()
            .namespace(&self.namespace)
            .metric_name(name);
        metric
            .dimensions(dimension("Function", self.function.clone()))
            .dimensions(dimension("Version", self.versions[version].to_string()))
            .build()
    }

    fn counted_metric(&self, version: usize, name: &MetricName) -> Metric {
        let version = self.versions[version];
        counted_metric(name, &self.namespace, &self.function, version)
    }
}

/// A metric of the policy, of one version; `namespace` is that of the function's own metrics.
pub(in crate::aws) fn counted_metric(
    name: &MetricName,
    namespace: &str,
    function: &str,
    version: Version,
) -> Metric {
    let version = version.to_string();
    let dimensions = name.dimensions_of(function, &version);
    Metric::builder()
        .namespace(name.namespace.as_deref().unwrap_or(namespace))
        .metric_name(&name.name)
        .set_dimensions(Some(
            dimensions
                .map(|(name, value)| dimension(name, value))
                .collect(),
        ))
        .build()
}

fn dimension(name: &str, value: String) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

/// Puts one query's values, which may come on several pages, where they belong.
pub(super) fn collect(series: &mut BTreeMap<i64, Period>, id: &str, result: &MetricDataResult) {
    let Some(place) = Place::of(id) else { return };
    for (time, value) in result.timestamps().iter().zip(result.values()) {
        let Some(start) = DateTime::from_timestamp(time.secs(), 0) else {
            continue;
        };
        let period = series.entry(time.secs()).or_insert(Period {
            start,
            versions: [Sample::default(); 2],
            alias: 0.0,
            sources: BTreeMap::new(),
        });
        place.store(period, *value);
    }
}

/// Where the values of a query belong.
enum Place {
    Column(&'static Column, usize),
    Counted {
        failed: bool,
        index: usize,
        version: usize,
    },
    Alias,
    Source(usize),
    Refused(usize),
}

impl Place {
    fn of(id: &str) -> Option<Self> {
        if id == ALIAS {
            return Some(Self::Alias);
        }
        if let Some(index) = id.strip_prefix(SOURCE) {
            return index.parse().ok().map(Self::Source);
        }
        if let Some(index) = id.strip_prefix(REFUSED) {
            return index.parse().ok().map(Self::Refused);
        }
        let (rest, version) = id.split_at_checked(id.len().checked_sub(1)?)?;
        let version = version.parse().ok().filter(|version| *version < 2)?;
        if let Some(counted) = rest.strip_prefix(COUNTED) {
            let index = counted.get(1..)?.parse().ok();
            return Some(Self::Counted {
                failed: counted.starts_with('f'),
                index: index.filter(|index| *index < MOST_COUNTED)?,
                version,
            });
        }
        let column = COLUMNS.iter().find(|column| rest.chars().eq([column.id]))?;
        Some(Self::Column(column, version))
    }

    fn store(&self, period: &mut Period, value: f64) {
        match *self {
            Self::Column(column, version) => (column.store)(&mut period.versions[version], value),
            Self::Counted {
                failed,
                index,
                version,
            } => {
                let counts = &mut period.versions[version].counted[index];
                *(if failed {
                    &mut counts.failed
                } else {
                    &mut counts.of
                }) = Some(value);
            }
            Self::Alias => period.alias = value,
            Self::Source(index) => period.sources.entry(index).or_default().all = value,
            Self::Refused(index) => period.sources.entry(index).or_default().refused = value,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use aws_sdk_cloudwatch::primitives::DateTime as SdkDateTime;
    use chrono::DateTime;

    use super::*;
    use crate::aws::metrics::Source;

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
            namespace: "notary".to_owned(),
            counted: Vec::new(),
            sources: Vec::new(),
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
            ("alias", &[(60, 107.0), (120, 100.0)]),
            ("source0", &[(60, 400.0), (180, 4.0), (240, 9.0)]),
            ("refused0", &[(180, 1.0), (240, 9.0)]),
            ("cf11", &[(60, 3.0)]),
            ("co11", &[(60, 9.0)]),
        ] {
            collect(&mut series, id, &result(id, points));
        }
        let first = &series[&60];
        let [baseline, candidate] = first.versions;
        assert_eq!((baseline.invocations, baseline.errors), (95, None));
        assert_eq!((candidate.invocations, candidate.errors), (5, Some(2)));
        assert_eq!(candidate.duration.map(|d| d.p99_ms), Some(12.5));
        assert_eq!(baseline.duration, None);
        let second = series[&120].versions.map(|version| version.invocations);
        assert_eq!(second, [94, 6]);
        assert_eq!((first.alias, first.unseen()), (107.0, 7.0));
        let counted = candidate.counted[1];
        assert_eq!((counted.failed, counted.of), (Some(3.0), Some(9.0)));
        // A source that counts otherwise says nothing where the versions are seen.
        assert_eq!(series[&180].unseen(), 3.0);
        // What an API refuses itself does not come to Lambda.
        assert_eq!(series[&240].unseen(), 0.0);
    }

    #[test]
    fn both_versions_of_the_alias_are_asked_for_in_one_call() {
        let columns = query(None).columns();
        let ids: BTreeSet<_> = columns.iter().filter_map(|c| c.id()).collect();
        assert_eq!(ids.len(), columns.len());
        let last = columns.iter().find(|query| query.id() == Some("x1"));
        let last = last.and_then(|query| query.metric_stat()?.metric());
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
    fn what_the_function_counts_is_asked_of_its_own_namespace_or_of_the_one_that_is_named() {
        let metric = serde_json::json!({
            "failed": {"name": "Declined"},
            "of": {"namespace": "Shop", "name": "Payments", "dimensions": {"Release": "{function}-{version}"}},
        });
        let query = Query {
            counted: vec![serde_json::from_value(metric).expect("a metric")],
            sources: vec![
                Source::Queue("documents".to_owned()),
                Source::Api("a1b2c3".to_owned()),
            ],
            ..query(None)
        };
        let columns = query.columns();
        let asked = |id: &str| {
            let query = columns.iter().find(|query| query.id() == Some(id));
            let metric = query
                .and_then(|query| query.metric_stat()?.metric())
                .expect("a metric");
            let values = metric.dimensions().iter().filter_map(|d| d.value());
            let values: Vec<_> = values.map(str::to_owned).collect();
            (
                metric.namespace().unwrap_or_default().to_owned(),
                values.join(" "),
            )
        };
        let pair = |namespace: &str, values: &str| (namespace.to_owned(), values.to_owned());
        assert_eq!(asked("cf01"), pair("notary", "hasher 2"));
        assert_eq!(asked("co00"), pair("Shop", "hasher-1"));
        assert_eq!(asked("k1"), pair("notary", "hasher 2"));
        assert_eq!(asked("alias"), pair("AWS/Lambda", "hasher hasher:live"));
        assert_eq!(asked("source0"), pair("AWS/SQS", "documents"));
        assert_eq!(asked("source1"), pair("AWS/ApiGateway", "a1b2c3"));
        assert_eq!(asked("refused1"), pair("AWS/ApiGateway", "a1b2c3"));
        assert!(columns.iter().all(|query| query.id() != Some("refused0")));
    }

    #[test]
    fn slow_invocations_are_asked_for_with_a_limit_only() {
        let columns = query(Some(2.5)).columns();
        let statistics: BTreeSet<_> = columns
            .iter()
            .filter_map(|column| column.metric_stat()?.stat())
            .collect();
        assert!(!query(None).columns().iter().any(|column| {
            let statistic = column.metric_stat().and_then(|stat| stat.stat());
            statistic.is_some_and(|statistic| statistic.starts_with('T'))
        }));
        for statistic in ["TC(:2.5)", "TC(2.5:)", "TS(:2.5)", "SampleCount"] {
            assert!(statistics.contains(statistic), "{statistics:?}");
        }
    }
}
