//! Simulated rollouts: seeded streams of counts, judged after every period.

use rand::{SeedableRng, rngs::StdRng};
use rand_distr::{Binomial, Distribution, Uniform};
use rollout::judge::{Block, Count, Judge, Terms};

/// The traffic of a function and how both halves fail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traffic {
    /// Invocations of `live` in one period.
    pub(crate) per_period: u64,
    /// The baseline's failure probability in a quiet period.
    pub(crate) baseline: f64,
    /// The candidate's failure probability in a quiet period.
    pub(crate) candidate: f64,
    /// How often a burst multiplies both probabilities, per period.
    pub(crate) bursts: f64,
}

/// What a burst multiplies the failure probabilities by.
const BURST: f64 = 20.0;

impl Traffic {
    /// Halves that are equally good.
    pub(crate) fn equal(per_period: u64, rate: f64) -> Self {
        Self {
            per_period,
            baseline: rate,
            candidate: rate,
            bursts: 0.0,
        }
    }

    /// One period with `weight` of the traffic on the candidate.
    pub(crate) fn period(&self, weight: f64, rng: &mut StdRng) -> Block {
        let burst = uniform(rng) < self.bursts;
        let rate = |quiet: f64| {
            if burst {
                (quiet * BURST).min(0.9)
            } else {
                quiet
            }
        };
        let to_candidate = binomial(self.per_period, weight, rng);
        let to_baseline = self.per_period - to_candidate;
        Block {
            baseline: Count::new(to_baseline, binomial(to_baseline, rate(self.baseline), rng)),
            candidate: Count::new(
                to_candidate,
                binomial(to_candidate, rate(self.candidate), rng),
            ),
        }
    }
}

/// After how many periods a rollout is taken back, if it is; `weights` has one entry a period.
pub(crate) fn taken_back_after(
    traffic: &Traffic,
    weights: impl IntoIterator<Item = f64>,
    terms: &Terms,
    seed: u64,
) -> Option<usize> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut judge = Judge::new(terms);
    let found = weights.into_iter().position(|weight| {
        judge.observe(&traffic.period(weight, &mut rng));
        judge.is_worse()
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

fn binomial(n: u64, p: f64, rng: &mut StdRng) -> u64 {
    Binomial::new(n, p).expect("a probability").sample(rng)
}

fn uniform(rng: &mut StdRng) -> f64 {
    Uniform::new(0.0, 1.0).expect("a range").sample(rng)
}
