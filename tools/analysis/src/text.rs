//! The analysis in words.

use super::{
    counts::{Block, Count},
    metric::Metric,
    verdict::{Analysis, Finding, LnE, Verdict},
};

/// What the two versions are called.
#[derive(Debug, Clone, Copy)]
struct Names<'a> {
    candidate: &'a str,
    baseline: &'a str,
}

impl Names<'_> {
    fn sentence(&self, analysis: &Analysis) -> String {
        let (decides, conclusion) = match analysis.verdict {
            Verdict::Worse { decides } => {
                let evidence = analysis.evidence(analysis.ln_e_worse);
                (Some(decides), format!("worse in {decides}, {evidence}"))
            }
            Verdict::NotWorse { decides } => (Some(decides), analysis.not_worse()),
            Verdict::Inconclusive {
                decides,
                more_invocations,
                more_minutes,
            } => {
                let conclusion = match (decides, more_invocations) {
                    (Some(metric), Some(more)) => {
                        let time = minutes(more_minutes)
                            .map_or_else(String::new, |minutes| format!(" ({minutes})"));
                        format!(
                            "inconclusive: needs about {} more invocations of {} at these rates, by {metric}{time}",
                            thousands(more),
                            self.candidate,
                        )
                    }
                    _ => analysis.unforeseen(),
                };
                (decides, conclusion)
            }
        };
        let counts = self.counts(analysis, decides.unwrap_or(Metric::Errors));
        format!("{counts}: {conclusion}")
    }

    /// `arm64 fails 5.1% of its invocations (9 of 176), x86_64 0.0% (0 of 3,410)`.
    fn counts(&self, analysis: &Analysis, metric: Metric) -> String {
        let Block {
            baseline,
            candidate,
        } = analysis
            .finding(metric)
            .map_or_else(Block::default, |finding| finding.totals);
        let before = match baseline.rate() {
            Some(rate) => format!("{} {} ({})", self.baseline, percent(rate), ratio(baseline)),
            None => format!("{} has not run beside the candidate", self.baseline),
        };
        let Some(rate) = candidate.rate() else {
            return format!(
                "{} has not run beside the baseline, {before}",
                self.candidate
            );
        };
        let (name, rate, ratio) = (self.candidate, percent(rate), ratio(candidate));
        match metric {
            Metric::Errors => format!("{name} fails {rate} of its invocations ({ratio}), {before}"),
            Metric::Throttles => {
                format!("{name} is refused {rate} of its requests ({ratio}), {before}")
            }
            Metric::Slow => {
                format!("{name} is slow in {rate} of its invocations ({ratio}), {before}")
            }
        }
    }
}

/// `12 min`.
fn minutes(more: Option<u64>) -> Option<String> {
    Some(format!("{} min", thousands(more?)))
}

impl Analysis {
    /// One sentence with the numbers, for people. The names are those of the two versions, such as
    /// `arm64 (version 2)`.
    #[must_use]
    pub fn sentence(&self, candidate: &str, baseline: &str) -> String {
        let names = Names {
            candidate,
            baseline,
        };
        names.sentence(self)
    }

    fn evidence(&self, ln_e: LnE) -> String {
        format!("e-value {ln_e} against the threshold {}", self.threshold)
    }

    /// Names the metrics that were counted, since the claim is about those.
    fn not_worse(&self) -> String {
        let counted = |finding: &&Finding| finding.periods > 0;
        let metrics: Vec<String> = self
            .metrics
            .iter()
            .filter(counted)
            .map(|finding| finding.metric.to_string())
            .collect();
        format!(
            "not worse by more than {} in {}, {}",
            points(self.margin),
            metrics.join(" and "),
            self.evidence(self.ln_e_not_worse)
        )
    }

    fn unforeseen(&self) -> String {
        if self.errors().is_comparable() {
            "inconclusive: more invocations at these rates would not decide it".to_owned()
        } else {
            "inconclusive: nothing to compare yet".to_owned()
        }
    }

    /// The verdict in a few words, for a line that has the counts already.
    #[must_use]
    pub fn brief(&self) -> String {
        match self.verdict {
            Verdict::Worse { decides } => {
                format!("worse in {decides} (e-value {})", self.ln_e_worse)
            }
            Verdict::NotWorse { .. } => format!("not worse (e-value {})", self.ln_e_not_worse),
            Verdict::Inconclusive {
                decides: Some(metric),
                more_invocations: Some(more),
                more_minutes,
            } => format!(
                "inconclusive: needs about {} more invocations by {metric}{}",
                thousands(more),
                minutes(more_minutes).map_or_else(String::new, |minutes| format!(" ({minutes})"))
            ),
            Verdict::Inconclusive { .. } => "inconclusive".to_owned(),
        }
    }
}

/// A difference of two probabilities, to a hundredth of a percentage point.
fn points(difference: f64) -> String {
    let points = (difference * 1e4).round() / 1e2;
    let unit = if points == 1.0 { "point" } else { "points" };
    format!("{points} percentage {unit}")
}

/// `9 of 176`.
fn ratio(count: Count) -> String {
    format!(
        "{} of {}",
        thousands(count.failures()),
        thousands(count.invocations())
    )
}

