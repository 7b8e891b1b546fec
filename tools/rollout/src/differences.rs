//! By how much the candidate differs from the baseline, with intervals (pure).

use std::fmt;

use serde::Serialize;

use crate::{
    comparison::Costs,
    judge::{
        Durations, Interval, Metric, Total, difference_of_durations, difference_of_means,
        difference_of_rates, ratio_of_means, ratio_of_quantiles,
    },
    metrics::Period,
    records,
    scope::Scope,
};

/// Intervals of candidate minus baseline. Each by itself holds with the confidence `1 − alpha`, over
/// all times at which it is looked at, if the difference is the same in all periods.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Differences {
    /// How often an interval may miss the truth.
    pub alpha: f64,
    /// Of the probabilities, metric by metric; those that were not counted are left out.
    pub rates: Vec<RateDifference>,
    /// Of the mean duration; only with a limit for slow invocations, and only of real halves.
    pub duration: Option<DurationDifference>,
    /// By what factor the mean duration differs, likewise.
    pub duration_ratio: Option<Ratio>,
    /// By what factor the mean cost of an invocation differs, likewise.
    pub cost_ratio: Option<Ratio>,
    /// What single records say of warm invocations.
    pub warm: Apart,
    /// What they say of cold starts, INIT included.
    pub cold: Apart,
}

/// What single records say of the durations of warm invocations, or of cold starts; nothing without records,
/// and nothing of an emulated half.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Apart {
    /// Of the mean duration: as narrow as the durations vary little.
    pub duration: Option<DurationDifference>,
    /// By what factor p50, p90 and p99 differ, in this order.
    pub percentiles: [Option<Interval>; 3],
}

/// The percentiles that are compared, as shares.
const SHARES: [f64; 3] = [0.5, 0.9, 0.99];

impl Apart {
    fn of(periods: &[Durations], limit_ms: Option<f64>, alpha: f64) -> Self {
        let duration = |limit_ms| {
            let interval_ms = difference_of_durations(periods, limit_ms, alpha)?;
            Some(DurationDifference {
                limit_ms,
                interval_ms,
            })
        };
        let sorted = [0, 1].map(|half| {
            let mut all: Vec<f64> = periods
                .iter()
                .flat_map(|p| p[half].iter().copied())
                .collect();
            all.sort_unstable_by(f64::total_cmp);
            all
        });
        let [baseline, candidate] = &sorted;
        Self {
            duration: limit_ms.and_then(duration),
            percentiles: SHARES
                .map(|share| ratio_of_quantiles([baseline, candidate], share, alpha)),
        }
    }
}

/// A difference of two probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RateDifference {
    /// Of what.
    pub metric: Metric,
    /// Between these.
    #[serde(flatten)]
    pub interval: Interval,
}

/// A difference of two mean durations in which every duration counts as at most `limit_ms`:
/// without a bound, one invocation in a million could move a mean by any amount.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DurationDifference {
    /// The most that a duration counts, in milliseconds.
    pub limit_ms: f64,
    /// Between these, in milliseconds.
    #[serde(flatten)]
    pub interval_ms: Interval,
}

/// A ratio of two means, candidate / baseline, in which every duration counts as at most `limit_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ratio {
    /// The most that a duration counts, in milliseconds.
    pub limit_ms: f64,
    /// Between these.
    #[serde(flatten)]
    pub interval: Interval,
}

impl Differences {
    /// From the periods that count; costs only when it is known what the halves are charged.
    #[must_use]
    pub fn of(
        periods: &[&Period],
        scope: &Scope,
        metrics: &[Metric],
        costs: Option<&Costs>,
        alpha: f64,
    ) -> Self {
        let rate = |&metric: &Metric| {
            let blocks = periods.iter().map(|period| period.blocks()[metric]);
            let interval = difference_of_rates(blocks, alpha)?;
            Some(RateDifference { metric, interval })
        };
        let duration = |limit_ms| {
            let totals = periods.iter().filter_map(|period| period.totals(limit_ms));
            let interval_ms = difference_of_means(totals, alpha)?.times(limit_ms);
            Some(DurationDifference {
                limit_ms,
                interval_ms,
            })
        };
        let duration_ratio = |limit_ms| {
            let totals = periods.iter().filter_map(|period| period.totals(limit_ms));
            let interval = ratio_of_means(totals, alpha)?;
            Some(Ratio { limit_ms, interval })
        };
        let cost_ratio = |limit_ms| {
            let costs = costs?;
            let totals = periods.iter().filter_map(|period| period.totals(limit_ms));
            let totals = totals.map(|totals| in_costs(totals, limit_ms, costs));
            let interval = ratio_of_means(totals, alpha)?;
            Some(Ratio { limit_ms, interval })
        };
        Self {
            alpha,
            rates: metrics.iter().filter_map(rate).collect(),
            duration: scope.slow_ms().and_then(duration),
            duration_ratio: scope.slow_ms().and_then(duration_ratio),
            cost_ratio: scope.slow_ms().and_then(cost_ratio),
            warm: Apart::default(),
            cold: Apart::default(),
        }
    }

