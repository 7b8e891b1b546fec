//! `ListMetrics`: which metrics there are.

use ciborium::value::Value;
use serde::Serialize;

use crate::{
    aws::paging,
    services::cloudwatch::{
        error::CloudWatchError,
        model::{metric::MetricId, store::MetricStore},
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
    let since_s = active_since(input.recently_active.as_deref(), now_s)?;
    let from = first_index(input.next_token.as_deref())?;
    let view = store.read(now_s);
    let mut metrics: Vec<_> = view.metrics_since(since_s).collect();
    metrics.retain(|id| is_wanted(id, input));
    metrics.sort_unstable();
    let page = paging::page(&metrics, from, PAGE);
    Ok(to_value(&ListMetricsOutput {
        metrics: page.items.into_iter().map(|id| identity(id)).collect(),
        next_token: page.next.map(paging::token),
    }))
}

/// Whether a metric passes every filter. Further dimensions than those of the filters do no harm.
fn is_wanted(id: &MetricId, input: &ListMetricsInput) -> bool {
    let is = |wanted: &Option<String>, value: &str| {
        wanted.as_deref().is_none_or(|wanted| wanted == value)
    };
    let has = |filter: &Dimension| {
        let mut pairs = id.dimensions.iter();
        pairs.any(|(name, value)| *name == filter.name && is(&filter.value, value))
    };
    is(&input.namespace, &id.namespace)
        && is(&input.metric_name, &id.name)
        && input.dimensions.iter().all(has)
}

fn identity(id: &MetricId) -> MetricIdentity {
    let dimensions = id.dimensions.iter().map(|(name, value)| Dimension {
        name: name.clone(),
        value: Some(value.clone()),
    });
    MetricIdentity {
        namespace: Some(id.namespace.clone()),
        metric_name: Some(id.name.clone()),
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
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::{
        execution::record::{InvocationRecord, Outcome, Recorder as _},
        services::cloudwatch::{
            model::{
                lambda::tests::{START, invocation, metrics},
                store::MetricStore,
            },
            wire::value::to_json,
        },
    };

    /// Name and dimensions of what is listed.
    fn list(store: &MetricStore, input: serde_json::Value) -> Vec<String> {
        let input = serde_json::from_value(input).unwrap();
        let page = to_json(run(store, &input, START).unwrap()).unwrap();
        let metrics = page["Metrics"].as_array().unwrap().iter();
        metrics
            .map(|metric| {
                let dimensions = metric["Dimensions"].as_array().unwrap().iter();
                let dimensions = dimensions
                    .map(|pair| format!(" {}={}", pair["Name"], pair["Value"]))
                    .collect::<String>();
                format!("{}{dimensions}", metric["MetricName"]).replace('"', "")
            })
            .collect()
    }

    fn busy_store() -> Arc<MetricStore> {
        let (store, metrics) = metrics();
        metrics.record(invocation(0, Outcome::Success));
        let unqualified = InvocationRecord {
            qualifier: None,
            through_alias: false,
            ..invocation(0, Outcome::Success)
        };
        metrics.record(unqualified);
        store
    }

    #[test]
    fn every_metric_comes_with_every_set_of_dimensions_once() {
        let all = list(&busy_store(), json!({"MetricName": "Errors"}));
        assert_eq!(
            all,
            [
                "Errors",
                "Errors FunctionName=f",
                "Errors FunctionName=f Resource=f",
                "Errors FunctionName=f Resource=f:live",
                "Errors FunctionName=f Resource=f:live ExecutedVersion=1",
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
        let (store, metrics) = metrics();
        metrics.record(invocation(0, Outcome::Throttle));
        assert!(
            list(&store, json!({}))
                .iter()
                .all(|metric| metric.starts_with("Throttles"))
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
        let (store, metrics) = metrics();
        for version in 0..200 {
            metrics.record(InvocationRecord {
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
