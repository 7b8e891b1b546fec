//! Simulated rollouts: seeded streams of counts, period by period.

use std::f64::consts::TAU;

use analysis::{Block, Blocks, Count, SequentialTest, Terms};
use rand::{SeedableRng, rngs::StdRng};
use rand_distr::{Binomial, Distribution, Uniform};

/// One-minute periods of a day.
pub(crate) const DAY: usize = 1_440;

/// A probability of both versions in a quiet period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rates {
    pub(crate) baseline: f64,
    pub(crate) candidate: f64,
}

impl Rates {
    pub(crate) const NONE: Self = Self::equal(0.0);

    /// Versions that are equally good.
    pub(crate) const fn equal(rate: f64) -> Self {
        Self {
            baseline: rate,
            candidate: rate,
        }
    }
}

/// The traffic of a function and what goes wrong on both versions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traffic {
    /// Invocations of `live` in one period, on average over a day.
    pub(crate) per_period: u64,
    /// How many of them fail.
    pub(crate) errors: Rates,
    /// How many of them are slow.
    pub(crate) slow: Rates,
    /// How often a burst multiplies both probabilities, per period.
    pub(crate) bursts: f64,
    /// How much traffic and probabilities rise above their mean by day and fall below it by night.
    pub(crate) wave: f64,
}

/// What a burst multiplies the probabilities by.
const BURST: f64 = 20.0;

/// How many requests are refused in a burst.
const THROTTLED: f64 = 0.1;

impl Traffic {
    /// Nothing but errors, the same on both versions.
    pub(crate) const fn equal(per_period: u64, errors: f64) -> Self {
        Self {
            per_period,
            errors: Rates::equal(errors),
            slow: Rates::NONE,
            bursts: 0.0,
            wave: 0.0,
        }
    }

    /// The `index`-th period of a day, with `weight` of the traffic on the candidate.
    pub(crate) fn period(&self, index: usize, weight: f64, rng: &mut StdRng) -> Blocks {
        let day = 1.0 + self.wave * (TAU * index as f64 / DAY as f64).sin();
        let burst = uniform(rng) < self.bursts;
        let factor = day * if burst { BURST } else { 1.0 };
        let invocations = (self.per_period as f64 * day).round() as u64;
        let candidate = binomial(invocations, weight, rng);
        let sizes = [invocations - candidate, candidate];
        let mut block = |rates: Rates| {
            let mut count =
                |size, rate: f64| Count::new(size, binomial(size, (rate * factor).min(0.9), rng));
            Block {
                baseline: count(sizes[0], rates.baseline),
                candidate: count(sizes[1], rates.candidate),
            }
        };
        let (errors, slow) = (block(self.errors), block(self.slow));
        let throttled = if burst { THROTTLED } else { 0.0 };
        let mut refused = |size| {
            let refused = binomial(size, throttled, rng);
            Count::new(size + refused, refused)
        };
        let throttles = Block {
            baseline: refused(sizes[0]),
            candidate: refused(sizes[1]),
        };
        Blocks {
            errors,
            throttles,
            slow,
            ..Blocks::default()
        }
    }

    /// A seeded rollout; `weights` has one entry a period.
    pub(crate) fn rollout(
        &self,
        weights: impl IntoIterator<Item = f64>,
        seed: u64,
    ) -> impl Iterator<Item = Blocks> {
        let mut rng = StdRng::seed_from_u64(seed);
        let weights = weights.into_iter().enumerate();
        weights.map(move |(index, weight)| self.period(index, weight, &mut rng))
    }
}

/// After how many periods a rollout is rolled back, if it is.
pub(crate) fn taken_back_after(
    periods: impl IntoIterator<Item = Blocks>,
    terms: &Terms,
) -> Option<usize> {
    let mut test = SequentialTest::new(terms);
    let found = periods.into_iter().position(|blocks| {
        test.observe(&blocks);
        test.is_worse()
    });
    found.map(|index| index + 1)
}

/// Runs `rollout(seed)` for every seed below `rollouts`, on all cores, in the order of the seeds.
pub(crate) fn simulate<T: Send>(rollouts: u64, rollout: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let rollout = &rollout;
    let mut results: Vec<(u64, T)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|thread| {
                let seeds = (thread..rollouts).step_by(threads as usize);
                scope.spawn(move || seeds.map(|seed| (seed, rollout(seed))).collect::<Vec<_>>())
            })
            .collect();
        handles
            .into_iter()
            .flat_map(|handle| handle.join().expect("a simulation panicked"))
            .collect()
    });
    results.sort_by_key(|(seed, _)| *seed);
    results.into_iter().map(|(_, result)| result).collect()
}

/// How many of `n` happen that each have the probability `p`.
pub(crate) fn binomial(n: u64, p: f64, rng: &mut StdRng) -> u64 {
    Binomial::new(n, p).expect("a probability").sample(rng)
}

fn uniform(rng: &mut StdRng) -> f64 {
    Uniform::new(0.0, 1.0).expect("a range").sample(rng)
}
