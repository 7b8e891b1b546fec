//! Which state an alarm is in, by the values of its last periods: a pure function.
//!
//! CloudWatch retrieves more datapoints than the evaluation periods have, to replace missing ones; here an alarm uses the
//! datapoints of its evaluation periods only.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    definition::{Definition, Missing, Query, Source},
    state::{State, StateValue},
};
use crate::{
    aws,
    services::cloudwatch::model::store::{MetricStore, View},
};

/// The value of an alarm in one period, if there is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Datapoint {
    /// When the period began, in seconds since the epoch.
    pub(super) start_s: i64,
    pub(super) value: Option<f64>,
}

/// The state that an alarm goes into, by its last periods.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StateChange {
    pub(super) value: StateValue,
    /// For people, in AWS's words.
    pub(super) reason: String,
    /// The same for machines.
    pub(super) reason_data: Value,
}

impl StateChange {
    /// The state, from now on.
    pub(super) fn into_state(self, now: DateTime<Utc>) -> State {
        State {
            value: self.value,
            reason: self.reason,
            reason_data: Some(self.reason_data),
            since: now,
        }
    }
}

impl Definition {
    /// The values of the last periods, the newest first. Periods slide: the last one ends now, or where samples that come
    /// late end.
    pub(super) fn datapoints(&self, store: &MetricStore, now_s: i64) -> Vec<Datapoint> {
        let end_s = store.complete_until(now_s);
        let view = store.read(now_s);
        let periods = (0..).take(self.evaluation_periods);
        let starts = periods.map(|back| end_s - (back + 1) * self.period_s);
        starts
            .map(|start_s| Datapoint {
                start_s,
                value: self.value(&view, start_s),
            })
            .collect()
    }

    fn value(&self, view: &View<'_>, start_s: i64) -> Option<f64> {
        let value_of = |query: &Query| self.metric_value(view, query, start_s);
        let returned = self.queries.get(self.returned)?;
        match &returned.source {
            Source::Metric(..) => value_of(returned),
            Source::Expression(expression) => expression.value(&|id| {
                let mut queries = self.queries.iter();
                queries.find(|query| query.id == id).and_then(value_of)
            }),
        }
    }

    fn metric_value(&self, view: &View<'_>, query: &Query, start_s: i64) -> Option<f64> {
        let Source::Metric(Some(selected), statistic) = &query.source else {
            return None;
        };
        let seconds = start_s..start_s + self.period_s;
        // One period that holds them all, wherever it begins.
        let mut units = view.periods(&selected.id, &seconds, i64::MAX);
        units.retain(|unit, _| selected.unit.is_none_or(|asked| asked == *unit));
        let samples = units.into_values().next()?.into_values().next()?;
        statistic.evaluate(&samples)
    }

    /// The state that these values lead to; none when it stays as it is.
    pub(super) fn evaluate(
        &self,
        datapoints: &[Datapoint],
        before: StateValue,
        now: DateTime<Utc>,
    ) -> Option<StateChange> {
        let known: Vec<_> = datapoints
            .iter()
            .filter(|point| point.value.is_some())
            .collect();
        let breaching = |point: &&&Datapoint| {
            let value = point.value.unwrap_or_default();
            self.comparison.breaches(value, self.threshold)
        };
        let missing = datapoints.len() - known.len();
        let bad = known.iter().filter(breaching).count()
            + if self.missing == Missing::Breaching {
                missing
            } else {
                0
            };
        let value = match self.missing {
            Missing::Ignore if known.is_empty() => return None,
            Missing::Unknown if known.is_empty() => StateValue::InsufficientData,
            _ if bad >= self.datapoints_to_alarm => StateValue::Alarm,
            _ => StateValue::Ok,
        };
        (value != before).then(|| StateChange {
            value,
            reason: self.reason(&known, value, before),
            reason_data: self.reason_data(&known, now),
        })
    }

