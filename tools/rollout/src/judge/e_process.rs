//! The e-process of a null: the wealth of a bettor who starts with 1 and cannot gain under it.
//!
//! For each alternative the product of its block e-variables is a test martingale, since its bets
//! are fixed before the block is seen. A mixture of them with a prior is one too, and so is a
//! mixture over the block at which a bet begins: until then its share stays as it is. By Ville's
//! inequality the probability that the mixture ever reaches 1/alpha is at most alpha under the
//! null, however often one looks. Everything is kept in logarithms.

use super::{
    counts::Block,
    e_variable::{Alternative, Sample},
    prior::Bet,
};

/// The wealth against one null, block by block.
#[derive(Debug, Clone)]
pub(super) struct EProcess {
    bet: Bet,
    margin: f64,
    alternatives: Vec<Wealth>,
    blocks: u64,
    ln_peak: f64,
    /// What the last block has left, which may be far below the peak.
    ln_now: f64,
}

/// One alternative's wealth, summed over the starts so far.
#[derive(Debug, Clone, Copy)]
struct Wealth {
    alternative: Alternative,
    ln: f64,
}

impl EProcess {
    /// Against "candidate ≤ baseline + margin" for [`Bet::Worse`], against
    /// "candidate ≥ baseline + margin" for [`Bet::AsGood`].
    pub(super) fn new(bet: Bet, margin: f64) -> Self {
        let wealth = |alternative| Wealth {
            alternative,
            ln: f64::NEG_INFINITY,
        };
        Self {
            bet,
            margin,
            alternatives: bet.alternatives().into_iter().map(wealth).collect(),
            blocks: 0,
            ln_peak: 0.0,
            ln_now: 0.0,
        }
    }

    /// Takes one more block into account; one in which a half was idle says nothing.
    pub(super) fn observe(&mut self, block: &Block) {
        if !block.is_comparable() {
            return;
        }
        self.blocks += 1;
        let sample = sample(block);
        let ln_start = self.bet.share_of_start(self.blocks).ln();
        for wealth in &mut self.alternatives {
            wealth.ln = ln_add(wealth.ln, ln_start) + wealth.alternative.ln_e(&sample, self.margin);
        }
        let ln_waiting = self.bet.share_of_later_starts(self.blocks).ln();
        let ln_betting = ln_sum(self.alternatives.iter().map(|wealth| wealth.ln))
            - (self.alternatives.len() as f64).ln();
        self.ln_now = ln_add(ln_betting, ln_waiting);
        self.ln_peak = self.ln_peak.max(self.ln_now);
    }

    /// The natural logarithm of the highest e-value so far: the one that decides.
    pub(super) const fn ln_peak(&self) -> f64 {
        self.ln_peak
    }

    /// About how many more invocations of the candidate until the e-value reaches `ln_threshold`,
    /// if both halves go on at the rates and in the proportion of `totals`; `None` when it would
    /// not get there.
    pub(super) fn more_invocations(&self, totals: &Block, ln_threshold: f64) -> Option<f64> {
        let per_invocation = expected_per_invocation(totals)?;
        let growths: Vec<f64> = self
            .alternatives
            .iter()
            .map(|wealth| wealth.alternative.ln_e(&per_invocation, self.margin))
            .collect();
        let bets = || {
            self.alternatives
                .iter()
                .map(|wealth| wealth.ln)
                .zip(&growths)
        };
        let ln_target = ln_threshold + (self.alternatives.len() as f64).ln();
        // Any one alternative gets there alone, later than all of them together.
        let latest = bets()
            .filter(|(_, growth)| **growth > LEAST_GROWTH)
            .map(|(ln, growth)| (ln_target - ln).max(0.0) / growth)
            .reduce(f64::min)?;
        let reached =
            |more: f64| ln_sum(bets().map(|(ln, growth)| ln + more * growth)) >= ln_target;
        Some(first(reached, latest))
    }
}

/// A bet that grows by less than this per invocation does not pay within any rollout.
const LEAST_GROWTH: f64 = 1e-9;

