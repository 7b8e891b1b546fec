//! By how much the candidate differs from the baseline, with intervals.

use std::fmt;

use serde::Serialize;

use super::prices::{Costs, MEAN_ROUNDING_MS};
use crate::{aws::metrics::Period, delivery::scope::Scope};
use analysis::{Interval, Metric, Total, difference_of_means, difference_of_rates, ratio_of_means};

/// Intervals of candidate minus baseline. Each by itself holds with the confidence `1 − alpha`, over
/// all times at which it is looked at, if the difference is the same in all periods.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Differences {
    /// The probability that an interval misses the true difference.
    pub alpha: f64,
    /// Differences of probabilities, metric by metric; metrics that were not counted are left out.
    pub rates: Vec<RateDifference>,
    /// Durations count as at most this in a mean; `None` when a version is emulated.
    pub limit: Option<Limit>,
    /// Difference of the mean durations; only with a limit, and only when neither version is emulated.
    pub duration: Option<DurationDifference>,
    /// Ratio of the mean durations, likewise.
    pub duration_ratio: Option<Ratio>,
    /// Ratio of the mean costs of an invocation, likewise.
    pub cost_ratio: Option<Ratio>,
}

/// Which limit durations are cut at in a mean: without one, one invocation in a million could move
/// it by any amount.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "limit_is", rename_all = "snake_case")]
pub enum Limit {
    /// The limit for slow invocations.
    Slow {
        /// In milliseconds.
        limit_ms: f64,
    },
    /// The time limit of the function, which does not say what slow is: no duration is longer, and the
    /// intervals are wide.
    Timeout {
        /// In milliseconds.
        limit_ms: f64,
    },
}

impl Limit {
    const fn ms(self) -> f64 {
        match self {
            Self::Slow { limit_ms } | Self::Timeout { limit_ms } => limit_ms,
        }
    }

    /// The durations of a period in units of the limit.
    fn totals(self, period: &Period) -> Option<[Total; 2]> {
        match self {
            Self::Slow { limit_ms } => period.totals(limit_ms),
            Self::Timeout { limit_ms } => period.averages(limit_ms),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.ms())?;
        if matches!(self, Self::Timeout { .. }) {
            f.write_str(
                ", the function's time limit (with slow_ms all of these intervals are narrower)",
            )?;
        }
        Ok(())
    }
}

/// A difference of two probabilities.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RateDifference {
    /// Which metric.
    pub metric: Metric,
    /// What it is called.
    pub name: String,
    /// The interval.
    #[serde(flatten)]
    pub interval: Interval,
}

/// A difference of two mean durations in which every duration counts as at most `limit_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DurationDifference {
    /// Durations count as at most this, in milliseconds.
    pub limit_ms: f64,
    /// The interval, in milliseconds.
    #[serde(flatten)]
    pub interval_ms: Interval,
}

/// A ratio of two means, candidate / baseline, in which every invocation counts as at most `limit_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ratio {
    /// Durations, and billed durations, count as at most this, in milliseconds.
    pub limit_ms: f64,
    /// The interval.
    #[serde(flatten)]
    pub interval: Interval,
}

impl Differences {
    /// From the periods that count; costs only when it is known what the versions are charged.
    #[must_use]
    pub fn new(
        periods: &[&Period],
        limit: Option<Limit>,
        scope: &Scope,
        costs: Option<&Costs>,
        alpha: f64,
    ) -> Self {
        let rate = |metric: Metric| {
            let blocks = periods.iter().map(|period| period.blocks()[metric]);
            Some(RateDifference {
                metric,
                name: scope.name(metric),
                interval: difference_of_rates(blocks, alpha)?,
            })
        };
        let of_limit = limit.map(|limit| OfLimit {
            limit_ms: limit.ms(),
            totals: periods
                .iter()
                .filter_map(|period| limit.totals(period))
                .collect(),
            alpha,
        });
        let of_limit = of_limit.as_ref();
        Self {
            alpha,
            rates: scope.metrics().iter().filter_map(rate).collect(),
            limit,
            duration: of_limit.and_then(OfLimit::duration),
            duration_ratio: of_limit.and_then(OfLimit::ratio),
            cost_ratio: of_limit
                .and_then(|of_limit| of_limit.estimated_billing().in_costs(costs?).ratio()),
        }
    }

    /// How much an invocation counts in the interval of the cost, in words.
    fn cost_limit(&self) -> String {
        match self.cost_ratio {
            Some(Ratio { limit_ms, .. }) => {
                format!("; in that of the cost, as billed for at most {limit_ms} ms")
            }
            None => String::new(),
        }
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rates.is_empty() && self.duration.is_none()
    }
}

/// A quantity of every invocation of every period, in units of its limit.
struct OfLimit {
    limit_ms: f64,
    totals: Vec<[Total; 2]>,
    alpha: f64,
}

impl OfLimit {
    fn duration(&self) -> Option<DurationDifference> {
        let interval = difference_of_means(self.totals.iter().copied(), self.alpha)?;
        Some(DurationDifference {
            limit_ms: self.limit_ms,
            interval_ms: interval.times(self.limit_ms),
        })
    }

