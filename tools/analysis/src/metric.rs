//! What is analysed of an invocation, and how the metrics share one alpha.
//!
//! # One e-value for "worse in something"
//!
//! Every metric m has its own e-process `E_m` against "the candidate is never worse in m". What the
//! verdict rests on is their weighted mean `E = Σ w_m E_m`, `Σ w_m = 1`:
//!
//! - **It is valid whatever the metrics have to do with each other** (a slow invocation often is
//!   one that fails too). If the candidate is worse in nothing, every `E_m` is a nonnegative supermartingale
//!   that starts at 1 (`worse.rs`). So is E, by the linearity of expectation alone, and by
//!   Ville's inequality it reaches 1/alpha with a probability of at most alpha, ever.
//!   (V. Vovk, R. Wang, "E-values: calibration, combination and applications", Annals of Statistics
//!   49 (2021) 1736-1754, section 3: among symmetric ways to merge e-values of arbitrary dependence
//!   the arithmetic mean essentially dominates all others.)
//! - **It is never slower than Bonferroni.** That would act when some `E_m` reaches `1/(w_m alpha)`;
//!   at that moment `E ≥ w_m E_m ≥ 1/alpha`. Evidence that is spread over metrics adds up instead.
//! - **The weights are fixed before anything is seen**: failures count twice, those that Lambda sees and
//!   those that the function counts, since they are what a rollout is there to catch. One metric alone needs
//!   `1/(w_m alpha)`: with errors, throttles and slow invocations, errors need an e-value of 40 instead of 20,
//!   the others one of 80.
//!
//! The metric that decides is the one with the largest `w_m E_m` at the moment of the decision. The
//! rollback is what has an error of at most alpha; the name says where the evidence lies.
//!
//! # One e-value for "not worse in anything"
//!
//! "Not worse by more than the margin" is a claim about every metric at once, and it is false as
//! soon as one of them is worse. For that one m, `min E_m' ≤ E_m`, so the least of the e-values is
//! an e-value and each may be tested at alpha (the intersection-union test: R. L. Berger,
//! "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24 (1982) 295-300).
//! The metric that decides is the one with the least. A metric that was never counted for both
//! versions makes no part of the claim, and [`Analysis::metrics`](super::Analysis::metrics) shows
//! which were.

use std::ops::{Index, IndexMut};

use serde::Serialize;

use super::counts::Block;

/// What can be wrong with an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// It failed: an error, a crash or a timeout, all of which Lambda counts as errors.
    Errors,
    /// It was refused for want of concurrency and did not run; one of all requests.
    Throttles,
    /// It was warm, and ran for longer than the function's `slow_ms`.
    Slow,
    /// The function itself counts it as failed, in the metric of this number.
    Counted(usize),
}

/// How many metrics a function may count itself.
pub const MOST_COUNTED: usize = 5;

impl Metric {
    /// How much it counts in the mean, before the weights are made to sum to 1.
    const fn share(self) -> f64 {
        match self {
            Self::Errors | Self::Counted(_) => 2.0,
            Self::Throttles | Self::Slow => 1.0,
        }
    }
}

/// Which metrics are analysed together: errors and throttles always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metrics {
    /// Slow invocations too.
    pub slow: bool,
    /// How many metrics the function counts itself, at most [`MOST_COUNTED`].
    pub counted: usize,
}

impl Metrics {
    /// All that Lambda counts.
    pub const ALL: Self = Self {
        slow: true,
        counted: 0,
    };

    /// Those that do not look at the clock: what emulated versions can be analysed by.
    pub const WITHOUT_TIME: Self = Self {
        slow: false,
        counted: 0,
    };

    /// One after the other; errors come first.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Metric> + Clone {
        let slow = self.slow.then_some(Metric::Slow);
        let counted = (0..self.counted.min(MOST_COUNTED)).map(Metric::Counted);
        [Metric::Errors, Metric::Throttles]
            .into_iter()
            .chain(slow)
            .chain(counted)
    }

    /// `w_m` of one of them.
    pub(super) fn weight_of(self, metric: Metric) -> f64 {
        metric.share() / self.iter().map(Metric::share).sum::<f64>()
    }
}

/// The same period of both versions, metric by metric. A metric that was not counted has a block in
/// which neither version ran: it says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Blocks {
    /// Invocations, and those of them that failed.
    pub errors: Block,
    /// Requests, and those of them that were refused.
    pub throttles: Block,
    /// Warm invocations, and those of them that were slow.
    pub slow: Block,
    /// What the function counts itself, and what of it failed.
    pub counted: [Block; MOST_COUNTED],
}

impl Blocks {
    /// A period of which nothing but errors is known.
    #[must_use]
    pub fn errors(errors: Block) -> Self {
        Self {
            errors,
            ..Self::default()
        }
    }
}

impl Index<Metric> for Blocks {
    type Output = Block;

    fn index(&self, metric: Metric) -> &Block {
        match metric {
            Metric::Errors => &self.errors,
            Metric::Throttles => &self.throttles,
            Metric::Slow => &self.slow,
            Metric::Counted(index) => &self.counted[index],
        }
    }
}

impl IndexMut<Metric> for Blocks {
    fn index_mut(&mut self, metric: Metric) -> &mut Block {
        match metric {
            Metric::Errors => &mut self.errors,
            Metric::Throttles => &mut self.throttles,
            Metric::Slow => &mut self.slow,
            Metric::Counted(index) => &mut self.counted[index],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_the_metrics_that_are_analysed_sum_to_one() {
        for slow in [false, true] {
            for counted in 0..=MOST_COUNTED {
                let metrics = Metrics { slow, counted };
                let sum: f64 = metrics.iter().map(|m| metrics.weight_of(m)).sum();
                assert!((sum - 1.0).abs() < 1e-12, "{metrics:?}");
            }
        }
        assert_eq!(Metrics::ALL.weight_of(Metric::Errors), 0.5);
    }
}
