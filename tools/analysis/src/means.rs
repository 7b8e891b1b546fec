//! By how much mean durations differ, from every single one: an interval that holds however often one
//! looks, and that is as narrow as the durations vary little.
//!
//! `interval.rs` needs no more than the sum of a period, and has to allow for the most that durations
//! with such a mean could vary: all of them either nothing or the bound. Most functions vary far less.
//!
//! # Pairs
//!
//! Within a period every invocation of the half that ran less often is set against its share of the
//! other half's invocations, in the order of the log. The difference of each to the mean of its share
//! has the expectation d = candidate − baseline, whatever the level of that period is, so a daily wave
//! that hits both halves cancels. Counted in bounds, it lies between −1 and 1.
//!
//! # The interval
//!
//! The predictable plug-in empirical Bernstein confidence sequence of I. Waudby-Smith and A. Ramdas,
//! "Estimating means of bounded random variables by betting", JRSS B 86 (2024) 1-27, theorem 2, for
//! `x = (difference + 1) / 2`: with `λ_t` chosen from what came before,
//!
//! ```text
//! Σ λ_i x_i / Σ λ_i  ±  (ln(2/α) + Σ 4 (x_i − m_{i−1})² ψ(λ_i)) / Σ λ_i,   ψ(λ) = (−ln(1−λ) − λ) / 4
//! ```
//!
//! contains the mean at all t at once with a probability of at least 1 − α; so does the intersection of
//! all intervals so far, which is what is given.

use super::interval::Interval;

/// The durations of one period in milliseconds: of the baseline and of the candidate.
pub type Durations = [Vec<f64>; 2];

/// The interval of the difference of the mean durations, candidate minus baseline, in milliseconds,
/// each duration counted as at most `bound_ms`. `None` without a period in which both halves ran.
#[must_use]
pub fn difference_of_durations<'a>(
    periods: impl IntoIterator<Item = &'a Durations>,
    bound_ms: f64,
    alpha: f64,
) -> Option<Interval> {
    let mut sequence = EmpiricalBernstein::new(alpha);
    for [baseline, candidate] in periods {
        for difference in pairs(baseline, candidate, bound_ms) {
            sequence.observe(f64::midpoint(difference, 1.0));
        }
    }
    let Interval { low, high } = sequence.interval()?;
    let difference = |mean: f64| (2.0 * mean - 1.0) * bound_ms;
    Some(Interval {
        low: difference(low),
        high: difference(high),
    })
}

/// Differences in units of the bound: one for each invocation of the half that ran less often.
fn pairs(baseline: &[f64], candidate: &[f64], bound_ms: f64) -> Vec<f64> {
    let (few, many, sign) = if candidate.len() <= baseline.len() {
        (candidate, baseline, 1.0)
    } else {
        (baseline, candidate, -1.0)
    };
    let bounded = |ms: &f64| ms.clamp(0.0, bound_ms) / bound_ms;
    let share = |index: usize| index * many.len() / few.len();
    let pair = |(index, one): (usize, &f64)| {
        let share = &many[share(index)..share(index + 1)];
        let mean = share.iter().map(bounded).sum::<f64>() / share.len() as f64;
        sign * (bounded(one) - mean)
    };
    few.iter().enumerate().map(pair).collect()
}

/// The confidence sequence of the mean of values between 0 and 1.
#[derive(Debug, Clone)]
struct EmpiricalBernstein {
    /// `ln(2/α)`
    ln_level: f64,
    values: f64,
    sum: f64,
    /// `Σ (x_i − m_i)²`
    squares: f64,
    bets: f64,
    bets_won: f64,
    penalty: f64,
    interval: Interval,
}

/// The most that is bet: at 1 a single value could lose everything. The paper takes 1/2 or 3/4.
const MOST_BET: f64 = 0.75;

impl EmpiricalBernstein {
    fn new(alpha: f64) -> Self {
        Self {
            ln_level: (2.0 / alpha).ln(),
            values: 0.0,
            sum: 0.0,
            squares: 0.0,
            bets: 0.0,
            bets_won: 0.0,
            penalty: 0.0,
            interval: Interval {
                low: 0.0,
                high: 1.0,
            },
        }
    }

    /// One value at 1/2 and one square of 1/4 are taken as seen beforehand.
    fn mean(&self) -> f64 {
        (self.sum + 0.5) / (self.values + 1.0)
    }

    fn variance(&self) -> f64 {
        (self.squares + 0.25) / (self.values + 1.0)
    }

    fn observe(&mut self, x: f64) {
        let (mean, variance) = (self.mean(), self.variance());
        self.values += 1.0;
        let t = self.values;
        let bet = (2.0 * self.ln_level / (variance * t * (t + 1.0).ln()))
            .sqrt()
            .min(MOST_BET);
        let psi = (-(-bet).ln_1p() - bet) / 4.0;
        self.bets += bet;
        self.bets_won += bet * x;
        self.penalty += 4.0 * (x - mean).powi(2) * psi;
        self.sum += x;
        self.squares += (x - self.mean()).powi(2);
        let centre = self.bets_won / self.bets;
        let radius = (self.ln_level + self.penalty) / self.bets;
        self.interval.low = self.interval.low.max(centre - radius);
        self.interval.high = self.interval.high.min(centre + radius);
    }