    fn ratio(&self) -> Option<Ratio> {
        Some(Ratio {
            limit_ms: self.limit_ms,
            interval: ratio_of_means(self.totals.iter().copied(), self.alpha)?,
        })
    }

    /// Durations as the time that they are billed for.
    fn estimated_billing(&self) -> Self {
        let most_ms = self.limit_ms + MEAN_ROUNDING_MS;
        let billed = |Total { invocations, sum }| Total {
            invocations,
            sum: (sum * self.limit_ms + MEAN_ROUNDING_MS * invocations) / most_ms,
        };
        Self {
            limit_ms: most_ms,
            totals: self
                .totals
                .iter()
                .map(|versions| versions.map(billed))
                .collect(),
            alpha: self.alpha,
        }
    }

    /// Billed time as what it costs, in units of the most that an invocation can cost.
    fn in_costs(self, costs: &Costs) -> Self {
        let most_usd = costs.most_usd(self.limit_ms);
        let cost = |version: usize, Total { invocations, sum }: Total| Total {
            invocations,
            sum: costs.total_usd(version, invocations, sum * self.limit_ms) / most_usd,
        };
        let totals = self.totals.iter();
        let totals = totals.map(|[baseline, candidate]| [cost(0, *baseline), cost(1, *candidate)]);
        Self {
            totals: totals.collect(),
            ..self
        }
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Candidate minus baseline, with {}% confidence however often one looks",
            (1.0 - self.alpha) * 100.0
        )?;
        for (index, RateDifference { name, interval, .. }) in self.rates.iter().enumerate() {
            let sign = if index == 0 { ":" } else { ";" };
            let Interval { low, high } = interval.times(100.0);
            write!(f, "{sign} {name} {low:+.2} to {high:+.2} points")?;
        }
        if let (Some(difference), Some(limit)) = (self.duration, self.limit) {
            let Interval { low, high } = difference.interval_ms;
            write!(
                f,
                "; mean duration {low:+.2} to {high:+.2} ms, with each invocation counted as at most {limit}, as in \
                 the interval of its ratio{}",
                self.cost_limit()
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{
        aws::metrics::{Sample, TimeCounts},
        delivery::scope::Time,
    };

    fn scope(time: Time) -> Scope {
        Scope {
            time,
            counted: Vec::new(),
        }
    }

    /// Each of 1,000 and 250 invocations; the candidate is 1 ms slower and fails no more often.
    fn period() -> Period {
        let version = |invocations: u64, mean_ms: f64| Sample {
            invocations,
            errors: Some(0),
            throttles: None,
            duration: None,
            time: TimeCounts {
                measured: Some(invocations as f64),
                fast: Some(invocations as f64),
                slow: Some(0.0),
                fast_sum_ms: Some(mean_ms * invocations as f64),
            },
            ..Sample::default()
        };
        Period {
            start: DateTime::UNIX_EPOCH,
            versions: [version(1_000, 4.0), version(250, 5.0)],
            alias: 1_250.0,
            sources: Default::default(),
        }
    }

    #[test]
    fn differences_are_given_in_points_and_milliseconds() {
        let period = period();
        let differences = Differences::new(
            &[&period; 300],
            Some(Limit::Slow { limit_ms: 20.0 }),
            &scope(Time::WithTime { slow_ms: 20.0 }),
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
        assert_eq!(metrics, [Metric::Errors, Metric::Throttles, Metric::Slow]);
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
        let differences =
            Differences::new(&[&period; 3], None, &scope(Time::NoSlowLimit), None, 0.05);
        assert_eq!(differences.duration, None);
    }

    #[test]
    fn a_function_that_does_not_say_what_slow_is_is_compared_within_its_time_limit() {
        let [baseline, candidate] = period().versions;
        let average = |sample: Sample, average_ms| Sample {
            duration: Some(crate::aws::metrics::Durations {
                average_ms,
                ..Default::default()
            }),
            time: TimeCounts::default(),
            ..sample
        };
        let period = Period {
            versions: [average(baseline, 40.0), average(candidate, 50.0)],
            ..period()
        };
        let limit_ms = 1_000.0;
        let differences = Differences::new(
            &[&period; 300],
            Some(Limit::Timeout { limit_ms }),
            &scope(Time::NoSlowLimit),
            None,
            0.05,
        );
        let Interval { low, high } = differences.duration.expect("a difference").interval_ms;
        assert!(
            0.0 < low && low < 10.0 && 10.0 < high && high < 20.0,
            "{low} {high}"
        );
        let ratio = differences.duration_ratio.expect("a ratio").interval;
        assert!(ratio.low < 1.25 && 1.25 < ratio.high, "{ratio:?}");
        let text = differences.to_string();
        assert!(
            text.contains("at most 1000 ms, the function's time limit"),
            "{text}"
        );
    }

    #[test]
    fn without_periods_there_is_nothing_to_say() {
        assert!(Differences::new(&[], None, &scope(Time::NoSlowLimit), None, 0.05).is_empty());
    }
}
