//! Is the candidate not worse by more than the margin? Information, which no rollout waits for.
//!
//! It takes for granted that the failures of a period are independent of each other, given its failure rates. The null
//! is "candidate − baseline ≥ margin in every period since the last change of the weight"; the bet is that both
//! fail as often as both did together in the periods before, by the e-variables of `e_variable.rs`.

use super::{
    counts::{Block, Count},
    e_variable::{Alternative, Rates, sample},
    interval::Reserved,
};

/// What was seen is taken for half a failure in so many calls more, so that no rate is 0 or 1.
const CALLS: f64 = 500.0;

/// The evidence since the last change of the weight.
#[derive(Debug, Clone)]
pub(super) struct NotWorse {
    margin: f64,
    wealth: Reserved,
    seen: Count,
    pub(super) periods: u64,
}

impl NotWorse {
    pub(super) fn new(margin: f64) -> Self {
        Self {
            margin,
            wealth: Reserved::default(),
            seen: Count::default(),
            periods: 0,
        }
    }

    pub(super) fn weight_changed(&mut self) {
        *self = Self::new(self.margin);
    }

    pub(super) fn observe(&mut self, block: &Block) {
        if !block.is_comparable() {
            return;
        }
        if self.seen.invocations() > 0.0 {
            let rate = (self.seen.failures() + 0.5) / (self.seen.invocations() + CALLS);
            let alternative = Alternative::new(Rates {
                baseline: rate,
                candidate: rate,
            });
            let sample = sample(block);
            let factors = alternative.factors(sample.sizes, self.margin);
            self.wealth.bet(factors.ln_e(&sample));
        }
        self.seen = self.seen + block.baseline + block.candidate;
        self.periods += 1;
    }

    pub(super) fn ln_e(&self) -> f64 {
        self.wealth.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_in_which_a_version_is_idle_changes_nothing() {
        let block = |candidate| Block {
            baseline: Count::new(500, 5),
            candidate: Count::new(candidate, 0),
        };
        let mut evidence = NotWorse::new(0.01);
        evidence.observe(&block(100));
        evidence.observe(&block(100));
        let before = evidence.ln_e();
        evidence.observe(&block(0));
        assert_eq!((evidence.ln_e(), evidence.periods), (before, 2));
    }
}
