//! The e-process of a null: the wealth of a bettor who starts with 1 and cannot gain under it.
//!
//! For each alternative the product of its block e-variables is a test martingale, since its bets
//! are fixed before the block is seen. A mixture of them with a prior is one too, and so is a
//! mixture over the block at which a bet begins: until then its share stays as it is. By Ville's
//! inequality the probability that the mixture ever reaches 1/alpha is at most alpha under the
//! null, however often one looks.

use super::{
    bets::Bets,
    counts::Block,
    e_variable::{Factors, Sample, Sizes},
    prior::Bet,
};

/// The wealth against one null in one metric, block by block.
#[derive(Debug, Clone)]
pub(super) struct EProcess {
    bet: Bet,
    /// What every alternative has, over all its starts so far, in units of `e^ln_scale`.
    wealth: Vec<f64>,
    /// The logarithm of the greatest of them, or 0 when that is less than 1.
    ln_scale: f64,
    totals: Block,
    blocks: u64,
    ln_peak: f64,
    /// What the last block has left, which may be far below the peak.
    ln_now: f64,
}

impl EProcess {
    pub(super) fn new(bet: Bet, bets: &Bets) -> Self {
        Self {
            bet,
            wealth: vec![0.0; bets.len()],
            ln_scale: 0.0,
            totals: Block::default(),
            blocks: 0,
            ln_peak: 0.0,
            ln_now: 0.0,
        }
    }

    /// Takes one more block into account; one in which a version was idle says nothing.
    pub(super) fn observe(&mut self, block: &Block, bets: &mut Bets) {
        if !block.is_comparable() {
            return;
        }
        self.totals = self.totals + *block;
        self.blocks += 1;
        let sample = sample(block);
        self.bet_on(&sample, bets.for_sizes(sample.sizes));
        let ln_betting =
            self.ln_scale + self.wealth.iter().sum::<f64>().ln() - self.ln_alternatives();
        let ln_waiting = self.bet.share_of_later_starts(self.blocks).ln();
        self.ln_now = ln_sum([ln_betting, ln_waiting].into_iter());
        self.ln_peak = self.ln_peak.max(self.ln_now);
    }

    /// Gives every alternative the share that starts with this block, and multiplies what it then has
    /// by its e-variable. What falls behind the best by more than a number can say is lost, which
    /// only ever makes the e-value smaller.
    fn bet_on(&mut self, sample: &Sample, factors: &[Factors]) {
        let start = (self.bet.share_of_start(self.blocks).ln() - self.ln_scale).exp();
        let ln_best = factors
            .iter()
            .map(|factors| factors.ln_e(sample))
            .fold(f64::NEG_INFINITY, f64::max);
        for (wealth, factors) in self.wealth.iter_mut().zip(factors) {
            *wealth = (*wealth + start) * (factors.ln_e(sample) - ln_best).exp();
        }
        self.rescale(self.ln_scale + ln_best);
    }

    /// Goes from units of `e^ln_unit` to those of the greatest wealth, or to 1 when that is more.
    fn rescale(&mut self, ln_unit: f64) {
        let greatest = self.wealth.iter().copied().fold(0.0, f64::max);
        self.ln_scale = (ln_unit + greatest.ln()).max(0.0);
        let unit = (ln_unit - self.ln_scale).exp();
        for wealth in &mut self.wealth {
            // Nothing stays nothing, also in a unit beyond all numbers.
            *wealth = if *wealth > 0.0 { *wealth * unit } else { 0.0 };
        }
    }

    fn ln_alternatives(&self) -> f64 {
        (self.wealth.len() as f64).ln()
    }

    /// The natural logarithm of the highest e-value so far: the one that decides.
    pub(super) const fn ln_peak(&self) -> f64 {
        self.ln_peak
    }

    /// The natural logarithm of the e-value as it is now.
    pub(super) const fn ln_now(&self) -> f64 {
        self.ln_now
    }

    /// All blocks in which both versions ran, summed.
    pub(super) const fn totals(&self) -> Block {
        self.totals
    }

    /// How many that are.
    pub(super) const fn blocks(&self) -> u64 {
        self.blocks
    }