/// A probability in percent, with enough digits that a few in 100,000 do not read as none.
#[must_use]
pub fn percent(rate: f64) -> String {
    let percent = rate * 100.0;
    if percent > 0.0 && percent < 0.095 {
        format!("{percent:.3}%")
    } else {
        format!("{percent:.1}%")
    }
}

/// `12,345`.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(metric: Metric, baseline: Count, candidate: Count) -> Finding {
        let totals = Block {
            baseline,
            candidate,
        };
        Finding {
            metric,
            totals,
            periods: u64::from(totals.is_comparable()),
            ln_e_worse: LnE(4.1e6f64.ln()),
            ln_e_not_worse: LnE(0.0),
        }
    }

    fn analysis(verdict: Verdict, metrics: Vec<Finding>) -> Analysis {
        Analysis {
            verdict,
            metrics,
            ln_e_worse: LnE(4.1e6f64.ln()),
            ln_e_not_worse: LnE(55.1f64.ln()),
            threshold: 20.0,
            margin: 0.01,
        }
    }

    fn errors(candidate: Count) -> Vec<Finding> {
        vec![finding(Metric::Errors, Count::new(900, 1), candidate)]
    }

    #[test]
    fn the_sentence_names_both_versions_their_counts_and_the_evidence() {
        let decides = Metric::Errors;
        let finding = finding(decides, Count::new(3_410, 0), Count::new(176, 9));
        let worse = analysis(Verdict::Worse { decides }, vec![finding]);
        assert_eq!(
            worse.sentence("arm64 (version 2)", "x86_64 (version 1)"),
            "arm64 (version 2) fails 5.1% of its invocations (9 of 176), x86_64 (version 1) 0.0% \
             (0 of 3,410): worse in errors, e-value 4.1e6 against the threshold 20"
        );
    }

    #[test]
    fn the_counts_are_those_of_the_metric_that_decides() {
        let decides = Metric::Slow;
        let mut metrics = errors(Count::new(176, 0));
        metrics.push(finding(decides, Count::new(3_410, 0), Count::new(176, 9)));
        let worse = analysis(Verdict::Worse { decides }, metrics);
        assert_eq!(
            worse.sentence("arm64", "x86_64"),
            "arm64 is slow in 5.1% of its invocations (9 of 176), x86_64 0.0% (0 of 3,410): worse \
             in slow invocations, e-value 4.1e6 against the threshold 20"
        );
    }

    #[test]
    fn not_worse_claims_only_what_was_counted() {
        let decides = Metric::Errors;
        let mut metrics = errors(Count::new(176, 0));
        metrics.push(finding(
            Metric::Throttles,
            Count::default(),
            Count::default(),
        ));
        let not_worse = analysis(Verdict::NotWorse { decides }, metrics);
        let sentence = not_worse.sentence("arm64", "x86_64");
        assert!(
            sentence.ends_with(
                "not worse by more than 1 percentage point in errors, e-value 55.1 against the threshold 20"
            ),
            "{sentence}"
        );
    }

    #[test]
    fn an_inconclusive_sentence_says_how_much_more_it_takes_and_how_long() {
        let verdict = Verdict::Inconclusive {
            decides: Some(Metric::Errors),
            more_invocations: Some(1_234),
            more_minutes: Some(12),
        };
        let inconclusive = analysis(verdict, errors(Count::new(100, 0)));
        let sentence = inconclusive.sentence("arm64", "x86_64");
        assert!(
            sentence.ends_with(
                "inconclusive: needs about 1,234 more invocations of arm64 at these rates, by errors (12 min)"
            ),
            "{sentence}"
        );
        assert_eq!(
            inconclusive.brief(),
            "inconclusive: needs about 1,234 more invocations by errors (12 min)"
        );
    }

    #[test]
    fn with_nothing_to_compare_it_says_so() {
        let verdict = Verdict::Inconclusive {
            decides: None,
            more_invocations: None,
            more_minutes: None,
        };
        let nothing = analysis(verdict, errors(Count::default()));
        assert_eq!(
            nothing.sentence("arm64", "x86_64"),
            "arm64 has not run beside the baseline, x86_64 0.1% (1 of 900): \
             inconclusive: nothing to compare yet"
        );
    }

    #[test]
    fn e_values_read_well_from_small_to_beyond_what_a_number_holds() {
        let text = |ln: f64| LnE(ln).to_string();
        assert_eq!(text(0.0), "1.0");
        assert_eq!(text(20f64.ln()), "20.0");
        assert_eq!(text(4.1e6f64.ln()), "4.1e6");
        assert_eq!(text(9.99e5f64.ln()), "1.0e6");
        assert_eq!(text(2_000.0), "3.9e868");
    }

    #[test]
    fn a_margin_is_named_in_points_without_the_dust_of_binary_fractions() {
        assert_eq!(points(0.01), "1 percentage point");
        assert_eq!(points(0.07), "7 percentage points");
        assert_eq!(points(0.0025), "0.25 percentage points");
    }

    #[test]
    fn rates_keep_the_digits_that_matter() {
        assert_eq!(percent(0.0), "0.0%");
        assert_eq!(percent(0.000_04), "0.004%");
        assert_eq!(percent(0.051_1), "5.1%");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(999), "999");
    }
}
