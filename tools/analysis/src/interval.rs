//! By how much the versions differ: an interval that holds however often one looks.
//!
//! For every difference δ of a fixed grid there is an e-process against "candidate − baseline ≥ δ in
//! every period" and one against "≤ δ", both by the e-variables of `e_variable.rs`. The upper bound is
//! the least δ from which on all larger ones are rejected, each at alpha/2; the lower bound likewise.
//!
//! # Why the interval covers
//!
//! Let d be the difference, the same in every period, and g the largest grid point with g ≤ d. The
//! upper bound is at or below g only if g itself was ever rejected; "≥ g" is true, so by Ville's
//! inequality that has a probability of at most alpha/2. Otherwise the bound is a grid point above g,
//! and so above d. The same from below, and both together fail with at most alpha. Base rates may
//! be different in every period. When the difference itself varies, the interval is not of its mean:
//! then the same argument shows that it reaches below its greatest and above its least value.
//!
//! # The bets
//!
//! Before each period the bet is on the rates of all periods before it (R. Turner, P. Grünwald,
//! "Exact anytime-valid confidence intervals for contingency tables and beyond", 2022, sections 3 and
//! 4). A burst that no earlier period foretold would lose it all, so part of the wealth stays
//! out: `(1 − r) S + r` is an e-variable when S is, and half of the wealth is bet with each of two r.
//!
//! # Durations
//!
//! The e-variables hold for sums of any quantity between 0 and 1. A duration counted as at most B is
//! B times such a quantity, and its sum per period is all that is needed. Bounds that adapt to the
//! variance (I. Waudby-Smith, A. Ramdas, "Estimating means of bounded random variables by betting",
//! JRSS B 86 (2024) 1-27) are tighter, and need every single duration, which `CloudWatch` does not have.

use serde::Serialize;

use super::{
    counts::Block,
    e_variable::{Alternative, Rates, Sample, Sizes, ln_sum, sample},
};

/// A difference, candidate minus baseline, between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Not below this.
    pub low: f64,
    /// Not above this.
    pub high: f64,
}

impl Interval {
    /// Whether a value lies in it.
    #[must_use]
    pub fn contains(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// The interval of `scale` times the difference.
    #[must_use]
    pub fn times(self, scale: f64) -> Self {
        Self {
            low: self.low * scale,
            high: self.high * scale,
        }
    }
}

/// A quantity between 0 and 1, summed over the invocations of one version in one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Total {
    /// Over how many.
    pub invocations: f64,
    /// The sum, at most `invocations`.
    pub sum: f64,
}

/// The interval of the difference of two probabilities, from all periods in which both versions ran;
/// `None` without any.
#[must_use]
pub fn difference_of_rates(
    periods: impl IntoIterator<Item = Block>,
    alpha: f64,
) -> Option<Interval> {
    let comparable = periods.into_iter().filter(Block::is_comparable);
    interval(comparable.map(|block| sample(&block)).collect(), alpha)
}

/// The interval of the difference of the means of a quantity between 0 and 1, likewise. Each period
/// has baseline and candidate.
#[must_use]
pub fn difference_of_means(
    periods: impl IntoIterator<Item = [Total; 2]>,
    alpha: f64,
) -> Option<Interval> {
    interval(samples(periods), alpha)
}

/// What the e-variables take, from all periods in which both versions ran.
pub(super) fn samples(periods: impl IntoIterator<Item = [Total; 2]>) -> Vec<Sample> {
    let comparable = |period: &[Total; 2]| period.iter().all(|version| version.invocations > 0.0);
    let sample = |[baseline, candidate]: [Total; 2]| Sample {
        sizes: Sizes {
            baseline: baseline.invocations,
            candidate: candidate.invocations,
        },
        baseline_failures: baseline.sum.clamp(0.0, baseline.invocations),
        candidate_failures: candidate.sum.clamp(0.0, candidate.invocations),
    };
    let comparable = periods.into_iter().filter(comparable);
    comparable.map(sample).collect()
}

fn interval(samples: Vec<Sample>, alpha: f64) -> Option<Interval> {
    if samples.is_empty() {
        return None;
    }
    let looks = with_foresight(samples);
    let ln_threshold = (2.0 / alpha).ln();
    let bound = |side: f64| {
        grid()
            .take_while(|&outside| is_rejected(&looks, side, side * outside, ln_threshold))
            .last()
            .map_or(side, |outside| side * outside)
    };
    Some(Interval {
        low: bound(-1.0),
        high: bound(1.0),
    })
}

