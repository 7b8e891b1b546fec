//! The sequential test: is the candidate worse than the baseline, or proven not to be?
//!
//! ```text
//! counts.rs      invocations and failures per period: what is looked at
//! e_variable.rs  the evidence in one period against one alternative, and why it is evidence
//! prior.rs       the alternatives that are bet on, and from which period on
//! e_process.rs   the evidence of all periods: may be looked at after every one
//! verdict.rs     worse, not worse, undecided, in numbers and in a sentence
//! ```
//!
//! Two nulls are tested, each at the threshold 1/alpha. "The candidate is never worse" is rejected
//! by a [`Verdict::Worse`]; "the candidate is worse by more than the margin throughout" by a
//! [`Verdict::NotWorse`]. Only counts of the same period are ever compared, and each period may have
//! its own failure probability, so a burst or a daily wave that hits both halves is no evidence.
//! What the test does take for granted is that one invocation's failure does not depend on
//! another's in the same period beyond that common probability.
//!
//! Sources: R. Turner, A. Ly, P. Grünwald, "Generic E-variables for exact sequential k-sample tests
//! that allow for optional stopping", Journal of Statistical Planning and Inference 230 (2024)
//! 106116; R. Turner, P. Grünwald, "Exact anytime-valid confidence intervals for contingency tables
//! and beyond", 2022. The mixture over the period from which the candidate is bad is ours.
//!
//! ```
//! use rollout::judge::{Block, Count, Terms, Verdict, judge};
//!
//! let terms = Terms { alpha: 0.05, margin: 0.01 };
//! let period = Block { baseline: Count::new(1_520, 0), candidate: Count::new(80, 4) };
//! assert_eq!(judge([period], &terms).verdict, Verdict::Worse);
//! ```

mod counts;
mod e_process;
mod e_variable;
mod prior;
mod verdict;

pub use counts::{Block, Count};
pub use verdict::{Judgement, LnE, Terms, Verdict, percent, thousands};

use e_process::EProcess;
use prior::Bet;

/// Judges all periods since the rollout began, oldest first.
///
/// The verdict is that of the first period at which a claim was proven: what is proven stays
/// proven. A proof of "worse" stands above one of "not worse by more than the margin", since a
/// candidate may be both: worse, but by little.
#[must_use]
pub fn judge(blocks: impl IntoIterator<Item = Block>, terms: &Terms) -> Judgement {
    let mut judge = Judge::new(terms);
    blocks.into_iter().for_each(|block| judge.observe(&block));
    judge.judgement()
}

/// The judge for those who get one period after the other.
#[derive(Debug, Clone)]
pub struct Judge {
    terms: Terms,
    worse: EProcess,
    not_worse: EProcess,
    totals: Block,
    periods: u64,
}

impl Judge {
    /// A judge that has seen nothing.
    #[must_use]
    pub fn new(terms: &Terms) -> Self {
        Self {
            terms: *terms,
            worse: EProcess::new(Bet::Worse, 0.0),
            not_worse: EProcess::new(Bet::AsGood, terms.margin),
            totals: Block::default(),
            periods: 0,
        }
    }

    /// Takes the next period into account; one in which a half was idle says nothing.
    pub fn observe(&mut self, block: &Block) {
        if !block.is_comparable() {
            return;
        }
        self.worse.observe(block);
        self.not_worse.observe(block);
        self.totals = self.totals + *block;
        self.periods += 1;
    }

    /// Whether the candidate is proven to be worse: the cheap half of [`Judge::judgement`].
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.worse.ln_peak() >= self.ln_threshold()
    }

    /// What the periods so far say.
    #[must_use]
    pub fn judgement(&self) -> Judgement {
        Judgement {
            verdict: self.verdict(),
            totals: self.totals,
            periods: self.periods,
            ln_e_worse: LnE(self.worse.ln_peak()),
            ln_e_not_worse: LnE(self.not_worse.ln_peak()),
            threshold: self.terms.threshold(),
            margin: self.terms.margin,
        }
    }

    fn verdict(&self) -> Verdict {
        if self.is_worse() {
            return Verdict::Worse;
        }
        let threshold = self.ln_threshold();
        if self.not_worse.ln_peak() >= threshold {
            return Verdict::NotWorse;
        }
        let more_invocations = [&self.worse, &self.not_worse]
            .into_iter()
            .filter_map(|process| process.more_invocations(&self.totals, threshold))
            .reduce(f64::min)
            .map(|more| more.ceil() as u64);
        Verdict::Undecided { more_invocations }
    }

    fn ln_threshold(&self) -> f64 {
        -self.terms.alpha.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms {
        alpha: 0.05,
        margin: 0.01,
    };

    fn block(baseline: (u64, u64), candidate: (u64, u64)) -> Block {
        Block {
            baseline: Count::new(baseline.0, baseline.1),
            candidate: Count::new(candidate.0, candidate.1),
        }
    }

    #[test]
    fn four_failures_in_eighty_against_none_in_1520_are_proof() {
        let judgement = judge([block((1_520, 0), (80, 4))], &TERMS);
        assert_eq!(judgement.verdict, Verdict::Worse, "{judgement:?}");
    }

    #[test]
    fn one_failure_in_eighty_against_none_in_1520_is_no_proof() {
        let judgement = judge([block((1_520, 0), (80, 1))], &TERMS);
        assert!(
            matches!(judgement.verdict, Verdict::Undecided { .. }),
            "{judgement:?}"
        );
    }

    #[test]
    fn no_failures_at_all_prove_not_worse_after_some_hundred_invocations() {
        let few = judge([block((950, 0), (50, 0)); 2], &TERMS);
        assert!(
            matches!(
                few.verdict,
                Verdict::Undecided {
                    more_invocations: Some(200..=900)
                }
            ),
            "{few:?}"
        );
        let many = judge([block((950, 0), (50, 0)); 15], &TERMS);
        assert_eq!(many.verdict, Verdict::NotWorse, "{many:?}");
    }

    #[test]
    fn no_traffic_is_undecided_and_promises_nothing() {
        let judgement = judge([block((950, 0), (0, 0)); 30], &TERMS);
        assert_eq!(
            judgement.verdict,
            Verdict::Undecided {
                more_invocations: None
            }
        );
        assert_eq!(judgement.periods, 0);
    }

    #[test]
    fn a_candidate_that_turns_bad_after_a_thousand_good_periods_is_found_within_a_few() {
        let mut judge = Judge::new(&TERMS);
        (0..1_000).for_each(|_| judge.observe(&block((950, 1), (50, 0))));
        assert!(!judge.is_worse());
        let bad = (0..20).position(|_| {
            judge.observe(&block((950, 1), (50, 3)));
            judge.is_worse()
        });
        assert!(bad.is_some_and(|periods| periods < 5), "{bad:?}");
    }

    #[test]
    fn what_is_proven_stays_proven() {
        let mut periods = vec![block((1_520, 0), (80, 8))];
        periods.extend([block((1_520, 80), (80, 0)); 50]);
        assert_eq!(judge(periods, &TERMS).verdict, Verdict::Worse);
    }
}
