//! Which effect would have been found.
//!
//! The test itself is asked: it is shown some courses of a worse candidate, whose counts have the spread that
//! independent failures have. What it finds in most of them is found in about half of all rollouts. The courses
//! are the same every time, so that the same question has the same answer.

use super::{
    SequentialTest,
    counts::{Block, Count},
    metric::{Blocks, Metric},
    verdict::Terms,
};

/// Periods at one weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// How many.
    pub periods: u64,
    /// Invocations of baseline and candidate in each of them, in the mean.
    pub sizes: [f64; 2],
}

/// About the smallest failure rate of a candidate that the analysis finds in one metric within these stages, when
/// the baseline fails at `rate`; `None` when not even a candidate that always fails is found.
#[must_use]
pub fn least_found(terms: &Terms, metric: Metric, rate: f64, stages: &[Stage]) -> Option<f64> {
    let is_found = |candidate: f64| is_found(terms, metric, [rate, candidate], stages);
    let (mut low, mut high) = (rate, 1.0);
    if !is_found(high) {
        return None;
    }
    // To a hundredth of the rate.
    while high - low > 0.01 * high {
        let middle = f64::midpoint(low, high);
        if is_found(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

/// An odd number, so that there is a majority.
const COURSES: u64 = 11;

fn is_found(terms: &Terms, metric: Metric, rates: [f64; 2], stages: &[Stage]) -> bool {
    let courses = (0..COURSES).filter(|course| is_found_in(*course, terms, metric, rates, stages));
    courses.take(COURSES as usize / 2 + 1).count() > COURSES as usize / 2
}

fn is_found_in(
    course: u64,
    terms: &Terms,
    metric: Metric,
    rates: [f64; 2],
    stages: &[Stage],
) -> bool {
    let mut test = SequentialTest::new(terms);
    let mut state = course;
    stages.iter().any(|stage| {
        test.weight_changed();
        (0..stage.periods).any(|index| {
            let [baseline, candidate] = [0, 1].map(|version| {
                let size = size(stage.sizes[version], index);
                Count::fractional(size, quantile(size, rates[version], uniform(&mut state)))
            });
            let mut blocks = Blocks::default();
            blocks[metric] = Block {
                baseline,
                candidate,
            };
            test.observe(&blocks);
            test.is_worse()
        })
    })
}

/// The calls of one period: whole numbers with this mean.
fn size(mean: f64, index: u64) -> f64 {
    let until = |index: u64| (mean * index as f64).floor();
    until(index + 1) - until(index)
}

/// The next number between 0 and 1 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014: `SplitMix64`).
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// How many of `n` calls fail that each fail with the probability `p`, at most in the share `u` of all cases.
fn quantile(n: f64, p: f64, u: f64) -> f64 {
    if p > 0.5 {
        return n - quantile(n, 1.0 - p, 1.0 - u);
    }
    let variance = n * p * (1.0 - p);
    if variance > 25.0 {
        // Tukey's lambda for the normal distribution.
        let z = (u.powf(0.135) - (1.0 - u).powf(0.135)) / 0.1975;
        return (n * p + z * variance.sqrt()).round().clamp(0.0, n);
    }
    let (mut failures, mut chance) = (0.0, (n * (-p).ln_1p()).exp());
    let mut at_most = chance;
    while at_most < u && failures < n {
        chance *= (n - failures) / (failures + 1.0) * p / (1.0 - p);
        failures += 1.0;
        at_most += chance;
    }
    failures
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};
    use rand_distr::{Binomial, Distribution as _};

    use super::*;
    use crate::Metrics;

    const TERMS: Terms = Terms {
        alpha: 0.05,
        margin: 0.01,
        metrics: Metrics::WITHOUT_TIME,
    };

    fn found(rate: f64, sizes: [f64; 2], periods: u64) -> Option<f64> {
        least_found(&TERMS, Metric::Errors, rate, &[Stage { periods, sizes }])
    }

    #[test]
    fn what_is_said_to_be_found_is_found_in_about_half_of_all_rollouts() {
        for (rate, sizes, periods) in [
            (0.001, [950.0, 50.0], 10),
            (0.01, [750.0, 250.0], 20),
            (0.01, [5.0, 5.0], 60),
        ] {
            let candidate = found(rate, sizes, periods).expect("a rate");
            let rollout = |seed: &u64| {
                let mut rng = StdRng::seed_from_u64(*seed);
                let mut count = |n: f64, p| {
                    let failures = Binomial::new(n as u64, p).expect("a probability");
                    Count::new(n as u64, failures.sample(&mut rng))
                };
                let mut test = SequentialTest::new(&TERMS);
                (0..periods).any(|_| {
                    test.observe(&Blocks::errors(Block {
                        baseline: count(sizes[0], rate),
                        candidate: count(sizes[1], candidate),
                    }));
                    test.is_worse()
                })
            };
            let found = (0..400).filter(rollout).count();
            assert!((120..=280).contains(&found), "{candidate}: {found} of 400");
        }
    }

    #[test]
    fn more_calls_and_more_periods_find_smaller_rates_and_a_few_periods_find_nothing() {
        assert_eq!(found(0.0, [1e6, 1e6], 5), None);
        let by =
            |calls: f64, periods| found(0.001, [19.0 * calls, calls], periods).expect("a rate");
        assert!(by(5.0, 10) > by(50.0, 10) && by(50.0, 10) > by(500.0, 10));
        assert!(by(50.0, 10) > by(50.0, 60));
    }

    #[test]
    fn a_quiet_functions_calls_are_whole_however_few_there_are() {
        let rate = found(0.0, [0.19, 0.01], 10_000).expect("a rate");
        assert!((0.02..0.5).contains(&rate), "{rate}");
        let calls: f64 = (0..10_000).map(|index| size(0.01, index)).sum();
        assert_eq!(calls, 100.0);
    }

    /// `scipy.stats.binom.ppf(u, n, p)` of `SciPy` 1.17.1.
    #[test]
    fn quantiles_are_those_of_the_binomial_distribution() {
        for (n, p, u, expected) in [
            (50.0, 0.01, 0.5, 0.0),
            (50.0, 0.01, 0.95, 2.0),
            (1_000.0, 0.02, 0.1, 14.0),
            (1_000.0, 0.02, 0.9, 26.0),
            (20.0, 0.9, 0.25, 17.0),
            (1_000.0, 0.3, 0.9, 319.0),
            (7.0, 1.0, 0.3, 7.0),
        ] {
            assert_eq!(quantile(n, p, u), expected, "{n} {p} {u}");
        }
    }
}
