//! The sequential test: is the candidate worse than the baseline?
//!
//! ```text
//! counts.rs           invocations and failures per period: what is looked at
//! metric.rs           errors, throttles, slow invocations, what the function counts; how they share one alpha
//! worse.rs            the null, the bets against it, and why they are evidence
//! circuit_breaker.rs  what is gross, outside of alpha
//! power.rs            which effect would have been found
//! not_worse.rs        whether it is not worse by more than the margin: information
//! verdict.rs          worse, not worse, inconclusive, in numbers
//! interval.rs         by how much the versions differ, in rates and in means
//! ratio.rs            by what factor their means differ
//! e_variable.rs       the evidence against a line of pairs of rates: what the last three rest on
//! share.rs            whether the candidate gets the share that its weight says
//! ```
//!
//! "The candidate is worse in nothing" is rejected at the threshold 1/alpha by a [`Verdict::Worse`]. Only counts of
//! the same periods are ever compared, and each period may have a law of its own, so that a burst or a daily wave that
//! hits both versions is no evidence; and within a period failures may hang together in any way that versions of one
//! law share (`worse.rs`). [`Verdict::NotWorse`] and the intervals are information: they take for granted that the
//! failures of a period are independent of each other.
//!
//! ```
//! use analysis::{Block, Blocks, Count, Metric, Metrics, Terms, Verdict, analyse};
//!
//! let terms = Terms { alpha: 0.05, margin: 0.01, metrics: Metrics::WITHOUT_TIME };
//! let errors = Block { baseline: Count::new(1_520, 1), candidate: Count::new(80, 4) };
//! let decides = Metric::Errors;
//! // No single period is proof.
//! assert_ne!(analyse([Blocks::errors(errors); 4], &terms).verdict, Verdict::Worse { decides });
//! assert_eq!(analyse([Blocks::errors(errors); 8], &terms).verdict, Verdict::Worse { decides });
//! ```

mod circuit_breaker;
mod counts;
mod e_variable;
mod interval;
mod metric;
mod not_worse;
mod power;
mod ratio;
mod share;
mod verdict;
mod worse;

use std::cmp::Ordering;

pub use circuit_breaker::CircuitBreaker;
pub use counts::{Block, Count};
pub use interval::{Interval, Total, difference_of_means, difference_of_rates};
pub use metric::{Blocks, MOST_COUNTED, Metric, Metrics};
pub use power::{Stage, least_found};
pub use ratio::ratio_of_means;
pub use share::{Share, ShareTest};
pub use verdict::{Analysis, Finding, LnE, Terms, Verdict};

use not_worse::NotWorse;
use worse::Wealth;

/// Analyses periods at one weight, oldest first.
#[must_use]
pub fn analyse(periods: impl IntoIterator<Item = Blocks>, terms: &Terms) -> Analysis {
    let mut test = SequentialTest::new(terms);
    periods.into_iter().for_each(|blocks| test.observe(&blocks));
    test.analysis()
}

/// The test for those who get one period after the other. What is proven stays proven.
#[derive(Debug, Clone)]
pub struct SequentialTest {
    terms: Terms,
    metrics: Vec<Evidence>,
    /// The weighted mean of all metrics: now, at its highest, and when the weight was changed.
    ln_worse: f64,
    ln_peak_worse: f64,
    ln_at_change: f64,
    /// The metric with most of the evidence when "worse" was proven.
    proven_by: Option<Metric>,
}

/// What is known about one metric.
#[derive(Debug, Clone)]
struct Evidence {
    metric: Metric,
    ln_weight: f64,
    worse: Wealth,
    ln_peak_worse: f64,
    not_worse: NotWorse,
    /// Periods in which anything ran and their sums, weight by weight.
    stages: Vec<(u64, Block)>,
}

impl Evidence {
    fn new(metric: Metric, terms: &Terms) -> Self {
        Self {
            metric,
            ln_weight: terms.metrics.weight_of(metric).ln(),
            worse: Wealth::new(),
            ln_peak_worse: 0.0,
            not_worse: NotWorse::new(terms.margin),
            stages: vec![Default::default()],
        }
    }

    fn weight_changed(&mut self) {
        self.worse.weight_changed();
        self.not_worse.weight_changed();
        self.stages.push(Default::default());
    }

    fn observe(&mut self, block: &Block) {
        self.worse.observe(block);
        self.not_worse.observe(block);
        self.ln_peak_worse = self.ln_peak_worse.max(self.worse.total().ln());
        if let Some((periods, sum)) = self.stages.last_mut()
            && *block != Block::default()
        {
            *periods += 1;
            *sum = *sum + *block;
        }
    }

    fn totals(&self) -> Block {
        self.stages.iter().map(|(_, sum)| *sum).sum()
    }

    fn would_be_found(&self, terms: &Terms) -> Option<f64> {
        let stages = self.stages.iter().filter(|(periods, _)| *periods > 0);
        let stages = stages.map(|(periods, sum)| Stage {
            periods: *periods,
            sizes: [sum.baseline, sum.candidate].map(|count| count.invocations() / *periods as f64),
        });
        let rate = self.totals().baseline.rate()?;
        least_found(terms, self.metric, rate, &stages.collect::<Vec<_>>())
    }

