//! What the judge says, for programs and for people.

use std::fmt;

use serde::Serialize;

use super::counts::{Block, Count};

/// How sure a verdict must be, and which difference does not matter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Of equally good candidates, at most this fraction is called worse, however long one looks;
    /// and of candidates that are worse by more than the margin throughout, at most this fraction
    /// is called not worse. Two claims, each with its own error of at most alpha.
    pub alpha: f64,
    /// The difference of the two failure probabilities that does not matter.
    pub margin: f64,
}

impl Terms {
    /// The e-value from which on a claim is taken as proven: 1/alpha.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.alpha.recip()
    }
}

/// What the counts so far say about the candidate; never a bare pass.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It fails more often than the baseline.
    Worse,
    /// It does not fail more often than the baseline by more than the margin.
    NotWorse,
    /// Neither is proven yet.
    Undecided {
        /// About how many more invocations of the candidate decide at the present rates;
        /// `None` when that cannot be foreseen.
        more_invocations: Option<u64>,
    },
}

/// The natural logarithm of an e-value, which itself may be too large for a number.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct LnE(pub f64);

impl fmt::Display for LnE {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let power = self.0 / std::f64::consts::LN_10;
        if power < 4.0 {
            return write!(f, "{:.1}", self.0.exp());
        }
        // 9.96e5 would be written as 10.0e5.
        let rounded = (10f64.powf(power.fract()) * 10.0).round() / 10.0;
        let (digits, exponent) = if rounded >= 10.0 {
            (1.0, power.trunc() + 1.0)
        } else {
            (rounded, power.trunc())
        };
        write!(f, "{digits:.1}e{exponent:.0}")
    }
}

/// A verdict with everything that it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Judgement {
    /// What is proven.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// All periods in which both halves ran, summed.
    pub totals: Block,
    /// How many periods that are.
    pub periods: u64,
    /// Evidence for "worse": the highest e-value so far, as its natural logarithm.
    pub ln_e_worse: LnE,
    /// Evidence for "not worse by more than the margin", likewise.
    pub ln_e_not_worse: LnE,
    /// The e-value that proves either.
    pub threshold: f64,
    /// The difference of the two failure probabilities that does not matter.
    pub margin: f64,
}

/// A difference of two probabilities, to a hundredth of a percentage point.
fn points(difference: f64) -> String {
    let points = (difference * 1e4).round() / 1e2;
    let unit = if points == 1.0 { "point" } else { "points" };
    format!("{points} percentage {unit}")
}

impl Judgement {
    /// One sentence with the numbers, for people. The names are those of the two versions, such as
    /// `arm64 (version 2)`.
    #[must_use]
    pub fn sentence(&self, candidate: &str, baseline: &str) -> String {
        let conclusion = match self.verdict {
            Verdict::Worse => format!("worse, {}", self.evidence(self.ln_e_worse)),
            Verdict::NotWorse => format!(
                "not worse by more than {}, {}",
                points(self.margin),
                self.evidence(self.ln_e_not_worse)
            ),
            Verdict::Undecided { more_invocations } => self.undecided(more_invocations, candidate),
        };
        format!(
            "{}, {}: {conclusion}",
            fails(candidate, self.totals.candidate),
            failed(baseline, self.totals.baseline),
        )
    }

    fn evidence(&self, ln_e: LnE) -> String {
        format!("e-value {ln_e} against the threshold {}", self.threshold)
    }

    fn undecided(&self, more_invocations: Option<u64>, candidate: &str) -> String {
        match more_invocations {
            Some(more) => format!(
                "undecided, about {} more invocations of {candidate} decide at these rates",
                thousands(more)
            ),
            None if !self.totals.is_comparable() => "undecided, nothing to compare yet".to_owned(),
            None => "undecided, and more invocations at these rates would not decide it".to_owned(),
        }
    }
}

fn fails(name: &str, count: Count) -> String {
    match count.rate() {
        Some(rate) => format!(
            "{name} fails {} of its invocations ({})",
            percent(rate),
            ratio(count)
        ),
        None => format!("{name} has not run beside the baseline"),
    }
}

fn failed(name: &str, count: Count) -> String {
    match count.rate() {
        Some(rate) => format!("{name} {} ({})", percent(rate), ratio(count)),
        None => format!("{name} has not run beside the candidate"),
    }
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

    fn judgement(verdict: Verdict, baseline: Count, candidate: Count) -> Judgement {
        Judgement {
            verdict,
            totals: Block {
                baseline,
                candidate,
            },
            periods: 4,
            ln_e_worse: LnE(4.1e6f64.ln()),
            ln_e_not_worse: LnE(0.0),
            threshold: 20.0,
            margin: 0.01,
        }
    }

    #[test]
    fn the_sentence_names_both_halves_their_counts_and_the_evidence() {
        let worse = judgement(Verdict::Worse, Count::new(3_410, 0), Count::new(176, 9));
        assert_eq!(
            worse.sentence("arm64 (version 2)", "x86_64 (version 1)"),
            "arm64 (version 2) fails 5.1% of its invocations (9 of 176), \
             x86_64 (version 1) 0.0% (0 of 3,410): worse, e-value 4.1e6 against the threshold 20"
        );
    }

    #[test]
    fn an_undecided_sentence_says_how_much_more_it_takes() {
        let verdict = Verdict::Undecided {
            more_invocations: Some(1_234),
        };
        let undecided = judgement(verdict, Count::new(900, 1), Count::new(100, 0));
        let sentence = undecided.sentence("arm64", "x86_64");
        assert!(
            sentence.ends_with(
                "undecided, about 1,234 more invocations of arm64 decide at these rates"
            )
        );
    }

    #[test]
    fn with_nothing_to_compare_it_says_so() {
        let verdict = Verdict::Undecided {
            more_invocations: None,
        };
        let nothing = judgement(verdict, Count::new(900, 1), Count::default());
        assert_eq!(
            nothing.sentence("arm64", "x86_64"),
            "arm64 has not run beside the baseline, x86_64 0.1% (1 of 900): \
             undecided, nothing to compare yet"
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
