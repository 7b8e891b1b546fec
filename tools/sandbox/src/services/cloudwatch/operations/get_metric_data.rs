//! `GetMetricData`: statistics of metrics over time.
//!
//! `request.rs` checks what is asked for; here it is looked up and put into pages.

mod request;

use std::ops::Range;

use ciborium::{tag::Required, value::Value};
use serde::Serialize;

pub(super) use self::request::check_period;
use self::request::{Cursor, Query, Request};
use crate::services::cloudwatch::{
    error::CloudWatchError,
    model::store::{MetricStore, Periods, SECONDS_KEPT_S, View},
    wire::{
        input::GetMetricDataInput,
        value::{Time, to_value},
    },
};

type Point = (i64, f64);

/// The data points of one query, and what is said about them.
#[derive(Debug, Default)]
struct Points {
    points: Vec<Point>,
    message: Option<Message>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    code: &'static str,
    value: String,
}

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
    messages: Option<Vec<Message>>,
}

/// Answers the request.
pub(super) fn run(
    store: &MetricStore,
    input: &GetMetricDataInput,
    now_s: i64,
) -> Result<Value, CloudWatchError> {
    let request = Request::check(input)?;
    let view = store.read(now_s);
    let page = request.page(|query| request.points(query, &view, now_s));
    Ok(to_value(&page))
}

impl Request {
    /// The data points of one query in the order asked for. Of a metric with several units CloudWatch takes the one whose
    /// name is first, and says so (seen in recorded answers).
    fn points(&self, query: &Query, view: &View<'_>, now_s: i64) -> Points {
        let too_fine = query.period_s < 60 && self.seconds.start < now_s - SECONDS_KEPT_S;
        let Some(selected) = query.selected.as_ref().filter(|_| !too_fine) else {
            return Points::default();
        };
        let seconds = query.seconds(&self.seconds);
        let mut units = view.periods(&selected.id, &seconds, query.period_s);
        units.retain(|unit, _| selected.unit.is_none_or(|asked| asked == *unit));
        let message = (units.len() > 1).then(|| {
            let units: Vec<_> = units.keys().map(|unit| unit.as_str()).collect();
            Message {
                code: "MultipleUnits",
                value: format!("Multiple units returned: '[{}]'", units.join(", ")),
            }
        });
        let periods: Periods = units.into_values().next().unwrap_or_default();
        let points = periods
            .into_iter()
            .filter_map(|(start, samples)| Some((start, query.statistic.evaluate(&samples)?)));
        let mut points: Vec<_> = points.collect();
        if self.newest_first {
            points.reverse();
        }
        Points { points, message }
    }

    /// One page of results, as many points as fit, and the token of the next page.
    fn page(&self, points_of: impl Fn(&Query) -> Points) -> GetMetricDataOutput {
        let mut left = self.max_datapoints;
        let mut next = None;
        let mut results = Vec::new();
        for (position, query) in self.queries.iter().enumerate().skip(self.from.query) {
            if !query.returned {
                continue;
            }
            if next.is_some() {
                results.push(query.result(&[], true, None));
                continue;
            }
            let after = self.from.after.filter(|_| position == self.from.query);
            let Points {
                mut points,
                message,
            } = points_of(query);
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
            results.push(query.result(shown, partial, message));
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

    fn result(
        &self,
        points: &[Point],
        partial: bool,
        message: Option<Message>,
    ) -> MetricDataResult {
        let points = points.iter().map(|&(time, value)| (Required(time), value));
        let (timestamps, values) = points.unzip();
        MetricDataResult {
            id: self.id.clone(),
            label: self.label.clone(),
            timestamps,
            values,
            status_code: if partial { "PartialData" } else { "Complete" },
            messages: message.map(|message| vec![message]),
        }
    }
}

#[cfg(test)]
mod tests;