    /// `None` of no values. Once the truth was missed nothing may be left: then the point between.
    fn interval(&self) -> Option<Interval> {
        let Interval { low, high } = self.interval;
        let middle = f64::midpoint(low, high);
        (self.values > 0.0).then_some(Interval {
            low: low.min(middle),
            high: high.max(middle),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};
    use rand_distr::{Beta, Distribution, LogNormal};

    use super::{
        super::interval::{Total, difference_of_means},
        *,
    };

    const ALPHA: f64 = 0.05;
    const BOUND_MS: f64 = 250.0;

    fn width(interval: Interval) -> f64 {
        interval.high - interval.low
    }

    /// Of both halves, with a level that changes from period to period and hits both alike.
    fn periods(seed: u64, difference_ms: f64, periods: usize) -> Vec<Durations> {
        let mut random = StdRng::seed_from_u64(seed);
        let spread = LogNormal::new(1.0, 0.5).expect("a distribution");
        let mut draw = |n: usize, level: f64| -> Vec<f64> {
            (0..n).map(|_| level + spread.sample(&mut random)).collect()
        };
        (0..periods)
            .map(|period| {
                let level = if period % 7 == 0 { 60.0 } else { 5.0 };
                [draw(95, level), draw(5, level + difference_ms)]
            })
            .collect()
    }

    #[test]
    fn the_mean_is_covered_at_every_look_at_once() {
        // Every value is a look. 500 sequences, of which 25 may miss; the intersection of all intervals
        // misses at the end if any of them ever did.
        for (a, b) in [(0.5, 0.5), (2.0, 8.0), (50.0, 50.0), (0.05, 2.0)] {
            let distribution = Beta::new(a, b).expect("a distribution");
            let mean = a / (a + b);
            let missed = (0..500)
                .filter(|seed| {
                    let mut random = StdRng::seed_from_u64(*seed);
                    let mut sequence = EmpiricalBernstein::new(ALPHA);
                    (0..1_000).for_each(|_| sequence.observe(distribution.sample(&mut random)));
                    let Interval { low, high } = sequence.interval;
                    !(low..=high).contains(&mean)
                })
                .count();
            assert!(missed <= 25, "Beta({a}, {b}): {missed} of 500 missed");
        }
    }

    #[test]
    fn the_difference_is_covered_though_the_level_changes() {
        let missed = (0..200)
            .filter(|seed| {
                let periods = periods(*seed, 1.0, 60);
                let interval = difference_of_durations(&periods, BOUND_MS, ALPHA).expect("one");
                !(interval.low..=interval.high).contains(&1.0)
            })
            .count();
        assert!(missed <= 10, "{missed} of 200 missed");
    }

    #[test]
    fn single_durations_say_more_than_their_sums() {
        let periods = periods(1, 1.0, 300);
        let single = difference_of_durations(&periods, BOUND_MS, ALPHA).expect("an interval");
        let totals = periods.iter().map(|halves| {
            [&halves[0], &halves[1]].map(|half| Total {
                invocations: half.len() as u64,
                sum: half.iter().sum::<f64>() / BOUND_MS,
            })
        });
        let sums = difference_of_means(totals, ALPHA)
            .expect("one")
            .times(BOUND_MS);
        assert!(width(single) < 0.5 * width(sums), "{single:?} {sums:?}");
        assert!((single.low..=single.high).contains(&1.0), "{single:?}");
    }

    proptest! {
        #[test]
        fn a_later_interval_lies_within_every_earlier_one_and_within_the_bounds(
            durations in proptest::collection::vec(
                (
                    proptest::collection::vec(0.0..400.0f64, 0..8),
                    proptest::collection::vec(0.0..400.0f64, 0..8),
                ),
                1..20,
            ),
        ) {
            let periods: Vec<Durations> = durations.into_iter().map(|(b, c)| [b, c]).collect();
            let mut last = Interval { low: -BOUND_MS, high: BOUND_MS };
            for looks in 1..=periods.len() {
                let Some(now) = difference_of_durations(&periods[..looks], BOUND_MS, ALPHA) else {
                    continue;
                };
                prop_assert!(now.low <= now.high);
                prop_assert!(now.low >= last.low - 1e-9 && now.high <= last.high + 1e-9);
                last = now;
            }
        }

        #[test]
        fn swapping_the_halves_turns_the_interval_around(
            baseline in proptest::collection::vec(0.0..250.0f64, 1..40),
            candidate in proptest::collection::vec(0.0..250.0f64, 1..40),
        ) {
            prop_assume!(baseline.len() != candidate.len());
            let of = |halves: Durations| difference_of_durations(&[halves], BOUND_MS, ALPHA).unwrap();
            let one = of([baseline.clone(), candidate.clone()]);
            let other = of([candidate, baseline]);
            prop_assert!((one.low + other.high).abs() < 1e-6 && (one.high + other.low).abs() < 1e-6);
        }
    }

    #[test]
    fn without_a_period_of_both_halves_nothing_is_known() {
        assert_eq!(difference_of_durations(&[], BOUND_MS, ALPHA), None);
        let alone = [vec![1.0, 2.0], vec![]];
        assert_eq!(difference_of_durations(&[alone], BOUND_MS, ALPHA), None);
    }
}
