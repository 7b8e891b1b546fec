//! Simulated rollouts: seeded streams of counts, period by period.

use std::f64::consts::TAU;

use analysis::{Block, Blocks, Count};
use rand::{SeedableRng, rngs::StdRng};
use rand_distr::{Beta, Binomial, Distribution, Uniform};

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

/// How failures hang together, the same way for both versions unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Clumps {
    /// Not at all.
    Independent,
    /// The rates and the traffic rise by day and fall by night.
    DailyWave,
    /// Every twentieth period has 20 times the rate.
    CommonBursts,
    /// Every hour an environment, which takes 15 calls a minute, fails all of them for so many minutes, beside failures
    /// that are independent; for more than one minute, once a day.
    SickEnvironment { minutes: u32 },
    /// The rate is drawn for each version and period (Beta, with a standard deviation of the mean).
    OverDispersed,
    /// Failed calls are made again twice, half of them in vain, and chance decides again who gets them.
    Retried,
    /// Up to three in ten successes of each version have not been counted yet when a period is analysed.
    Late,
    /// Half of the failures are interpolated: a call counts as 0.37 failures.
    Interpolated,
    /// The baseline's failures come in every twentieth period, the candidate's evenly, with the same mean: no longer
    /// equal to each other in law.
    BaselineBursts,
    /// Every failure is one of a client that always gets the same version, which chance has chosen once.
    PinnedClient,
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
    pub(crate) clumps: Clumps,
}

/// What a burst multiplies the probabilities by.
const BURST: f64 = 20.0;

/// How often there is one, per period.
const BURSTS: f64 = 0.05;

/// How many requests are refused in a burst of both versions.
const THROTTLED: f64 = 0.1;

/// Calls that one environment takes in a period.
const ENVIRONMENT: u64 = 15;

/// A rollout under way: an environment may be sick for longer than a period.
#[derive(Debug)]
struct Course {
    rng: StdRng,
    /// The version of the sick environment, 0 or 1, and for how many periods it still is.
    sick: Option<(usize, u32)>,
    /// The version of the client that always gets the same one.
    pinned: Option<usize>,
}

impl Traffic {
    /// Nothing but errors, independent and the same on both versions.
    pub(crate) const fn equal(per_period: u64, errors: f64) -> Self {
        Self {
            per_period,
            errors: Rates::equal(errors),
            slow: Rates::NONE,
            clumps: Clumps::Independent,
        }
    }

