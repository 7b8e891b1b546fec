//! Quantiles and means with intervals. The number of invocations is fixed before the first of them,
//! so these are ordinary intervals of a fixed sample, not the kind that may be looked at all the time.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::Serialize;
use statrs::distribution::{Binomial, DiscreteCDF as _};

/// The probability that an interval misses the true value.
pub(super) const ALPHA: f64 = 0.05;

/// How many bootstrap samples are drawn: enough for two digits of a 95% interval (B. Efron,
/// R. Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3, wants 1,000).
const RESAMPLES: usize = 2_000;

/// A value with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The value in the sample.
    pub value: f64,
    /// Not below this with 95% confidence, together with `high`; none when the sample is too small.
    pub low: Option<f64>,
    /// Not above this.
    pub high: Option<f64>,
}

/// A quantile with an exact interval from two of the sorted values, whatever their distribution is:
/// the number of values at or below the true quantile is binomial (H. A. David, H. N. Nagaraja,
/// "Order Statistics", 3rd edition, 2003, section 7.1). `None` of no values.
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> Option<Estimate> {
    let n = sorted.len() as u64;
    let rank = ((share * n as f64).ceil() as usize).clamp(1, sorted.len().max(1));
    let value = *sorted.get(rank - 1)?;
    let below = Binomial::new(share, n).ok()?;
    // Rank k, from 1, is above the quantile only if at most k - 1 values are at or below it.
    let is_low = |k: &usize| below.cdf(*k as u64 - 1) <= ALPHA / 2.0;
    let is_high = |k: &usize| 1.0 - below.cdf(*k as u64 - 1) <= ALPHA / 2.0;
    Some(Estimate {
        value,
        low: (1..=rank).rev().find(is_low).map(|k| sorted[k - 1]),
        high: (rank..=sorted.len()).find(is_high).map(|k| sorted[k - 1]),
    })
}

/// Means of all targets in bootstrap samples, drawn round by round, so that what happened to all targets
/// of a round stays together. `rounds` has, round by round, what each target showed, if it did.
#[derive(Debug, Clone)]
pub struct Resampled {
    /// A row per sample, a mean per target; none where a target has no values in it.
    pub samples: Vec<Vec<Option<f64>>>,
}

/// Draws the samples; the same seed draws the same ones.
#[must_use]
pub fn mean_intervals(rounds: &[Vec<Option<f64>>], seed: u64) -> Resampled {
    let mut random = StdRng::seed_from_u64(seed);
    let targets = rounds.first().map_or(0, Vec::len);
    let draw = |_| {
        let mut sums = vec![(0.0, 0u32); targets];
        for _ in rounds {
            let round = &rounds[random.random_range(0..rounds.len())];
            for ((sum, n), value) in sums.iter_mut().zip(round) {
                *sum += value.unwrap_or(0.0);
                *n += u32::from(value.is_some());
            }
        }
        let mean = |(sum, n)| (n > 0).then(|| sum / f64::from(n));
        sums.into_iter().map(mean).collect()
    };
    Resampled {
        samples: (0..RESAMPLES).map(draw).collect(),
    }
}

impl Resampled {
    /// The interval of one target's mean around its value: the middle 95 in 100 of the samples.
    #[must_use]
    pub fn of(&self, target: usize, value: f64) -> Estimate {
        middle(self.samples.iter().filter_map(|s| s[target]), value)
    }

    /// The same of the ratio of two targets' means, the second divided by the first.
    #[must_use]
    pub fn ratio(&self, [below, above]: [usize; 2], value: f64) -> Estimate {
        let ratio = |sample: &Vec<Option<f64>>| Some(sample[above]? / sample[below]?);
        middle(self.samples.iter().filter_map(ratio), value)
    }
}

/// The middle 95 in 100 of some values, around one.
fn middle(values: impl Iterator<Item = f64>, value: f64) -> Estimate {
    let mut means: Vec<f64> = values.collect();
    means.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (share * means.len() as f64) as usize;
        means.get(place.min(means.len().saturating_sub(1))).copied()
    };
    Estimate {
        value,
        low: at(ALPHA / 2.0),
        high: at(1.0 - ALPHA / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_distr::{Distribution as _, Exp};

    use super::*;

    #[test]
    fn a_quantile_is_a_value_of_the_sample_and_its_interval_is_exact() {
        // Of 100 values the 40th and the 61st enclose the median with 95%: a value from the tables of
        // the binomial distribution.
        let sorted: Vec<f64> = (1..=100).map(f64::from).collect();
        let median = quantile(&sorted, 0.5).unwrap();
        assert_eq!(median.value, 50.0);
        assert_eq!((median.low, median.high), (Some(40.0), Some(61.0)));
    }

    #[test]
    fn fifty_values_have_no_upper_bound_of_their_99th_percentile() {
        let sorted: Vec<f64> = (1..=50).map(f64::from).collect();
        let p99 = quantile(&sorted, 0.99).unwrap();
        assert_eq!((p99.value, p99.high), (50.0, None));
        assert_eq!(quantile(&[], 0.5), None);
    }

    /// How many of 400 samples of 60 have an interval that misses.
    fn misses(truth: f64, interval: impl Fn(&mut Vec<f64>) -> Estimate) -> usize {
        let covers = |seed| {
            let mut random = StdRng::seed_from_u64(seed);
            let exponential = Exp::new(1.0).unwrap();
            let mut values: Vec<f64> = (0..60).map(|_| exponential.sample(&mut random)).collect();
            let Estimate { low, high, .. } = interval(&mut values);
            low.is_none_or(|low| low <= truth) && high.is_none_or(|high| truth <= high)
        };
        (0..400).filter(|seed| !covers(*seed)).count()
    }

    #[test]
    fn quantiles_of_a_skewed_distribution_are_covered() {
        for share in [0.5, 0.9] {
            let missed = misses(-(1.0f64 - share).ln(), |values| {
                values.sort_unstable_by(f64::total_cmp);
                quantile(values, share).unwrap()
            });
            // 20 are allowed on average; 33 is three standard deviations above.
            assert!(missed <= 33, "{share}: {missed} of 400 missed");
        }
    }

    #[test]
    fn means_of_a_skewed_distribution_are_covered_about_as_often_as_they_should_be() {
        let missed = misses(1.0, |values| {
            let rounds: Vec<_> = values.iter().map(|value| vec![Some(*value)]).collect();
            mean_intervals(&rounds, 1).of(0, 1.0)
        });
        // Percentile intervals are a little short in small skewed samples: 7 in 100 here.
        assert!(missed <= 40, "{missed} of 400 missed");
    }

    proptest! {
        #[test]
        fn an_interval_encloses_its_quantile(
            mut values in proptest::collection::vec(0.0..1e6f64, 1..200),
            share in 0.01..0.99f64,
        ) {
            values.sort_unstable_by(f64::total_cmp);
            let Estimate { value, low, high } = quantile(&values, share).unwrap();
            prop_assert!(low.is_none_or(|low| low <= value));
            prop_assert!(high.is_none_or(|high| value <= high));
            prop_assert!(values.contains(&value));
        }
    }

    #[test]
    fn a_target_without_values_has_no_interval() {
        let rounds = vec![vec![Some(1.0), None]; 3];
        let resampled = mean_intervals(&rounds, 1);
        assert_eq!(resampled.of(1, 0.0).low, None);
        assert_eq!(resampled.of(0, 1.0).high, Some(1.0));
    }
}
