//! The alternatives of one null, ready for blocks of one size.

use super::{
    e_variable::{Alternative, Factors, Sizes},
    prior::Bet,
};

/// All bets against one null. Metrics of one period often count the same invocations: what depends
/// on the sizes alone is worked out once for all of them.
#[derive(Debug, Clone)]
pub(super) struct Bets {
    margin: f64,
    alternatives: Vec<Alternative>,
    factors: Vec<Factors>,
    ready_for: Option<Sizes>,
}

impl Bets {
    /// Against "candidate ≤ baseline + margin" for [`Bet::Worse`], against
    /// "candidate ≥ baseline + margin" for [`Bet::AsGood`].
    pub(super) fn new(bet: Bet, margin: f64) -> Self {
        Self {
            margin,
            alternatives: bet.alternatives(),
            factors: Vec::new(),
            ready_for: None,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.alternatives.len()
    }

    /// Their factors for blocks of these sizes.
    pub(super) fn for_sizes(&mut self, sizes: Sizes) -> &[Factors] {
        if self.ready_for != Some(sizes) {
            self.factors = self.calculate(sizes);
            self.ready_for = Some(sizes);
        }
        &self.factors
    }

    /// The same without keeping them.
    pub(super) fn calculate(&self, sizes: Sizes) -> Vec<Factors> {
        self.alternatives
            .iter()
            .map(|alternative| alternative.factors(sizes, self.margin))
            .collect()
    }
}
