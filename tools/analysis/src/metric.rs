//! What is analysed of an invocation, and how the metrics share one alpha.
//!
//! # One e-value for "worse in something"
//!
//! Every metric m has its own e-process `E_m` against "the candidate is never worse in m". What the
//! verdict rests on is their weighted mean `E = Σ w_m E_m`, `Σ w_m = 1`:
//!
//! - **It is valid whatever the metrics have to do with each other** (a slow invocation often is
//!   one that fails too). If the candidate is worse in nothing, every `E_m` is a product of factors
//!   whose expectation, given all that was seen before, is at most 1, and starts at 1. So E is a
//!   nonnegative supermartingale that starts at 1, by the linearity of expectation alone, and by
//!   Ville's inequality reaches 1/alpha with a probability of at most alpha, ever.
//!   (V. Vovk, R. Wang, "E-values: calibration, combination and applications", Annals of Statistics
//!   49 (2021) 1736-1754, section 3: among symmetric ways to merge e-values of arbitrary dependence
//!   the arithmetic mean essentially dominates all others.)
//! - **It is never slower than Bonferroni.** That would act when some `E_m` reaches `1/(w_m alpha)`;
//!   at that moment `E ≥ w_m E_m ≥ 1/alpha`. Evidence that is spread over metrics adds up instead.
//! - **The weights are fixed before anything is seen**: errors count twice, since they are what a
//!   rollout is there to catch. One metric alone needs `1/(w_m alpha)`: with all three of them, errors
//!   need an e-value of 40 instead of 20, the others one of 80.
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

use std::{fmt, ops::Index};

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
    /// It ran for longer than the function's `slow_ms`.
    Slow,
}

impl Metric {
    /// All that `CloudWatch` counts.
    pub const ALL: &[Self] = &[Self::Errors, Self::Throttles, Self::Slow];

    /// Those that do not look at the clock: what emulated versions can be analysed by.
    pub const WITHOUT_TIME: &[Self] = &[Self::Errors, Self::Throttles];

    /// How much it counts in the mean, before the weights are made to sum to 1.
    const fn share(self) -> f64 {
        match self {
            Self::Errors => 2.0,
            Self::Throttles | Self::Slow => 1.0,
        }
    }

    /// `w_m` among the metrics that are analysed together.
    pub(super) fn weight_among(self, metrics: &[Self]) -> f64 {
        self.share() / metrics.iter().map(|metric| metric.share()).sum::<f64>()
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Errors => "errors",
            Self::Throttles => "throttles",
            Self::Slow => "slow invocations",
        })
    }
}

/// The same period of both versions, metric by metric. A metric that was not counted has a block in
/// which neither version ran: it says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Blocks {
    /// Invocations, and those of them that failed.
    pub errors: Block,
    /// Requests, and those of them that were refused.
    pub throttles: Block,
    /// Invocations, and those of them that were slow.
    pub slow: Block,
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_the_metrics_that_are_judged_sum_to_one() {
        for metrics in [Metric::ALL, Metric::WITHOUT_TIME, &[Metric::Errors]] {
            let sum: f64 = metrics.iter().map(|m| m.weight_among(metrics)).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{metrics:?}");
        }
        assert_eq!(Metric::Errors.weight_among(Metric::ALL), 0.5);
    }
}
