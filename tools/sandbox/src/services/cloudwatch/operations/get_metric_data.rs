//! `GetMetricData`: statistics of metrics over time.
//!
//! `request.rs` checks what is asked for; here it is looked up and put into pages.

pub(super) mod request;

use std::ops::Range;

use ciborium::{tag::Required, value::Value};
use serde::Serialize;

use self::request::{Cursor, Query, Request};
use crate::services::cloudwatch::{
    error::CloudWatchError,
    model::{
        distribution::Distribution,
        store::{MetricStore, Snapshot},
    },
    wire::{
        input::GetMetricDataInput,
        value::{Time, to_value},
    },
};

/// How long ago a request may start that asks for periods under a minute.
const HIGH_RESOLUTION_S: i64 = 3 * 60 * 60;

type Point = (i64, f64);

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetMetricDataOutput {
    metric_data_results: Vec<MetricDataResult>,
    messages: [&'static str; 0],
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MetricDataResult {
    id: String,
    label: String,
    timestamps: Vec<Time>,
    values: Vec<f64>,
    status_code: &'static str,
}

/// Answers the request.
pub(super) fn run(
    store: &MetricStore,
    input: &GetMetricDataInput,
    now_s: i64,
) -> Result<Value, CloudWatchError> {
    let request = Request::check(input)?;
    let snapshot = store.snapshot(request.span());
    let page = request.page(|query| request.points(query, &snapshot, now_s));
    Ok(to_value(&page))
}

impl Request {
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
            Some((start, query.statistic.evaluate(&samples)?))
        });
        let mut points: Vec<_> = points.collect();
        if self.newest_first {
            points.reverse();
        }
        points
    }

    /// One page of results, as many points as fit, and the token of the next page.
    fn page(&self, points_of: impl Fn(&Query) -> Vec<Point>) -> GetMetricDataOutput {
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
        GetMetricDataOutput {
            metric_data_results: results,
            messages: [],
            next_token: next.map(Cursor::to_token),
        }
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
    /// The whole periods that begin before the end, with the one that the start lies in.
    fn seconds(&self, asked: &Range<i64>) -> Range<i64> {
        let period_s = self.period_s;
        let start = asked.start - asked.start.rem_euclid(period_s);
        let last = asked.end - 1;
        start..last - last.rem_euclid(period_s) + period_s
    }

    fn result(&self, points: &[Point], partial: bool) -> MetricDataResult {
        let points = points.iter().map(|&(time, value)| (Required(time), value));
        let (timestamps, values) = points.unzip();
        MetricDataResult {
            id: self.id.clone(),
            label: self.label.clone(),
            timestamps,
            values,
            status_code: if partial { "PartialData" } else { "Complete" },
        }
    }
}

#[cfg(test)]
mod tests;
