//! Percentiles with intervals that hold however often one looks, by counts below thresholds.
//!
//! Let q be the true p-quantile of a half's durations. Whether an invocation takes q or less is a coin
//! with probability p, whatever the durations' distribution is (where a duration may be q exactly, one of
//! the coins between "less than q" and "q or less" has it, and the bounds below hold for all of them). If
//! k of n do, then
//!
//! ```text
//! M = B(a + k, b + n − k) / B(a, b) / (p^k (1 − p)^(n−k))
//! ```
//!
//! is the likelihood ratio of a Beta(a, b) mixture against p: a nonnegative martingale that starts at 1
//! and so reaches 1/alpha with a probability of at most alpha, ever (Ville). The counts k with `M <
//! 1/alpha` bound the ranks between which q lies (S. R. Howard, A. Ramdas, "Sequential estimation of
//! quantiles with applications to A/B testing and best-arm identification", Bernoulli 28 (2022)
//! 1704-1728; the beta-binomial mixture is their section 3.2's for one fixed quantile).
//!
//! What is taken for granted: a half's durations are drawn from one distribution. A daily wave widens
//! what is measured, not the interval: it is of the mixture of all hours, if they are in all samples.

use serde::Serialize;
use statrs::function::beta::ln_beta;

use super::interval::Interval;

/// A percentile between two of the values; open where there are too few of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct QuantileInterval {
    /// The percentile of the values themselves.
    pub value: f64,
    /// Not below this.
    pub low: Option<f64>,
    /// Not above this.
    pub high: Option<f64>,
}

/// The interval of the quantile `share` of sorted values; `None` of no values.
#[must_use]
pub fn quantile_at_all_times(sorted: &[f64], share: f64, alpha: f64) -> Option<QuantileInterval> {
    let n = sorted.len();
    let rank = ((share * n as f64).ceil() as usize).clamp(1, n.max(1));
    let value = *sorted.get(rank - 1)?;
    let [least, most] = plausible_counts(n, share, alpha);
    Some(QuantileInterval {
        value,
        low: least.checked_sub(1).map(|place| sorted[place]),
        high: sorted.get(most).copied(),
    })
}

/// By what factor the candidate's quantile differs from the baseline's, each at alpha/2; `None` when
/// either half has too few values for it.
#[must_use]
pub fn ratio_of_quantiles(sorted: [&[f64]; 2], share: f64, alpha: f64) -> Option<Interval> {
    let [baseline, candidate] = sorted.map(|half| quantile_at_all_times(half, share, alpha / 2.0));
    let (baseline, candidate) = (baseline?, candidate?);
    let ratio = Interval {
        low: candidate.low? / baseline.high?,
        high: candidate.high? / baseline.low?,
    };
    ratio.high.is_finite().then_some(ratio)
}

/// How concentrated the mixture is around p: the intervals are the narrowest, for their level, at
/// some eight times as many values.
const CONCENTRATION: f64 = 100.0;

/// The least and the most values at or below the quantile that are not rejected.
fn plausible_counts(n: usize, share: f64, alpha: f64) -> [usize; 2] {
    let centre = (share * n as f64).round() as usize;
    let is_plausible = |count: usize| ln_martingale(count, n, share) < -alpha.ln();
    let least = first_of(0, centre, is_plausible);
    let beyond = first_of(centre, n + 1, |count| count > n || !is_plausible(count));
    [least, beyond.saturating_sub(1).max(least)]
}

/// The first in a range from which on something holds; the end when it never does.
fn first_of(mut from: usize, mut to: usize, holds: impl Fn(usize) -> bool) -> usize {
    while from < to {
        let middle = usize::midpoint(from, to);
        if holds(middle) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    from
}

fn ln_martingale(count: usize, n: usize, share: f64) -> f64 {
    let (k, rest) = (count as f64, (n - count) as f64);
    let (a, b) = (CONCENTRATION * share, CONCENTRATION * (1.0 - share));
    ln_beta(a + k, b + rest) - ln_beta(a, b) - k * share.ln() - rest * (-share).ln_1p()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};
    use rand_distr::{Bernoulli, Distribution, Exp};

    use super::*;

    const ALPHA: f64 = 0.05;

    #[test]
    fn the_quantile_is_covered_at_every_look_at_once() {
        // The quantile is within its bounds as long as the count of what is at or below it is plausible.
        for share in [0.5, 0.9, 0.99] {
            let coin = Bernoulli::new(share).expect("a coin");
            let bounds: Vec<_> = (1..=3_000)
                .map(|n| plausible_counts(n, share, ALPHA))
                .collect();
            let missed = (0..400)
                .filter(|seed| {
                    let mut random = StdRng::seed_from_u64(*seed);
                    let mut count = 0;
                    bounds.iter().any(|[least, most]| {
                        count += usize::from(coin.sample(&mut random));
                        !(least..=most).contains(&&count)
                    })
                })
                .count();
            assert!(missed <= 20, "{share}: {missed} of 400 missed");
        }
    }

    fn exponential(seed: u64, n: usize) -> Vec<f64> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut values: Vec<f64> = Exp::new(1.0)
            .expect("a distribution")
            .sample_iter(&mut random)
            .take(n)
            .collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    }

    #[test]
    fn it_narrows_to_the_quantile() {
        let width = |n| {
            let interval = quantile_at_all_times(&exponential(1, n), 0.9, ALPHA).expect("one");
            let (low, high) = (interval.low.expect("low"), interval.high.expect("high"));
            assert!((low..=high).contains(&10f64.ln()), "{interval:?}");
            high - low
        };
        assert!(width(10_000) < 0.5 * width(1_000));
        assert!(width(100_000) < 0.5 * width(10_000));
    }

    #[test]
    fn few_values_leave_the_99th_percentile_open_above() {
        let interval = quantile_at_all_times(&exponential(1, 100), 0.99, ALPHA).expect("one");
        assert_eq!(interval.high, None);
        assert_eq!(quantile_at_all_times(&[], 0.5, ALPHA), None);
    }

    #[test]
    fn the_ratio_of_two_medians_is_covered() {
        let slower =
            |seed| -> Vec<f64> { exponential(seed, 400).iter().map(|x| 1.2 * x).collect() };
        let missed = (0..200)
            .filter(|seed| {
                let halves = [&exponential(*seed, 2_000)[..], &slower(seed + 1_000)[..]];
                let ratio = ratio_of_quantiles(halves, 0.5, ALPHA).expect("a ratio");
                !(ratio.low..=ratio.high).contains(&1.2)
            })
            .count();
        assert!(missed <= 10, "{missed} of 200 missed");
    }

    proptest! {
        #[test]
        fn its_bounds_are_values_around_the_percentile(
            mut values in proptest::collection::vec(0.0..1e4f64, 1..400),
            share in 0.01..0.99f64,
        ) {
            values.sort_unstable_by(f64::total_cmp);
            let interval = quantile_at_all_times(&values, share, ALPHA).unwrap();
            prop_assert!(interval.low.is_none_or(|low| low <= interval.value));
            prop_assert!(interval.high.is_none_or(|high| interval.value <= high));
        }

        #[test]
        fn what_is_plausible_is_one_range_around_the_expectation(n in 1..400usize, share in 0.01..0.99f64) {
            let [least, most] = plausible_counts(n, share, ALPHA);
            for count in 0..=n {
                let plausible = ln_martingale(count, n, share) < -ALPHA.ln();
                prop_assert_eq!(plausible, (least..=most).contains(&count));
            }
        }
    }
}
