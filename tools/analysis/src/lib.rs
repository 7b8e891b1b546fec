//! The sequential test: is the candidate worse than the baseline, or proven not to be?
//!
//! ```text
//! counts.rs      invocations and failures per period: what is looked at
//! metric.rs      errors, throttles, slow invocations, what the function counts; how they share one alpha
//! e_variable.rs  the evidence in one period against one alternative, and why it is evidence
//! prior.rs       the alternatives that are bet on, and from which period on
//! bets.rs        all alternatives of one null, worked out for blocks of one size
//! e_process.rs   the evidence of all periods in one metric: may be looked at after every one
//! questions.rs   both questions about one metric
//! interval.rs    by how much the versions differ, in rates and in means
//! ratio.rs       by what factor their means differ
//! share.rs       whether the candidate gets the share that its weight says
//! verdict.rs     worse, not worse, inconclusive, in numbers
//! ```
//!
//! Two nulls are tested, each at the threshold 1/alpha. "The candidate is never worse in anything" is
//! rejected by a [`Verdict::Worse`]; "there is a metric in which the candidate is worse by more than
//! the margin throughout" by a [`Verdict::NotWorse`]. Only counts of the same period are ever compared, and each period may have
//! its own failure probability, so a burst or a daily wave that hits both versions is no evidence.
//! What the test does take for granted is that one invocation's failure does not depend on
//! another's in the same period beyond that common probability. A single sick environment that fails
//! all its invocations breaks that, and is then taken for its version's fault.
//!
//! Sources: R. Turner, A. Ly, P. Grünwald, "Generic E-variables for exact sequential k-sample tests
//! that allow for optional stopping", Journal of Statistical Planning and Inference 230 (2024)
//! 106116; R. Turner, P. Grünwald, "Exact anytime-valid confidence intervals for contingency tables
//! and beyond", 2022. The mixture over the period from which the candidate is bad is ours.
//!
//! ```
//! use analysis::{Block, Blocks, Count, Metric, Metrics, Terms, Verdict, analyse};
//!
//! let terms = Terms { alpha: 0.05, margin: 0.01, metrics: Metrics::WITHOUT_TIME };
//! let errors = Block { baseline: Count::new(1_520, 0), candidate: Count::new(80, 4) };
//! let decides = Metric::Errors;
//! assert_eq!(analyse([Blocks::errors(errors)], &terms).verdict, Verdict::Worse { decides });
//! ```

mod bets;
mod counts;
mod e_process;
mod e_variable;
mod interval;
mod metric;
mod prior;
mod questions;
mod ratio;
mod share;
mod verdict;

use std::cmp::Ordering;

pub use counts::{Block, Count};
pub use interval::{Interval, Total, difference_of_means, difference_of_rates};
pub use metric::{Blocks, MOST_COUNTED, Metric, Metrics};
pub use ratio::ratio_of_means;
pub use share::{Share, ShareTest};
pub use verdict::{Analysis, Finding, LnE, Terms, Verdict};

use e_process::ln_sum;
use questions::{Answers, Questions};

/// Analyses all periods since the rollout began, oldest first.
///
/// The verdict is that of the first period at which a claim was proven: what is proven stays
/// proven. A proof of "worse" stands above one of "not worse by more than the margin", since a
/// candidate may be both: worse, but by little.
#[must_use]
pub fn analyse(periods: impl IntoIterator<Item = Blocks>, terms: &Terms) -> Analysis {
    let mut test = SequentialTest::new(terms);
    periods.into_iter().for_each(|blocks| test.observe(&blocks));
    test.analysis()
}

