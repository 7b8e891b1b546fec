//! The analysis in numbers.

use std::fmt;

use serde::Serialize;

use super::{
    counts::Block,
    metric::{Metric, Metrics},
};

/// The natural logarithm of an e-value, which itself may be too large for a number.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct LnE(pub f64);

impl fmt::Display for LnE {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let power = self.0 / std::f64::consts::LN_10;
        if power < 4.0 {
            return write!(f, "{:.1}", self.0.exp());
        }
        // 9.96e5 would be written as 10.0e5.
        let rounded = (10f64.powf(power.fract()) * 10.0).round() / 10.0;
        let (digits, exponent) = if rounded >= 10.0 {
            (1.0, power.trunc() + 1.0)
        } else {
            (rounded, power.trunc())
        };
        write!(f, "{digits:.1}e{exponent:.0}")
    }
}

/// How sure a verdict must be, which difference does not matter, and what is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Of equally good candidates, at most this fraction is called worse, however long one looks, by however
    /// many metrics, and however failures clump within a period.
    pub alpha: f64,
    /// The difference of two probabilities that does not matter.
    pub margin: f64,
    /// The metrics that are analysed. Fixed before anything is seen: the metrics share alpha.
    pub metrics: Metrics,
}

impl Terms {
    /// The e-value from which on a claim is taken as proven: 1/alpha.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.alpha.recip()
    }
}

/// What the counts so far say about the candidate; never a bare pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It is worse than the baseline in something.
    Worse {
        /// Where most of the evidence lies.
        decides: Metric,
    },
    /// It is not worse than the baseline by more than the margin in anything that was counted since the last change
    /// of the weight. Information: it takes for granted that failures are independent of each other.
    NotWorse {
        /// Where the proof is the weakest.
        decides: Metric,
    },
    /// Neither is proven yet.
    Inconclusive {
        /// The metric that the nearest decision waits for; `None` when none can be foreseen.
        decides: Option<Metric>,
        /// About how many more periods decide, if evidence goes on to gather as it has since the last change of the
        /// weight.
        more_periods: Option<u64>,
    },
}

/// What the counts say: a verdict with everything that it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysis {
    /// What is proven.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Metric by metric, all that are analysed; errors come first.
    pub metrics: Vec<Finding>,
    /// Evidence for "worse in something": the highest e-value so far, as its natural logarithm.
    pub ln_e_worse: LnE,
    /// Evidence for "not worse by more than the margin in anything" since the last change of the weight.
    pub ln_e_not_worse: LnE,
    /// The e-value that proves either.
    pub threshold: f64,
    /// The difference of two probabilities that does not matter.
    pub margin: f64,
}

/// What one metric shows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Finding {
    /// Which one.
    pub metric: Metric,
    /// All periods in which anything ran, summed.
    pub totals: Block,
    /// How many periods that are.
    pub periods: u64,
    /// Evidence for "worse" of this metric alone: the highest e-value so far.
    pub ln_e_worse: LnE,
    /// Evidence for "not worse by more than the margin" since the last change of the weight.
    pub ln_e_not_worse: LnE,
}

impl Analysis {
    /// What one metric shows; `None` when it is not analysed.
    #[must_use]
    pub fn finding(&self, metric: Metric) -> Option<&Finding> {
        self.metrics.iter().find(|finding| finding.metric == metric)
    }

    /// Invocations and failures of both versions.
    #[must_use]
    pub fn errors(&self) -> Block {
        self.finding(Metric::Errors)
            .map_or_else(Block::default, |finding| finding.totals)
    }
}