    /// The `index`-th period of a day, with `weight` of the traffic on the candidate.
    fn period(&self, index: usize, weight: f64, course: &mut Course) -> Blocks {
        let day = match self.clumps {
            Clumps::DailyWave => 1.0 + 0.8 * (TAU * index as f64 / DAY as f64).sin(),
            _ => 1.0,
        };
        let burst = uniform(&mut course.rng) < BURSTS;
        let invocations = (self.per_period as f64 * day).round() as u64;
        let candidate = binomial(invocations, weight, &mut course.rng);
        let sizes = [invocations - candidate, candidate];
        let errors = self.block(self.errors, sizes, [day, weight], burst, course);
        let slow = self.block(self.slow, sizes, [day, weight], burst, course);
        let throttled = if burst && self.clumps == Clumps::CommonBursts {
            THROTTLED
        } else {
            0.0
        };
        let mut refused = |size| {
            let refused = binomial(size, throttled, &mut course.rng);
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

    fn block(
        &self,
        rates: Rates,
        sizes: [u64; 2],
        [day, weight]: [f64; 2],
        burst: bool,
        course: &mut Course,
    ) -> Block {
        let rng = &mut course.rng;
        let rates = [rates.baseline, rates.candidate];
        let mut failures =
            [0, 1].map(|version| binomial(sizes[version], (rates[version] * day).min(0.9), rng));
        let of = |sizes: [f64; 2], failures: [f64; 2]| {
            let [baseline, candidate] =
                [0, 1].map(|version| Count::fractional(sizes[version], failures[version]));
            Block {
                baseline,
                candidate,
            }
        };
        let whole = |counts: [u64; 2]| counts.map(|count| count as f64);
        match self.clumps {
            Clumps::Independent | Clumps::DailyWave => {}
            Clumps::CommonBursts => {
                let factor = if burst { BURST } else { 1.0 };
                failures = [0, 1].map(|version| {
                    binomial(sizes[version], (rates[version] * factor).min(0.9), rng)
                });
            }
            Clumps::BaselineBursts => {
                let rate = if burst { rates[0] / BURSTS } else { 0.0 };
                failures[0] = binomial(sizes[0], rate.min(1.0), rng);
            }
            Clumps::OverDispersed => {
                failures = [0, 1].map(|version| match rates[version] {
                    0.0 => 0,
                    rate => {
                        let law = Beta::new(1.0, 1.0 / rate - 1.0).expect("a law");
                        binomial(sizes[version], law.sample(rng), rng)
                    }
                });
            }
            Clumps::PinnedClient => {
                let version = *course
                    .pinned
                    .get_or_insert_with(|| usize::from(uniform(rng) < weight));
                let failed = failures[0] + failures[1];
                failures = [0; 2];
                failures[version] = failed.min(sizes[version]);
            }
            Clumps::SickEnvironment { minutes } => course.fall_sick(minutes, sizes, &mut failures),
            Clumps::Retried => {
                let mut counts = [sizes, failures];
                let mut again = failures;
                for _ in 0..2 {
                    let calls = binomial(again[0] + again[1], 0.5, rng) + (again[0] + again[1]) / 2;
                    let candidate = binomial(calls, weight, rng);
                    let calls = [calls - candidate, candidate];
                    again = calls.map(|calls| binomial(calls, 0.5, rng));
                    for version in 0..2 {
                        counts[0][version] += calls[version];
                        counts[1][version] += again[version];
                    }
                }
                return of(whole(counts[0]), whole(counts[1]));
            }
            Clumps::Late => {
                let counted = [0, 1].map(|version| {
                    let successes = sizes[version] - failures[version];
                    failures[version] + binomial(successes, 1.0 - 0.3 * uniform(rng), rng)
                });
                return of(whole(counted), whole(failures));
            }
            Clumps::Interpolated => {
                let failures = failures.map(|failures| {
                    let interpolated = binomial(failures, 0.5, rng) as f64;
                    failures as f64 - 0.63 * interpolated
                });
                return of(whole(sizes), failures);
            }
        }
        of(whole(sizes), whole(failures))
    }

    /// A seeded rollout; `weights` has one entry a period.
    pub(crate) fn rollout(
        &self,
        weights: impl IntoIterator<Item = f64>,
        seed: u64,
    ) -> impl Iterator<Item = Blocks> {
        let mut course = Course {
            rng: StdRng::seed_from_u64(seed),
            sick: None,
            pinned: None,
        };
        let weights = weights.into_iter().enumerate();
        weights.map(move |(index, weight)| self.period(index, weight, &mut course))
    }
}

impl Course {
    /// An environment of either version may fall sick, and fails all that it gets.
    fn fall_sick(&mut self, minutes: u32, sizes: [u64; 2], failures: &mut [u64; 2]) {
        let environments = sizes.map(|calls| calls.div_ceil(ENVIRONMENT));
        let often = if minutes > 1 { DAY as f64 } else { 60.0 };
        if self.sick.is_none() && uniform(&mut self.rng) < 1.0 / often {
            let all = (environments[0] + environments[1]) as f64;
            let version = usize::from(uniform(&mut self.rng) * all >= environments[0] as f64);
            self.sick = Some((version, minutes));
        }
        if let Some((version, left)) = self.sick {
            let calls = sizes[version].checked_div(environments[version]);
            let healthy = failures[version].min(sizes[version] - calls.unwrap_or_default());
            failures[version] = calls.unwrap_or_default() + healthy;
            self.sick = (left > 1).then_some((version, left - 1));
        }
    }
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