/// Distances from 0 to reject, from the outside inwards and then beyond 0: 30 a decade.
pub(super) fn grid() -> impl Iterator<Item = f64> {
    const A_DECADE: i32 = 30;
    const SMALLEST: i32 = -5 * A_DECADE;
    let distance = |step: i32| 10f64.powf(f64::from(step) / f64::from(A_DECADE));
    let inwards = (SMALLEST..0).rev().map(distance);
    let beyond = (SMALLEST..0).map(move |step| -distance(step));
    inwards.chain([0.0]).chain(beyond)
}

/// A period, and the rates that all periods before it have shown.
pub(super) struct Look {
    sample: Sample,
    foreseen: Rates,
}

/// Without the first period, which nothing foretells.
pub(super) fn with_foresight(samples: Vec<Sample>) -> Vec<Look> {
    let mut baseline = (0.0, 0.0);
    let mut candidate = (0.0, 0.0);
    let mut looks = Vec::with_capacity(samples.len());
    for sample in samples {
        // Krichevsky and Trofimov's estimate: never 0 and never 1.
        let rate = |(n, k): (f64, f64)| (k + 0.5) / (n + 1.0);
        let foreseen = Rates {
            baseline: rate(baseline),
            candidate: rate(candidate),
        };
        if baseline.0 > 0.0 {
            looks.push(Look { sample, foreseen });
        }
        baseline.0 += sample.sizes.baseline;
        baseline.1 += sample.baseline_failures;
        candidate.0 += sample.sizes.candidate;
        candidate.1 += sample.candidate_failures;
    }
    looks
}

/// How much of the wealth stays out of each bet.
const RESERVES: [f64; 2] = [0.01, 0.5];

/// A wealth that keeps a part out of each bet, so that no surprise takes all of it.
#[derive(Debug, Clone)]
pub(super) struct Reserved([f64; RESERVES.len()]);

impl Default for Reserved {
    fn default() -> Self {
        Self(RESERVES.map(|_| -(RESERVES.len() as f64).ln()))
    }
}

impl Reserved {
    pub(super) fn bet(&mut self, ln_e: f64) {
        for (ln, reserve) in self.0.iter_mut().zip(RESERVES) {
            *ln += ln_sum([(1.0 - reserve).ln() + ln_e, reserve.ln()].into_iter());
        }
    }

    /// Its natural logarithm.
    pub(super) fn ln(&self) -> f64 {
        ln_sum(self.0.into_iter())
    }
}

/// Whether "candidate − baseline ≥ difference" (`side` = 1) or "≤ difference" (−1) was ever rejected.
pub(super) fn is_rejected(looks: &[Look], side: f64, difference: f64, ln_threshold: f64) -> bool {
    let mut wealth = Reserved::default();
    looks.iter().any(|look| {
        let Rates {
            baseline,
            candidate,
        } = look.foreseen;
        if side * (difference - (candidate - baseline)) <= LEAST_DISTANCE {
            return false;
        }
        let alternative = Alternative::new(look.foreseen);
        let factors = alternative.factors(look.sample.sizes, difference);
        wealth.bet(factors.ln_e(&look.sample));
        wealth.ln() >= ln_threshold
    })
}