/// About the smallest failure rate of a candidate that the analysis finds in one metric with so many invocations
/// of `[baseline, candidate]`, when all counts are as expected and the baseline fails at `rate`; `None` when
/// not even a candidate that always fails is found.
#[must_use]
pub fn least_found(
    terms: &Terms,
    metric: Metric,
    rate: f64,
    [baseline, candidate]: [f64; 2],
) -> Option<f64> {
    let is_found = |candidate_rate: f64| {
        let mut blocks = Blocks::default();
        let block = Block {
            baseline: Count::fractional(baseline, baseline * rate),
            candidate: Count::fractional(candidate, candidate * candidate_rate),
        };
        match metric {
            Metric::Errors => blocks.errors = block,
            Metric::Throttles => blocks.throttles = block,
            Metric::Slow => blocks.slow = block,
            Metric::Counted(index) => blocks.counted[index] = block,
        }
        let mut test = SequentialTest::new(terms);
        test.observe(&blocks);
        test.is_worse()
    };
    let (mut low, mut high) = (rate, 1.0);
    if !is_found(high) {
        return None;
    }
    // To one part in a thousand of the range.
    for _ in 0..10 {
        let middle = f64::midpoint(low, high);
        if is_found(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

/// The test for those who get one period after the other.
#[derive(Debug, Clone)]
pub struct SequentialTest {
    terms: Terms,
    answers: Answers,
    metrics: Vec<Questions>,
    ln_peak_worse: f64,
    /// The metric with most of the evidence when "worse" was proven.
    proven_by: Option<Metric>,
}

impl SequentialTest {
    /// A test that has seen nothing.
    #[must_use]
    pub fn new(terms: &Terms) -> Self {
        let answers = Answers::new(terms.margin);
        let questions = |metric| Questions::new(metric, terms.metrics, &answers);
        Self {
            terms: *terms,
            metrics: terms.metrics.iter().map(questions).collect(),
            answers,
            ln_peak_worse: 0.0,
            proven_by: None,
        }
    }

    /// Takes the next period into account; a metric in which a version was idle says nothing.
    pub fn observe(&mut self, blocks: &Blocks) {
        for questions in &mut self.metrics {
            questions.observe(blocks, &mut self.answers);
        }
        let ln_mean = ln_sum(self.metrics.iter().map(Questions::ln_part));
        self.ln_peak_worse = self.ln_peak_worse.max(ln_mean);
        if self.proven_by.is_none() && ln_mean >= self.ln_threshold() {
            let parts = self.metrics.iter().map(|q| (q.metric(), q.ln_part()));
            self.proven_by = parts.rev().max_by(by_number).map(|(metric, _)| metric);
        }
    }

    /// Whether the candidate is proven to be worse: the cheap part of [`SequentialTest::analysis`].
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.proven_by.is_some()
    }

    /// The evidence for "worse in something": the highest e-value so far.
    #[must_use]
    pub fn ln_e_worse(&self) -> LnE {
        LnE(self.ln_peak_worse)
    }

    /// What the periods so far say.
    #[must_use]
    pub fn analysis(&self) -> Analysis {
        Analysis {
            verdict: self.verdict(),
            metrics: self.metrics.iter().map(Questions::finding).collect(),
            ln_e_worse: self.ln_e_worse(),
            ln_e_not_worse: LnE(self.weakest().map_or(0.0, |(_, ln_e)| ln_e)),
            threshold: self.terms.threshold(),
            margin: self.terms.margin,
        }
    }

    fn verdict(&self) -> Verdict {
        if let Some(decides) = self.proven_by {
            return Verdict::Worse { decides };
        }
        if let Some((decides, ln_e)) = self.weakest()
            && ln_e >= self.ln_threshold()
        {
            return Verdict::NotWorse { decides };
        }
        let claims = [self.until_worse(), self.until_not_worse()];
        let nearest = claims.into_iter().flatten().min_by(by_number);
        Verdict::Inconclusive {
            decides: nearest.map(|(metric, _)| metric),
            more_invocations: nearest.map(|(_, more)| more.ceil() as u64),
            more_minutes: None,
        }
    }

    fn counted(&self) -> impl Iterator<Item = &Questions> {
        self.metrics
            .iter()
            .filter(|questions| questions.is_counted())
    }

    /// The counted metric with the least evidence for "not worse", and its logarithm.
    fn weakest(&self) -> Option<(Metric, f64)> {
        let evidence = |questions: &Questions| (questions.metric(), questions.ln_not_worse());
        self.counted().map(evidence).min_by(by_number)
    }

    /// After how many more invocations the first metric proves "worse" by itself; all of them
    /// together may do so earlier.
    fn until_worse(&self) -> Option<(Metric, f64)> {
        let more = |questions: &Questions| {
            let more = questions.until_worse(&self.answers, self.ln_threshold())?;
            Some((questions.metric(), more))
        };
        self.counted().filter_map(more).min_by(by_number)
    }

    /// After how many more invocations the last metric proves "not worse".
    fn until_not_worse(&self) -> Option<(Metric, f64)> {
        let more = |questions: &Questions| {
            let more = questions.until_not_worse(&self.answers, self.ln_threshold())?;
            Some((questions.metric(), more))
        };
        let all: Option<Vec<_>> = self.counted().map(more).collect();
        // Of equals the first one: errors say more than throttles.
        all?.into_iter().rev().max_by(by_number)
    }

    fn ln_threshold(&self) -> f64 {
        -self.terms.alpha.ln()
    }
}

fn by_number(one: &(Metric, f64), other: &(Metric, f64)) -> Ordering {
    one.1.total_cmp(&other.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms {
        alpha: 0.05,
        margin: 0.01,
        metrics: Metrics::ALL,
    };

    fn block(baseline: (u64, u64), candidate: (u64, u64)) -> Block {
        Block {
            baseline: Count::new(baseline.0, baseline.1),
            candidate: Count::new(candidate.0, candidate.1),
        }
    }

    fn errors(baseline: (u64, u64), candidate: (u64, u64)) -> Blocks {
        Blocks::errors(block(baseline, candidate))
    }

    fn is_inconclusive(analysis: &Analysis) -> bool {
        matches!(analysis.verdict, Verdict::Inconclusive { .. })
    }

    #[test]
    fn four_failures_in_eighty_against_none_in_1520_are_proof() {
        let analysis = analyse([errors((1_520, 0), (80, 4))], &TERMS);
        let decides = Metric::Errors;
        assert_eq!(analysis.verdict, Verdict::Worse { decides }, "{analysis:?}");
    }

    #[test]
    fn one_failure_in_eighty_against_none_in_1520_is_no_proof() {
        let analysis = analyse([errors((1_520, 0), (80, 1))], &TERMS);
        assert!(is_inconclusive(&analysis), "{analysis:?}");
    }

    #[test]
    fn no_failures_at_all_prove_not_worse_after_some_hundred_invocations() {
        let few = analyse([errors((950, 0), (50, 0)); 2], &TERMS);
        assert!(
            matches!(
                few.verdict,
                Verdict::Inconclusive {
                    decides: Some(Metric::Errors),
                    more_invocations: Some(200..=900),
                    ..
                }
            ),
            "{few:?}"
        );
        let many = analyse([errors((950, 0), (50, 0)); 15], &TERMS);
        let decides = Metric::Errors;
        assert_eq!(many.verdict, Verdict::NotWorse { decides }, "{many:?}");
    }

    #[test]
    fn no_traffic_is_inconclusive_and_promises_nothing() {
        let analysis = analyse([errors((950, 0), (0, 0)); 30], &TERMS);
        assert_eq!(
            analysis.verdict,
            Verdict::Inconclusive {
                decides: None,
                more_invocations: None,
                more_minutes: None,
            }
        );
        assert_eq!(analysis.metrics[0].periods, 0);
    }

    #[test]
    fn a_candidate_that_is_slow_more_often_is_worse_though_it_never_fails() {
        let period = Blocks {
            slow: block((950, 9), (50, 5)),
            ..errors((950, 0), (50, 0))
        };
        let analysis = analyse([period; 10], &TERMS);
        let decides = Metric::Slow;
        assert_eq!(analysis.verdict, Verdict::Worse { decides });
    }

    #[test]
    fn what_is_not_analysed_cannot_make_a_candidate_worse() {
        let period = Blocks {
            slow: block((950, 0), (50, 50)),
            ..errors((950, 0), (50, 0))
        };
        let terms = Terms {
            metrics: Metrics::WITHOUT_TIME,
            ..TERMS
        };
        let analysis = analyse([period; 15], &terms);
        assert!(matches!(analysis.verdict, Verdict::NotWorse { .. }));
        assert_eq!(analysis.finding(Metric::Slow), None);
    }

    #[test]
    fn not_worse_waits_for_the_last_metric_that_is_counted() {
        // One in ten is slow on both versions: that takes more than "no failure at all" does.
        let period = Blocks {
            slow: block((950, 95), (50, 5)),
            ..errors((950, 0), (50, 0))
        };
        let some = analyse([period; 15], &TERMS);
        assert!(
            matches!(
                some.verdict,
                Verdict::Inconclusive {
                    decides: Some(Metric::Slow),
                    ..
                }
            ),
            "{some:?}"
        );
        let many = analyse([period; 1_000], &TERMS);
        let decides = Metric::Slow;
        assert_eq!(many.verdict, Verdict::NotWorse { decides }, "{many:?}");
    }

    #[test]
    fn when_errors_and_throttles_say_the_same_errors_are_named() {
        let none = block((950, 0), (50, 0));
        let period = Blocks {
            throttles: none,
            ..Blocks::errors(none)
        };
        let decides = Some(Metric::Errors);
        assert!(
            matches!(analyse([period; 2], &TERMS).verdict, Verdict::Inconclusive { decides: named, .. } if named == decides)
        );
        let decides = Metric::Errors;
        let many = analyse([period; 15], &TERMS);
        assert_eq!(many.verdict, Verdict::NotWorse { decides });
    }

    #[test]
    fn evidence_in_two_metrics_adds_up() {
        let (b, c) = ((1_000, 5), (100, 4));
        let one = analyse([errors(b, c)], &TERMS);
        let both = Blocks {
            slow: block(b, c),
            ..errors(b, c)
        };
        assert!(analyse([both], &TERMS).ln_e_worse > one.ln_e_worse);
    }

    #[test]
    fn a_candidate_that_turns_bad_after_a_thousand_good_periods_is_found_within_a_few() {
        let mut test = SequentialTest::new(&TERMS);
        (0..1_000).for_each(|_| test.observe(&errors((950, 1), (50, 0))));
        assert!(!test.is_worse());
        let bad = (0..20).position(|_| {
            test.observe(&errors((950, 1), (50, 3)));
            test.is_worse()
        });
        assert!(bad.is_some_and(|periods| periods < 5), "{bad:?}");
    }

    #[test]
    fn more_invocations_find_smaller_failure_rates_and_a_few_find_none() {
        let found = |candidate: f64| {
            least_found(&TERMS, Metric::Errors, 0.0, [19.0 * candidate, candidate])
        };
        assert_eq!(found(1.0), None);
        let rates = [10.0, 100.0, 1_000.0].map(|candidate| found(candidate).expect("a rate"));
        assert!(rates.is_sorted_by(|some, more| some > more), "{rates:?}");
        assert!(rates[1] > 0.02 && rates[1] < 0.1, "{rates:?}");
    }

    #[test]
    fn what_is_proven_stays_proven() {
        let mut periods = vec![errors((1_520, 0), (80, 8))];
        periods.extend([errors((1_520, 80), (80, 0)); 50]);
        let decides = Metric::Errors;
        assert_eq!(analyse(periods, &TERMS).verdict, Verdict::Worse { decides });
    }
}