    /// With what single records say; an emulated half's say nothing about time.
    #[must_use]
    pub fn and_of_records(self, periods: &[&records::Period], scope: &Scope) -> Self {
        if matches!(scope, Scope::Emulated { .. }) {
            return self;
        }
        let apart = |cold| {
            let durations: Vec<_> = periods
                .iter()
                .map(|period| period.durations(cold))
                .collect();
            Apart::of(&durations, scope.slow_ms(), self.alpha)
        };
        Self {
            warm: apart(false),
            cold: apart(true),
            ..self
        }
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rates.is_empty() && self.duration.is_none()
    }
}

/// Durations in units of the limit as costs in units of the most that an invocation can cost.
fn in_costs(totals: [Total; 2], limit_ms: f64, costs: &Costs) -> [Total; 2] {
    let most_usd = costs.most_usd(limit_ms);
    [0, 1].map(|half| {
        let Total { invocations, sum } = totals[half];
        Total {
            invocations,
            sum: costs.total_usd(half, invocations, sum * limit_ms) / most_usd,
        }
    })
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Candidate minus baseline, with {}% confidence however often one looks",
            (1.0 - self.alpha) * 100.0
        )?;
        for (index, RateDifference { metric, interval }) in self.rates.iter().enumerate() {
            let sign = if index == 0 { ":" } else { ";" };
            let Interval { low, high } = interval.times(100.0);
            write!(f, "{sign} {metric} {low:+.2} to {high:+.2} points")?;
        }
        if let Some(DurationDifference {
            limit_ms,
            interval_ms: Interval { low, high },
        }) = self.duration
        {
            write!(
                f,
                "; mean duration {low:+.2} to {high:+.2} ms, with each invocation counted as at most \
                 {limit_ms} ms, as in the intervals of its ratio and that of the cost"
            )?;
        }
        for (what, apart) in [("warm", &self.warm), ("cold", &self.cold)] {
            if let Some(DurationDifference {
                interval_ms: Interval { low, high },
                ..
            }) = apart.duration
            {
                write!(f, "; {what} ones alone {low:+.2} to {high:+.2} ms")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::metrics::{Sample, TimeCounts};

    /// Each of 1,000 and 250 invocations; the candidate is 1 ms slower and fails no more often.
    fn period() -> Period {
        let half = |invocations, mean_ms: f64| Sample {
            invocations,
            errors: Some(0),
            throttles: None,
            duration: None,
            time: TimeCounts {
                measured: Some(invocations),
                fast: Some(invocations),
                slow: Some(0),
                fast_sum_ms: Some(mean_ms * invocations as f64),
            },
        };
        Period {
            start: DateTime::UNIX_EPOCH,
            halves: [half(1_000, 4.0), half(250, 5.0)],
            counted: None,
        }
    }

    #[test]
    fn differences_are_given_in_points_and_milliseconds() {
        let period = period();
        let slow_ms = 20.0;
        let differences = Differences::of(
            &[&period; 300],
            &Scope::Judged { slow_ms },
            Metric::ALL,
            None,
            0.05,
        );
        let duration = differences.duration.expect("a difference");
        let Interval { low, high } = duration.interval_ms;
        assert!(
            0.5 < low && low < 1.0 && 1.0 < high && high < 1.5,
            "{low} {high}"
        );
        let metrics: Vec<_> = differences.rates.iter().map(|rate| rate.metric).collect();
        assert_eq!(metrics, [Metric::Errors, Metric::Slow]);
        let text = differences.to_string();
        assert!(text.contains("with 95% confidence"), "{text}");
        assert!(text.contains(": errors -0.0"), "{text}");
        assert!(
            text.contains("ms, with each invocation counted as at most 20 ms"),
            "{text}"
        );
    }

    #[test]
    fn without_a_limit_there_is_no_difference_of_durations() {
        let period = period();
        let differences = Differences::of(
            &[&period; 3],
            &Scope::Unset,
            Metric::WITHOUT_TIME,
            None,
            0.05,
        );
        assert_eq!(differences.duration, None);
    }

    #[test]
    fn without_periods_there_is_nothing_to_say() {
        assert!(Differences::of(&[], &Scope::Unset, Metric::WITHOUT_TIME, None, 0.05).is_empty());
    }
}