    fn reason(&self, known: &[&Datapoint], value: StateValue, before: StateValue) -> String {
        if known.is_empty() {
            let treated = match self.missing {
                Missing::Breaching => "and 1 missing datapoint was treated as [Breaching]",
                Missing::NotBreaching => "and 1 missing datapoint was treated as [NonBreaching]",
                Missing::Ignore | Missing::Unknown => {
                    return "Insufficient Data: no datapoints were received".to_owned();
                }
            };
            return format!("Threshold Crossed: no datapoints were received {treated}.");
        }
        let shown: Vec<_> = known
            .iter()
            .map(|point| {
                let time = DateTime::from_timestamp(point.start_s, 0).unwrap_or_default();
                let value = point.value.unwrap_or_default();
                format!("{value:?} ({})", time.format("%d/%m/%y %H:%M:%S"))
            })
            .collect();
        let negation = if value == StateValue::Alarm {
            ""
        } else {
            "not "
        };
        format!(
            "Threshold Crossed: {} out of the last {} datapoints [{}] was {negation}{} the threshold ({:?}) \
             (minimum {} datapoint for {before} -> {value} transition).",
            known.len(),
            self.evaluation_periods,
            shown.join(", "),
            self.comparison.words(),
            self.threshold,
            self.datapoints_to_alarm,
        )
    }

    fn reason_data(&self, known: &[&Datapoint], now: DateTime<Utc>) -> Value {
        let oldest = known
            .last()
            .and_then(|point| DateTime::from_timestamp(point.start_s, 0));
        let values: Vec<_> = known.iter().rev().map(|point| point.value).collect();
        json!({
            "version": "1.0",
            "queryDate": aws::timestamp(now),
            "startDate": oldest.map(aws::timestamp),
            "period": self.period_s,
            "recentDatapoints": values,
            "threshold": self.threshold,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::cloudwatch::{
        alarms::definition::Comparison, model::statistic::Statistic,
    };

    fn definition(evaluation_periods: usize, datapoints: usize, missing: Missing) -> Definition {
        Definition {
            queries: vec![Query {
                id: "m".to_owned(),
                source: Source::Metric(None, Statistic::Sum),
            }],
            returned: 0,
            period_s: 60,
            evaluation_periods,
            datapoints_to_alarm: datapoints,
            threshold: 10.0,
            comparison: Comparison::Greater,
            missing,
        }
    }

    /// The state after `OK`, given the values, the newest first; `None` is a missing one.
    fn state(definition: &Definition, values: &[Option<f64>]) -> StateValue {
        let points: Vec<_> = values
            .iter()
            .map(|&value| Datapoint { start_s: 0, value })
            .collect();
        let change = definition.evaluate(&points, StateValue::Ok, Utc::now());
        change.map_or(StateValue::Ok, |change| change.value)
    }

    #[test]
    fn as_many_periods_as_asked_for_must_breach() {
        let two_of_three = definition(3, 2, Missing::Unknown);
        let high = Some(11.0);
        let low = Some(10.0);
        assert_eq!(state(&two_of_three, &[high, low, high]), StateValue::Alarm);
        assert_eq!(state(&two_of_three, &[high, low, low]), StateValue::Ok);
        assert_eq!(state(&two_of_three, &[high, None, high]), StateValue::Alarm);
    }

    #[test]
    fn what_a_missing_period_counts_as_is_as_asked_for() {
        for (missing, expected) in [
            (Missing::Breaching, StateValue::Alarm),
            (Missing::NotBreaching, StateValue::Ok),
            (Missing::Ignore, StateValue::Ok),
            (Missing::Unknown, StateValue::InsufficientData),
        ] {
            assert_eq!(state(&definition(1, 1, missing), &[None]), expected);
        }
    }

    #[test]
    fn a_state_that_stays_is_no_verdict() {
        let points = [Datapoint {
            start_s: 0,
            value: Some(99.0),
        }];
        let alarm = definition(1, 1, Missing::Unknown);
        assert!(
            alarm
                .evaluate(&points, StateValue::Ok, Utc::now())
                .is_some()
        );
        assert_eq!(alarm.evaluate(&points, StateValue::Alarm, Utc::now()), None);
    }

    #[test]
    fn the_reason_is_in_awss_words() {
        let points = [Datapoint {
            start_s: 1_570_035_540,
            value: Some(99.5),
        }];
        let change =
            definition(1, 1, Missing::Unknown).evaluate(&points, StateValue::Ok, Utc::now());
        assert_eq!(
            change.unwrap().reason,
            "Threshold Crossed: 1 out of the last 1 datapoints [99.5 (02/10/19 16:59:00)] was greater than the \
             threshold (10.0) (minimum 1 datapoint for OK -> ALARM transition)."
        );
    }
}
