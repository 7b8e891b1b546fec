//! The analysis in words.

use super::scope::Scope;
use analysis::{Analysis, Block, Count, Finding, LnE, Metric, Verdict};

/// Says what an analysis has found, of metrics by the names of a scope.
#[derive(Debug, Clone, Copy)]
pub struct Wording<'a> {
    /// What was found.
    pub analysis: &'a Analysis,
    /// What was analysed.
    pub scope: &'a Scope,
}

impl Wording<'_> {
    /// One sentence with the numbers, for people. The names are those of the two versions, such as
    /// `arm64 (version 2)`.
    #[must_use]
    pub fn sentence(&self, candidate: &str, baseline: &str) -> String {
        let (decides, conclusion) = match self.analysis.verdict {
            Verdict::Worse { decides } => {
                let evidence = self.evidence(self.analysis.ln_e_worse);
                let metric = self.scope.name(decides);
                (Some(decides), format!("worse in {metric}, {evidence}"))
            }
            Verdict::NotWorse { decides } => (Some(decides), self.not_worse()),
            Verdict::Inconclusive {
                decides,
                more_periods,
            } => {
                let conclusion = match (decides, more_periods) {
                    (Some(metric), Some(more)) => format!(
                        "inconclusive: about {} more periods like these decide, by {}",
                        thousands(more),
                        self.scope.name(metric),
                    ),
                    _ => self.unforeseen(),
                };
                (decides, conclusion)
            }
        };
        let counts = self.counts(decides.unwrap_or(Metric::Errors), candidate, baseline);
        format!("{counts}: {conclusion}")
    }

    /// `arm64 fails 5.1% of its invocations (9 of 176), x86_64 0.0% (0 of 3,410)`.
    fn counts(&self, metric: Metric, name: &str, baseline_name: &str) -> String {
        let Block {
            baseline,
            candidate,
        } = self
            .analysis
            .finding(metric)
            .map_or_else(Block::default, |finding| finding.totals);
        let before = match baseline.rate() {
            Some(rate) => format!("{baseline_name} {} ({})", percent(rate), ratio(baseline)),
            None => format!("{baseline_name} has not run beside the candidate"),
        };
        let Some(rate) = candidate.rate() else {
            return format!("{name} has not run beside the baseline, {before}");
        };
        let (rate, ratio) = (percent(rate), ratio(candidate));
        match metric {
            Metric::Errors => format!("{name} fails {rate} of its invocations ({ratio}), {before}"),
            Metric::Throttles => {
                format!("{name} is refused {rate} of its requests ({ratio}), {before}")
            }
            Metric::Slow => {
                format!("{name} is slow in {rate} of its warm invocations ({ratio}), {before}")
            }
            Metric::Counted(_) => {
                let metric = self.scope.name(metric);
                format!("{name} counts {rate} {metric} ({ratio}), {before}")
            }
        }
    }

    fn evidence(&self, ln_e: LnE) -> String {
        format!(
            "e-value {ln_e} against the threshold {}",
            self.analysis.threshold
        )
    }

    /// Names the metrics that were counted, since the claim is about those, and what it takes for granted.
    fn not_worse(&self) -> String {
        let counted = |finding: &&Finding| finding.totals.is_comparable();
        let findings = self.analysis.metrics.iter().filter(counted);
        let metrics: Vec<String> = findings
            .map(|finding| self.scope.name(finding.metric))
            .collect();
        format!(
            "not worse by more than {} in {} at the last weight that was compared, if failures are independent of each other; {}",
            points(self.analysis.margin),
            metrics.join(" and "),
            self.evidence(self.analysis.ln_e_not_worse)
        )
    }

    fn unforeseen(&self) -> String {
        if self.analysis.errors().is_comparable() {
            "inconclusive: more periods like these would not decide it".to_owned()
        } else {
            "inconclusive: nothing to compare yet".to_owned()
        }
    }

    /// The verdict in a few words, for a line that has the counts already.
    #[must_use]
    pub fn brief(&self) -> String {
        let analysis = self.analysis;
        match analysis.verdict {
            Verdict::Worse { decides } => {
                let metric = self.scope.name(decides);
                format!("worse in {metric} (e-value {})", analysis.ln_e_worse)
            }
            Verdict::NotWorse { .. } => format!("not worse (e-value {})", analysis.ln_e_not_worse),
            Verdict::Inconclusive { .. } => "inconclusive".to_owned(),
        }
    }
}

/// Which failure rate would have been found.
pub(crate) fn found(rate: Option<f64>) -> String {
    match rate {
        Some(rate) => format!("by now about {} of failures would be found", percent(rate)),
        None => "not even a candidate that always fails would be found by now".to_owned(),
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
        number(count.failures()),
        number(count.invocations())
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

/// `12,345`, and `12,345.6` where a count is a fraction.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are not negative, and far below 2^53"
)]
pub fn number(count: f64) -> String {
    let tenths = (count * 10.0).round() as u64;
    let whole = thousands(tenths / 10);
    match tenths % 10 {
        0 => whole,
        tenth => format!("{whole}.{tenth}"),
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
    use crate::delivery::scope::Time;

    fn sentence(analysis: &Analysis, candidate: &str, baseline: &str) -> String {
        let scope = Scope {
            time: Time::WithTime { slow_ms: 250.0 },
            counted: vec!["server_errors".to_owned()],
        };
        let scope = &scope;
        Wording { analysis, scope }.sentence(candidate, baseline)
    }

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
            sentence(&worse, "arm64 (version 2)", "x86_64 (version 1)"),
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
            sentence(&worse, "arm64", "x86_64"),
            "arm64 is slow in 5.1% of its warm invocations (9 of 176), x86_64 0.0% (0 of 3,410): worse \
             in slow invocations, e-value 4.1e6 against the threshold 20"
        );
    }

    #[test]
    fn what_the_function_counts_is_called_by_its_name_and_fractions_are_shown() {
        let decides = Metric::Counted(0);
        let found = finding(
            decides,
            Count::new(3_410, 0),
            Count::fractional(176.0, 9.25),
        );
        let worse = analysis(Verdict::Worse { decides }, vec![found]);
        assert_eq!(
            sentence(&worse, "arm64", "x86_64"),
            "arm64 counts 5.3% server errors (9.3 of 176), x86_64 0.0% (0 of 3,410): worse in server errors, \
             e-value 4.1e6 against the threshold 20"
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
        let sentence = sentence(&not_worse, "arm64", "x86_64");
        assert!(
            sentence.ends_with(
                "not worse by more than 1 percentage point in errors at the last weight that was compared, if failures \
                 are independent of each other; e-value 55.1 against the threshold 20"
            ),
            "{sentence}"
        );
    }

    #[test]
    fn an_inconclusive_sentence_says_how_much_more_it_takes() {
        let verdict = Verdict::Inconclusive {
            decides: Some(Metric::Errors),
            more_periods: Some(1_234),
        };
        let inconclusive = analysis(verdict, errors(Count::new(100, 0)));
        let sentence = sentence(&inconclusive, "arm64", "x86_64");
        assert!(
            sentence
                .ends_with("inconclusive: about 1,234 more periods like these decide, by errors"),
            "{sentence}"
        );
    }

    #[test]
    fn with_nothing_to_compare_it_says_so() {
        let verdict = Verdict::Inconclusive {
            decides: None,
            more_periods: None,
        };
        let nothing = analysis(verdict, errors(Count::default()));
        assert_eq!(
            sentence(&nothing, "arm64", "x86_64"),
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