    /// About how many more invocations of the candidate until the e-value reaches `ln_threshold`,
    /// if both versions go on at the rates and in the proportion of all so far; `None` when it would
    /// not get there.
    pub(super) fn more_invocations(&self, bets: &Bets, ln_threshold: f64) -> Option<f64> {
        let per_invocation = expected_per_invocation(&self.totals)?;
        let growths: Vec<f64> = bets
            .calculate(per_invocation.sizes)
            .iter()
            .map(|factors| factors.ln_e(&per_invocation))
            .collect();
        let ln_wealth = self.wealth.iter().map(|wealth| self.ln_scale + wealth.ln());
        let bets = || ln_wealth.clone().zip(&growths);
        let ln_target = ln_threshold + self.ln_alternatives();
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

pub(super) fn sample(block: &Block) -> Sample {
    Sample {
        sizes: Sizes {
            baseline: block.baseline.invocations(),
            candidate: block.candidate.invocations(),
        },
        baseline_failures: block.baseline.failures(),
        candidate_failures: block.candidate.failures(),
    }
}

/// The counts that go with one invocation of the candidate, each version's rate drawn a little towards
/// the common one, so that "none of 80" is not taken for "never".
fn expected_per_invocation(totals: &Block) -> Option<Sample> {
    if !totals.is_comparable() {
        return None;
    }
    let Sample {
        sizes,
        baseline_failures: k_b,
        candidate_failures: k_c,
    } = sample(totals);
    let common = (k_b + k_c + 0.5) / (sizes.baseline + sizes.candidate + 1.0);
    let proportion = sizes.baseline / sizes.candidate;
    Some(Sample {
        sizes: Sizes {
            baseline: proportion,
            candidate: 1.0,
        },
        baseline_failures: proportion * (k_b + common) / (sizes.baseline + 1.0),
        candidate_failures: (k_c + common) / (sizes.candidate + 1.0),
    })
}

/// `ln(Σ e^x)` without overflow.
pub(super) fn ln_sum(logarithms: impl Iterator<Item = f64> + Clone) -> f64 {
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
        let mut bets = Bets::new(bet, margin);
        let mut process = EProcess::new(bet, &bets);
        let observe = |block| process.observe(block, &mut bets);
        blocks.iter().for_each(observe);
        process
    }

    #[test]
    fn a_period_in_which_a_version_is_idle_changes_nothing() {
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
    fn a_burst_that_hits_both_versions_alike_proves_nothing() {
        let quiet = block((950, 1), (50, 0));
        let burst = block((950, 380), (50, 20));
        let process = after(Bet::Worse, 0.0, &[quiet, quiet, burst, burst, quiet]);
        assert!(process.ln_peak() < 2f64.ln(), "{}", process.ln_peak());
    }

    #[test]
    fn a_loss_beyond_all_numbers_is_followed_by_new_bets() {
        let lost = block((100_000, 90_000), (100_000, 10));
        let won = block((1_000, 1), (1_000, 300));
        let one = after(Bet::Worse, 0.0, &[lost, won]);
        let alone = after(Bet::Worse, 0.0, &[won]);
        assert!(one.ln_now.is_finite() && one.ln_now > 20f64.ln(), "{one:?}");
        assert!(one.ln_now < alone.ln_now);
    }

    #[test]
    fn the_projection_agrees_with_what_then_happens() {
        let steady = block((950, 0), (50, 0));
        let threshold = 20f64.ln();
        let mut bets = Bets::new(Bet::AsGood, 0.01);
        let mut process = EProcess::new(Bet::AsGood, &bets);
        process.observe(&steady, &mut bets);
        let projected = process.more_invocations(&bets, threshold).unwrap();
        let mut seen = 0.0;
        while process.ln_peak() < threshold {
            process.observe(&steady, &mut bets);
            seen += 50.0;
        }
        // Whole periods are observed, so it takes up to one period more.
        assert!(
            (0.95 * projected..=1.05 * projected + 50.0).contains(&seen),
            "{seen} of {projected}"
        );
    }
}