    /// What this metric adds to the mean e-value, as a logarithm.
    fn ln_part(&self) -> f64 {
        self.ln_weight + self.worse.total().ln()
    }

    fn finding(&self) -> Finding {
        Finding {
            metric: self.metric,
            totals: self.totals(),
            periods: self.stages.iter().map(|(periods, _)| periods).sum(),
            ln_e_worse: LnE(self.ln_peak_worse),
            ln_e_not_worse: LnE(self.not_worse.ln_e()),
        }
    }
}

impl SequentialTest {
    /// A test that has seen nothing.
    #[must_use]
    pub fn new(terms: &Terms) -> Self {
        let metrics = terms.metrics.iter();
        Self {
            terms: *terms,
            metrics: metrics.map(|metric| Evidence::new(metric, terms)).collect(),
            ln_worse: 0.0,
            ln_peak_worse: 0.0,
            ln_at_change: 0.0,
            proven_by: None,
        }
    }

    /// The candidate has another weight from the next period on.
    pub fn weight_changed(&mut self) {
        for evidence in &mut self.metrics {
            evidence.weight_changed();
        }
        self.ln_at_change = self.ln_worse;
    }

    /// Takes the next period into account.
    pub fn observe(&mut self, blocks: &Blocks) {
        for evidence in &mut self.metrics {
            evidence.observe(&blocks[evidence.metric]);
        }
        let part = |it: &Evidence| it.ln_weight.exp() * it.worse.total();
        self.ln_worse = self.metrics.iter().map(part).sum::<f64>().ln();
        self.ln_peak_worse = self.ln_peak_worse.max(self.ln_worse);
        if self.proven_by.is_none() && self.ln_worse >= self.ln_threshold() {
            self.proven_by = self.strongest();
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

    /// What one metric shows; `None` when it is not analysed.
    #[must_use]
    pub fn finding(&self, metric: Metric) -> Option<Finding> {
        let of_it = self.metrics.iter().find(|it| it.metric == metric);
        of_it.map(Evidence::finding)
    }

    /// About the smallest failure rate of the candidate that would have been found in one metric by now, in about half
    /// of all rollouts; `None` when not even one that always fails.
    #[must_use]
    pub fn would_be_found(&self, metric: Metric) -> Option<f64> {
        let mut metrics = self.metrics.iter();
        let evidence = metrics.find(|it| it.metric == metric)?;
        evidence.would_be_found(&self.terms)
    }

    /// What the periods so far say.
    #[must_use]
    pub fn analysis(&self) -> Analysis {
        Analysis {
            verdict: self.verdict(),
            metrics: self.metrics.iter().map(Evidence::finding).collect(),
            ln_e_worse: self.ln_e_worse(),
            ln_e_not_worse: LnE(self.weakest().map_or(0.0, |it| it.not_worse.ln_e())),
            threshold: self.terms.threshold(),
            margin: self.terms.margin,
        }
    }

    fn verdict(&self) -> Verdict {
        if let Some(decides) = self.proven_by {
            return Verdict::Worse { decides };
        }
        let weakest = self.weakest().map(|it| (it.metric, it.not_worse.ln_e()));
        if let Some((decides, ln_e)) = weakest
            && ln_e >= self.ln_threshold()
        {
            return Verdict::NotWorse { decides };
        }
        let not_worse = weakest.and_then(|(metric, ln_e)| Some((metric, self.until(ln_e, 0.0)?)));
        let worse = self.until(self.ln_worse, self.ln_at_change);
        let worse = worse.and_then(|more| Some((self.strongest()?, more)));
        let nearest = [worse, not_worse].into_iter().flatten().min_by(by_number);
        Verdict::Inconclusive {
            decides: nearest.map(|(metric, _)| metric),
            more_periods: nearest.map(|(_, more)| more.ceil() as u64),
        }
    }

    /// After how many more periods an e-value proves something that goes on as it has since the last change.
    fn until(&self, ln_now: f64, ln_at_change: f64) -> Option<f64> {
        let periods = self.counted().map(|it| it.not_worse.periods).max()?;
        let gained = (ln_now - ln_at_change) / periods as f64;
        (gained > LEAST_GAIN).then(|| (self.ln_threshold() - ln_now) / gained)
    }

    /// The metrics that were counted for both versions since the last change of the weight.
    fn counted(&self) -> impl Iterator<Item = &Evidence> {
        self.metrics.iter().filter(|it| it.not_worse.periods > 0)
    }

    /// The metric with the most evidence for "worse"; of equals the first one.
    fn strongest(&self) -> Option<Metric> {
        let parts = self.metrics.iter().map(|it| (it.metric, it.ln_part()));
        parts.rev().max_by(by_number).map(|(metric, _)| metric)
    }

    /// The counted metric with the least evidence for "not worse".
    fn weakest(&self) -> Option<&Evidence> {
        self.counted()
            .min_by(|one, other| one.not_worse.ln_e().total_cmp(&other.not_worse.ln_e()))
    }

    fn ln_threshold(&self) -> f64 {
        -self.terms.alpha.ln()
    }
}

/// Evidence that gathers more slowly decides nothing within any rollout.
const LEAST_GAIN: f64 = 1e-4;

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
    fn five_percent_instead_of_none_is_proven_within_periods_and_no_single_one_is_proof() {
        let periods = |count| {
            analyse(
                std::iter::repeat_n(errors((1_520, 0), (80, 4)), count),
                &TERMS,
            )
        };
        assert!(is_inconclusive(&periods(4)));
        let decides = Metric::Errors;
        assert_eq!(periods(7).verdict, Verdict::Worse { decides });
        let everything = analyse([errors((1_520, 0), (80, 80)); 3], &TERMS);
        assert!(is_inconclusive(&everything), "{everything:?}");
    }

    #[test]
    fn one_failure_in_eighty_against_none_in_1520_is_no_proof() {
        let mut periods = vec![errors((1_520, 0), (80, 0)); 20];
        periods[10] = errors((1_520, 0), (80, 1));
        let analysis = analyse(periods, &TERMS);
        assert!(
            !matches!(analysis.verdict, Verdict::Worse { .. }),
            "{analysis:?}"
        );
    }

    #[test]
    fn no_failures_at_all_prove_not_worse_after_some_hundred_invocations() {
        let few = analyse([errors((950, 0), (50, 0)); 3], &TERMS);
        let Verdict::Inconclusive {
            decides,
            more_periods,
        } = few.verdict
        else {
            panic!("{few:?}");
        };
        assert_eq!(decides, Some(Metric::Errors));
        assert!(
            (3..=10).contains(&more_periods.expect("a number")),
            "{few:?}"
        );
        let many = analyse([errors((950, 0), (50, 0)); 15], &TERMS);
        let decides = Metric::Errors;
        assert_eq!(many.verdict, Verdict::NotWorse { decides }, "{many:?}");
    }

    #[test]
    fn not_worse_is_said_of_the_present_weight_alone() {
        let mut test = SequentialTest::new(&TERMS);
        (0..15).for_each(|_| test.observe(&errors((950, 0), (50, 0))));
        assert!(matches!(test.analysis().verdict, Verdict::NotWorse { .. }));
        test.weight_changed();
        assert!(is_inconclusive(&test.analysis()));
        (0..5).for_each(|_| test.observe(&errors((500, 0), (500, 0))));
        assert!(matches!(test.analysis().verdict, Verdict::NotWorse { .. }));
    }

    #[test]
    fn no_traffic_is_inconclusive_and_promises_nothing() {
        let analysis = analyse([errors((950, 0), (0, 0)); 30], &TERMS);
        assert_eq!(
            analysis.verdict,
            Verdict::Inconclusive {
                decides: None,
                more_periods: None,
            }
        );
    }

    #[test]
    fn a_candidate_that_is_slow_more_often_is_worse_though_it_never_fails() {
        let period = Blocks {
            slow: block((950, 9), (50, 5)),
            ..errors((950, 0), (50, 0))
        };
        let analysis = analyse([period; 12], &TERMS);
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
        let decides = Metric::Errors;
        let many = analyse([period; 15], &TERMS);
        assert_eq!(many.verdict, Verdict::NotWorse { decides });
    }

    #[test]
    fn evidence_in_two_metrics_adds_up() {
        let (b, c) = ((1_000, 5), (100, 4));
        let one = analyse([errors(b, c); 5], &TERMS);
        let both = Blocks {
            slow: block(b, c),
            ..errors(b, c)
        };
        assert!(analyse([both; 5], &TERMS).ln_e_worse > one.ln_e_worse);
    }

    #[test]
    fn a_candidate_that_turns_bad_late_is_found_late_and_at_once_after_a_change_of_the_weight() {
        let periods_until_found = |changes: bool| {
            let mut test = SequentialTest::new(&TERMS);
            (0..300).for_each(|_| test.observe(&errors((950, 1), (50, 0))));
            assert!(!test.is_worse());
            if changes {
                test.weight_changed();
            }
            let found = (1..100).find(|_| {
                test.observe(&errors((950, 1), (50, 3)));
                test.is_worse()
            });
            found.expect("is found")
        };
        let (late, changed) = (periods_until_found(false), periods_until_found(true));
        assert!(
            changed <= 12 && changed < late && late <= 30,
            "{changed} {late}"
        );
    }

    #[test]
    fn what_is_proven_stays_proven() {
        let mut periods = vec![errors((1_520, 0), (80, 8)); 8];
        periods.extend([errors((1_520, 80), (80, 0)); 50]);
        let decides = Metric::Errors;
        assert_eq!(analyse(periods, &TERMS).verdict, Verdict::Worse { decides });
    }
}
