//! Both questions about one metric: is the candidate worse, and is it not worse by the margin?

use super::{
    bets::Bets,
    e_process::EProcess,
    metric::{Blocks, Metric, Metrics},
    prior::Bet,
    verdict::{Finding, LnE},
};

/// The bets on either answer, which all metrics have in common.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    worse: Bets,
    as_good: Bets,
}

impl Answers {
    pub(super) fn new(margin: f64) -> Self {
        Self {
            worse: Bets::new(Bet::Worse, 0.0),
            as_good: Bets::new(Bet::AsGood, margin),
        }
    }
}

/// The evidence on one metric.
#[derive(Debug, Clone)]
pub(super) struct Questions {
    metric: Metric,
    ln_weight: f64,
    worse: EProcess,
    not_worse: EProcess,
}

impl Questions {
    /// Nothing seen yet; `metrics` are the metrics that share alpha.
    pub(super) fn new(metric: Metric, metrics: Metrics, answers: &Answers) -> Self {
        Self {
            metric,
            ln_weight: metrics.weight_of(metric).ln(),
            worse: EProcess::new(Bet::Worse, &answers.worse),
            not_worse: EProcess::new(Bet::AsGood, &answers.as_good),
        }
    }

    pub(super) fn observe(&mut self, blocks: &Blocks, answers: &mut Answers) {
        let block = &blocks[self.metric];
        self.worse.observe(block, &mut answers.worse);
        self.not_worse.observe(block, &mut answers.as_good);
    }

    pub(super) const fn metric(&self) -> Metric {
        self.metric
    }

    /// Whether it was ever counted for both versions.
    pub(super) const fn is_counted(&self) -> bool {
        self.worse.blocks() > 0
    }

    /// What this metric adds to the mean e-value for "worse in something", as a logarithm.
    pub(super) fn ln_part(&self) -> f64 {
        self.ln_weight + self.worse.ln_now()
    }

    /// The evidence for "not worse", as a logarithm.
    pub(super) const fn ln_not_worse(&self) -> f64 {
        self.not_worse.ln_peak()
    }

    /// After how many more invocations of the candidate this metric proves "worse" by itself.
    pub(super) fn until_worse(&self, answers: &Answers, ln_threshold: f64) -> Option<f64> {
        self.worse
            .more_invocations(&answers.worse, ln_threshold - self.ln_weight)
    }

    /// After how many more it proves "not worse".
    pub(super) fn until_not_worse(&self, answers: &Answers, ln_threshold: f64) -> Option<f64> {
        if self.ln_not_worse() >= ln_threshold {
            return Some(0.0);
        }
        self.not_worse
            .more_invocations(&answers.as_good, ln_threshold)
    }

    pub(super) fn finding(&self) -> Finding {
        Finding {
            metric: self.metric,
            totals: self.worse.totals(),
            periods: self.worse.blocks(),
            ln_e_worse: LnE(self.worse.ln_peak()),
            ln_e_not_worse: LnE(self.ln_not_worse()),
        }
    }
}
