//! `ListMetrics`: which metrics there are.

use std::collections::BTreeSet;

use ciborium::value::Value;
use serde::Serialize;

use crate::{
    aws::paging,
    services::cloudwatch::{
        error::CloudWatchError,
        model::{
            series::{DimensionSet, Metric, NAMESPACE},
            store::{MetricStore, Series},
        },
        wire::{
            input::{Dimension, ListMetricsInput, MetricIdentity, first_index},
            value::to_value,
        },
    },
};

/// Metrics in one answer.
const PAGE: usize = 500;
/// How long ago a recently active metric had its last sample, at most.
const RECENT_S: i64 = 3 * 60 * 60;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListMetricsOutput {
    metrics: Vec<MetricIdentity>,
    next_token: Option<String>,
}

/// Answers the request.
pub(super) fn run(
    store: &MetricStore,
    input: &ListMetricsInput,
    now_s: i64,
) -> Result<Value, CloudWatchError> {
    let since = active_since(input.recently_active.as_deref(), now_s)?;
    let from = first_index(input.next_token.as_deref())?;
    let series = store.snapshot(0..0).series;
    let metrics = metrics(&series, input, since);
    let page = paging::page(&metrics, from, PAGE);
    Ok(to_value(&ListMetricsOutput {
        metrics: page.items.into_iter().map(identity).collect(),
        next_token: page.next.map(paging::token),
    }))
}

/// Every metric that the filters leave, in a fixed order.
fn metrics(
    series: &[Series],
    input: &ListMetricsInput,
    since: i64,
) -> Vec<(DimensionSet, &'static str)> {
    if input
        .namespace
        .as_deref()
        .is_some_and(|namespace| namespace != NAMESPACE)
    {
        return Vec::new();
    }
    let mut found = BTreeSet::new();
    for series in series {
        for metric in Metric::ALL {
            // A function that was only ever refused has throttles, but no durations.
            let newest = if metric == Metric::Throttles {
                Some(series.asked)
            } else {
                series.ran
            };
            if newest.is_none_or(|newest| newest < since) {
                continue;
            }
            let sets = DimensionSet::sets_of(&series.key);
            found.extend(
                sets.into_iter()
                    .filter(|set| set.has(metric))
                    .map(|set| (set, metric.name())),
            );
        }
    }
    let wanted = |(set, name): &(DimensionSet, &str)| {
        input
            .metric_name
            .as_deref()
            .is_none_or(|wanted| wanted == *name)
            && has_dimensions(set, input)
    };
    found.into_iter().filter(wanted).collect()
}

/// Whether every filter finds its dimension; further dimensions do no harm.
fn has_dimensions(set: &DimensionSet, input: &ListMetricsInput) -> bool {
    let pairs = set.pairs();
    input.dimensions.iter().all(|filter| {
        pairs.iter().any(|&(name, value)| {
            name == filter.name && filter.value.as_deref().is_none_or(|wanted| wanted == value)
        })
    })
}

fn identity((set, name): &(DimensionSet, &str)) -> MetricIdentity {
    let dimensions = set.pairs().into_iter().map(|(name, value)| Dimension {
        name: name.to_owned(),
        value: Some(value.to_owned()),
    });
    MetricIdentity {
        namespace: Some(NAMESPACE.to_owned()),
        metric_name: Some((*name).to_owned()),
        dimensions: dimensions.collect(),
    }
}

fn active_since(recently_active: Option<&str>, now_s: i64) -> Result<i64, CloudWatchError> {
    match recently_active {
        None => Ok(i64::MIN),
        Some("PT3H") => Ok(now_s - RECENT_S),
        Some(other) => Err(CloudWatchError::BadValue {
            parameter: "RecentlyActive",
            value: other.to_owned(),
            allowed: "the only value is PT3H",
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        execution::record::{InvocationRecord, Outcome, Recorder as _},
        services::cloudwatch::{
            model::store::tests::{START, invocation},
            wire::value::to_json,
        },
    };

    fn list(store: &MetricStore, input: serde_json::Value) -> Vec<String> {
        let input = serde_json::from_value(input).unwrap();
        let found = metrics(&store.snapshot(0..0).series, &input, i64::MIN);
        found
            .iter()
            .map(|(set, name)| format!("{name} {:?}", set.pairs()))
            .collect()
    }

    fn busy_store() -> MetricStore {
        let store = MetricStore::default();
        store.record(invocation(0, Outcome::Success));
        let unqualified = InvocationRecord {
            qualifier: None,
            through_alias: false,
            ..invocation(0, Outcome::Success)
        };
        store.record(unqualified);
        store
    }

    #[test]
    fn every_metric_comes_with_every_set_of_dimensions_once() {
        let all = list(&busy_store(), json!({"MetricName": "Errors"}));
        assert_eq!(
            all,
            [
                "Errors []",
                r#"Errors [("FunctionName", "f")]"#,
                r#"Errors [("FunctionName", "f"), ("Resource", "f")]"#,
                r#"Errors [("FunctionName", "f"), ("Resource", "f:live")]"#,
                r#"Errors [("FunctionName", "f"), ("Resource", "f:live"), ("ExecutedVersion", "1")]"#,
            ]
        );
    }

    #[test]
    fn filters_narrow_by_name_and_by_value() {
        let store = busy_store();
        let by_name = json!({"MetricName": "Errors", "Dimensions": [{"Name": "ExecutedVersion"}]});
        assert_eq!(list(&store, by_name).len(), 1);
        let by_value = json!({"Dimensions": [{"Name": "Resource", "Value": "f:live"}, {"Name": "FunctionName"}]});
        assert_eq!(list(&store, by_value).len(), 8);
        assert!(list(&store, json!({"Namespace": "AWS/SQS"})).is_empty());
    }

    #[test]
    fn a_function_that_never_ran_has_throttles_only() {
        let store = MetricStore::default();
        store.record(invocation(0, Outcome::Throttle));
        assert!(
            list(&store, json!({}))
                .iter()
                .all(|metric| metric.starts_with("Throttles "))
        );
    }

    #[test]
    fn recently_active_leaves_old_metrics_out() {
        let store = busy_store();
        let input: ListMetricsInput =
            serde_json::from_value(json!({"RecentlyActive": "PT3H"})).unwrap();
        let count = |now_s| {
            let page = to_json(run(&store, &input, now_s).unwrap()).unwrap();
            page["Metrics"].as_array().unwrap().len()
        };
        assert!(count(START + RECENT_S) > 0);
        assert_eq!(count(START + RECENT_S + 1), 0);
    }

    #[test]
    fn long_lists_come_in_pages() {
        let store = MetricStore::default();
        for version in 0..200 {
            store.record(InvocationRecord {
                executed_version: version.to_string(),
                ..invocation(0, Outcome::Success)
            });
        }
        let mut token = None;
        let mut sizes = Vec::new();
        loop {
            let input = serde_json::from_value(json!({"NextToken": token})).unwrap();
            let page = to_json(run(&store, &input, START).unwrap()).unwrap();
            sizes.push(page["Metrics"].as_array().unwrap().len());
            match page.get("NextToken") {
                Some(next) => token = Some(next.clone()),
                None => break,
            }
        }
        // 200 versions with four metrics each, and those of the function and the alias.
        assert_eq!(sizes.iter().sum::<usize>(), 800 + 4 + 5 + 4);
        assert_eq!(sizes[0], 500);
    }

    #[test]
    fn a_foreign_token_is_refused() {
        assert_eq!(first_index(Some("!")), Err(CloudWatchError::BadToken));
        assert_eq!(first_index(Some("YWJj")), Err(CloudWatchError::BadToken));
    }
}