/// Nearer than this to the line there is nothing to win, and the projection loses its digits.
const LEAST_DISTANCE: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};
    use rand_distr::{Binomial, Distribution, Uniform};

    use super::{super::counts::Count, *};

    const ALPHA: f64 = 0.05;

    fn block(baseline: (u64, u64), candidate: (u64, u64)) -> Block {
        Block {
            baseline: Count::new(baseline.0, baseline.1),
            candidate: Count::new(candidate.0, candidate.1),
        }
    }

    /// How many of 200 seeded streams have an interval that misses the truth at the end. What is
    /// rejected stays rejected, so that an interval that ever missed it misses it at the end too.
    fn misses(truth: f64, stream: impl Fn(&mut StdRng) -> Option<Interval>) -> usize {
        let intervals = (0..200).map(|seed| stream(&mut StdRng::seed_from_u64(seed)));
        intervals
            .filter(|interval| {
                let Interval { low, high } = interval.expect("an interval");
                !(low..=high).contains(&truth)
            })
            .count()
    }

    #[test]
    fn the_difference_of_two_rates_is_covered_though_base_rates_change_and_one_looks_all_the_time()
    {
        for (base, difference) in [(0.0, 0.02), (0.05, 0.0), (0.1, -0.04), (0.3, 0.1)] {
            let missed = misses(difference, |rng| {
                let mut periods = Vec::new();
                for period in 0..40 {
                    let base = base + if period % 7 == 0 { 0.1 } else { 0.0 };
                    let mut draw = |n, p| (n, Binomial::new(n, p).unwrap().sample(rng));
                    periods.push(block(draw(200, base), draw(40, base + difference)));
                }
                difference_of_rates(periods, ALPHA)
            });
            assert!(missed <= 10, "{base} {difference}: {missed} of 200 missed");
        }
    }

    #[test]
    fn the_difference_of_two_means_is_covered() {
        let missed = misses(0.1, |rng| {
            let mut total = |invocations: u64, low: f64, high: f64| {
                let each = Uniform::new(low, high).unwrap();
                let sum = (0..invocations).map(|_| each.sample(rng)).sum();
                Total {
                    invocations: invocations as f64,
                    sum,
                }
            };
            let periods: Vec<_> = (0..30)
                .map(|_| [total(50, 0.0, 0.4), total(30, 0.1, 0.5)])
                .collect();
            difference_of_means(periods, ALPHA)
        });
        assert!(missed <= 10, "{missed} of 200 missed");
    }

    #[test]
    fn a_later_interval_lies_within_every_earlier_one() {
        let mut rng = StdRng::seed_from_u64(7);
        let mut draw = |n, p| (n, Binomial::new(n, p).unwrap().sample(&mut rng));
        let periods: Vec<_> = (0..60)
            .map(|_| block(draw(500, 0.02), draw(100, 0.05)))
            .collect();
        let intervals: Vec<_> = (1..=periods.len())
            .filter_map(|looks| difference_of_rates(periods[..looks].iter().copied(), ALPHA))
            .collect();
        let within = |pair: &[Interval]| pair[0].low <= pair[1].low && pair[1].high <= pair[0].high;
        assert!(intervals.windows(2).all(within), "{intervals:?}");
    }

    #[test]
    fn it_narrows_to_the_difference() {
        let of = |periods| {
            let each = block((9_500, 95), (500, 15));
            difference_of_rates(std::iter::repeat_n(each, periods), ALPHA).expect("an interval")
        };
        let (day, hour) = (of(1_440), of(60));
        assert!(hour.low < 0.02 && 0.02 < hour.high, "{hour:?}");
        assert!(day.low > hour.low && day.high < hour.high, "{day:?}");
        assert!(day.low > 0.018 && day.high < 0.022, "{day:?}");
    }

    #[test]
    fn a_burst_that_hits_both_versions_leaves_the_interval_useful() {
        let quiet = block((9_500, 10), (500, 1));
        let burst = block((9_500, 3_800), (500, 200));
        let mut periods = vec![quiet; 120];
        periods[60] = burst;
        let interval = difference_of_rates(periods, ALPHA).expect("an interval");
        assert!(interval.low > -0.01 && interval.high < 0.01, "{interval:?}");
    }

    /// `PyPI` confseq 0.0.11, `betting_cs(x, alpha=0.025, breaks=2000, running_intersection=True)` of the calls of either
    /// version, in which a period's failures are spread evenly (call j fails when `(j + 1) k // n > j k // n`); low of the
    /// candidate less high of the baseline, and the reverse. Two intervals at 97.5% are one of their difference at 95%.
    #[test]
    fn the_interval_lies_in_that_of_two_betting_confidence_sequences_of_confseq() {
        type Failures = fn(u64) -> u64;
        let courses: [(Failures, Failures, [f64; 2]); 3] = [
            (|i| 3 * i % 7, |i| 5 * i % 11, [-0.006_5, 0.024]),
            (|_| 7, |i| 8 + 3 * i % 5, [-0.006_5, 0.033_5]),
            (|i| i % 3, |i| 18 + i % 5, [0.072, 0.111_5]),
        ];
        for (baseline, candidate, [low, high]) in courses {
            let periods = (0..40).map(|i| block((200, baseline(i)), (200, candidate(i))));
            let ours = difference_of_rates(periods, ALPHA).expect("an interval");
            assert!(
                low <= ours.low && ours.high <= high,
                "{ours:?} {low} {high}"
            );
            let narrower = (ours.high - ours.low) / (high - low);
            assert!(narrower > 0.5, "{ours:?} {low} {high}");
        }
    }

    #[test]
    fn with_one_period_or_none_nothing_is_known() {
        assert_eq!(difference_of_rates([], ALPHA), None);
        let one = difference_of_rates([block((100, 1), (100, 2))], ALPHA);
        let everything = Interval {
            low: -1.0,
            high: 1.0,
        };
        assert_eq!(one, Some(everything));
    }
}