/// Where `reached` turns true between 0 and `latest`, to one part in a thousand.
fn first(reached: impl Fn(f64) -> bool, latest: f64) -> f64 {
    let (mut early, mut late) = (0.0, latest);
    for _ in 0..10 {
        let middle = f64::midpoint(early, late);
        if reached(middle) {
            late = middle;
        } else {
            early = middle;
        }
    }
    late
}

fn sample(block: &Block) -> Sample {
    Sample {
        baseline_invocations: block.baseline.invocations() as f64,
        baseline_failures: block.baseline.failures() as f64,
        candidate_invocations: block.candidate.invocations() as f64,
        candidate_failures: block.candidate.failures() as f64,
    }
}

/// The counts that go with one invocation of the candidate, each half's rate drawn a little towards
/// the common one, so that "none of 80" is not taken for "never".
fn expected_per_invocation(totals: &Block) -> Option<Sample> {
    if !totals.is_comparable() {
        return None;
    }
    let Sample {
        baseline_invocations: n_b,
        baseline_failures: k_b,
        candidate_invocations: n_c,
        candidate_failures: k_c,
    } = sample(totals);
    let common = (k_b + k_c + 0.5) / (n_b + n_c + 1.0);
    let proportion = n_b / n_c;
    Some(Sample {
        baseline_invocations: proportion,
        baseline_failures: proportion * (k_b + common) / (n_b + 1.0),
        candidate_invocations: 1.0,
        candidate_failures: (k_c + common) / (n_c + 1.0),
    })
}

/// `ln(e^a + e^b)` without overflow.
fn ln_add(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY {
        high
    } else {
        high + (low - high).exp().ln_1p()
    }
}

/// `ln(Σ e^x)` without overflow.
fn ln_sum(logarithms: impl Iterator<Item = f64> + Clone) -> f64 {
    let high = logarithms.clone().fold(f64::NEG_INFINITY, f64::max);
    if high == f64::NEG_INFINITY {
        return high;
    }
    high + logarithms.map(|ln| (ln - high).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::{super::counts::Count, *};

    fn block(baseline: (u64, u64), candidate: (u64, u64)) -> Block {
        Block {
            baseline: Count::new(baseline.0, baseline.1),
            candidate: Count::new(candidate.0, candidate.1),
        }
    }

    fn after(bet: Bet, margin: f64, blocks: &[Block]) -> EProcess {
        let mut process = EProcess::new(bet, margin);
        blocks.iter().for_each(|block| process.observe(block));
        process
    }

    #[test]
    fn a_period_in_which_a_half_is_idle_changes_nothing() {
        let some = [block((1_000, 2), (100, 1))];
        let with_idle = [block((500, 5), (0, 0)), some[0], block((0, 0), (50, 50))];
        let one = after(Bet::Worse, 0.0, &some);
        let other = after(Bet::Worse, 0.0, &with_idle);
        assert!((one.ln_now - other.ln_now).abs() < 1e-12);
    }

    #[test]
    fn every_further_failure_of_the_candidate_raises_the_e_value() {
        // Without any failure there is no bet to win: from the common rate on it only rises.
        let values: Vec<f64> = (3..=60)
            .map(|failures| after(Bet::Worse, 0.0, &[block((940, 3), (60, failures))]).ln_now)
            .collect();
        assert!(values.is_sorted(), "{values:?}");
    }

    #[test]
    fn a_burst_that_hits_both_halves_alike_proves_nothing() {
        let quiet = block((950, 1), (50, 0));
        let burst = block((950, 380), (50, 20));
        let process = after(Bet::Worse, 0.0, &[quiet, quiet, burst, burst, quiet]);
        assert!(process.ln_peak() < 2f64.ln(), "{}", process.ln_peak());
    }

    #[test]
    fn the_projection_agrees_with_what_then_happens() {
        let steady = block((950, 0), (50, 0));
        let threshold = 20f64.ln();
        let mut process = after(Bet::AsGood, 0.01, &[steady]);
        let projected = process.more_invocations(&steady, threshold).unwrap();
        let mut seen = 0.0;
        while process.ln_peak() < threshold {
            process.observe(&steady);
            seen += 50.0;
        }
        // Whole periods are observed, so it takes up to one period more.
        assert!(
            (0.95 * projected..=1.05 * projected + 50.0).contains(&seen),
            "{seen} of {projected}"
        );
    }
}
