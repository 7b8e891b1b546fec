//! Both versions side by side: table and sentence (pure).

use package::Architecture;
use serde::Serialize;

use crate::{
    alias::Version,
    differences::Differences,
    function::Half,
    judge::{Count, Judgement, percent},
    metrics::{Durations, Sample},
    prices,
    scope::Scope,
    table,
};

/// Two versions side by side: baseline and candidate.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The function.
    pub function: String,
    /// Baseline and candidate.
    pub halves: [Row; 2],
    /// Whether time and cost can be compared: not when either half is emulated.
    pub time_is_comparable: bool,
    /// Whether the candidate is worse.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// All of it in one sentence.
    pub sentence: String,
}

/// What the periods at one weight say.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// What it is about.
    pub judged: Scope,
    /// Whether the candidate is worse.
    pub judgement: Judgement,
    /// By how much it differs.
    pub differences: Differences,
    /// How long those periods are, in seconds.
    pub period_s: u32,
}

/// One version and what it did.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its number.
    pub version: Version,
    /// What it was built for; unknown when it was deleted.
    pub architecture: Option<Architecture>,
    /// Whether it runs under an emulator: then its times say nothing.
    pub emulated: bool,
    /// Memory that it is billed for, in MiB.
    pub memory_mib: Option<u32>,
    /// Its counts and durations; durations of an emulated version are left out.
    #[serde(flatten)]
    pub sample: Sample,
    /// What a million invocations cost, in US dollars.
    pub million_invocations_usd: Option<f64>,
}

const HEADER: [&str; 13] = [
    "half",
    "version",
    "invocations",
    "errors",
    "error %",
    "throttles",
    "avg ms",
    "p50 ms",
    "p90 ms",
    "p99 ms",
    "slow %",
    "memory MiB",
    "USD per million",
];

impl Row {
    /// Puts together what is known of a version.
    #[must_use]
    pub fn new(half: Half, memory_mib: Option<u32>, mut sample: Sample) -> Self {
        if half.emulated {
            sample.duration = None;
        }
        let cost = |architecture| {
            let average_ms = sample.duration?.average_ms;
            Some(prices::million_invocations_usd(
                architecture,
                memory_mib?,
                average_ms,
            ))
        };
        Self {
            version: half.version,
            architecture: half.architecture,
            emulated: half.emulated,
            memory_mib,
            sample,
            million_invocations_usd: half.architecture.and_then(cost),
        }
    }

    fn name(&self) -> String {
        let Self {
            version,
            architecture,
            emulated,
            ..
        } = *self;
        Half {
            version,
            architecture,
            emulated,
        }
        .to_string()
    }

    fn cells(&self) -> [String; 13] {
        let Sample {
            invocations,
            errors,
            throttles,
            duration,
            ..
        } = self.sample;
        let rate = errors.filter(|_| invocations > 0);
        let time = |of: fn(Durations) -> f64| self.measured(duration.map(of), 1);
        [
            self.architecture.map_or("-".to_owned(), |a| a.to_string()),
            self.version.to_string(),
            invocations.to_string(),
            count(errors),
            rate.map_or("-".to_owned(), |errors| {
                percent(errors as f64 / invocations as f64)
            }),
            count(throttles),
            time(|d| d.average_ms),
            time(|d| d.p50_ms),
            time(|d| d.p90_ms),
            time(|d| d.p99_ms),
            self.slow(),
            self.memory_mib
                .map_or("-".to_owned(), |memory| memory.to_string()),
            self.measured(self.million_invocations_usd, 2),
        ]
    }

    fn slow(&self) -> String {
        let count = self.sample.time.count();
        match count.and_then(Count::rate) {
            _ if self.emulated => "emulated".to_owned(),
            Some(rate) => percent(rate),
            None => "-".to_owned(),
        }
    }

    fn measured(&self, value: Option<f64>, decimals: usize) -> String {
        match value {
            _ if self.emulated => "emulated".to_owned(),
            Some(value) => format!("{value:.decimals$}"),
            None => "-".to_owned(),
        }
    }
}

fn count(value: Option<u64>) -> String {
    value.map_or("-".to_owned(), |value| value.to_string())
}

impl Comparison {
    /// Compares two versions: baseline and candidate.
    #[must_use]
    pub fn new(function: &str, halves: [Row; 2], verdict: Verdict) -> Self {
        let Verdict {
            judged,
            judgement,
            period_s,
            ..
        } = &verdict;
        let [baseline, candidate] = &halves;
        let ran = halves.iter().all(|half| half.sample.invocations > 0);
        let errors = if ran && !judgement.errors().is_comparable() {
            format!(
                "Errors are not judged: no whole period of {period_s} s had both versions at one weight \
                 (see --period)"
            )
        } else {
            judgement.sentence(&candidate.name(), &baseline.name())
        };
        let sentence = format!("{errors}. Judged: {judged}. {}.", time(baseline, candidate));
        Self {
            function: function.to_owned(),
            time_is_comparable: !halves.iter().any(|half| half.emulated),
            halves,
            verdict,
            sentence,
        }
    }

    /// The table for a terminal.
    #[must_use]
    pub fn table(&self) -> String {
        table::plain(HEADER, self.halves.iter().map(Row::cells))
    }

    /// What is said below the table: the sentence, and the intervals as far as there are any.
    #[must_use]
    pub fn text(&self) -> String {
        let differences = &self.verdict.differences;
        if differences.is_empty() {
            self.sentence.clone()
        } else {
            format!("{}\n{differences}.", self.sentence)
        }
    }

    /// The table and the text for a pull request.
    #[must_use]
    pub fn markdown(&self) -> String {
        let table = table::markdown(HEADER, self.halves.iter().map(Row::cells));
        format!("{table}\n\n{}", self.text())
    }
}

/// What the durations and prices say, and only what they say.
fn time(baseline: &Row, candidate: &Row) -> String {
    let emulated: Vec<_> = [baseline, candidate]
        .into_iter()
        .filter(|row| row.emulated)
        .map(Row::name)
        .collect();
    if !emulated.is_empty() {
        let is = if emulated.len() == 1 { "is" } else { "are" };
        return format!(
            "{} {is} emulated here, so time and cost are not compared",
            emulated.join(" and ")
        );
    }
    let (Some(before), Some(after)) = (baseline.sample.duration, candidate.sample.duration) else {
        return "Time and cost are not compared: a version has no invocations in this window"
            .to_owned();
    };
    let duration = change(before.average_ms, after.average_ms, "slower", "faster");
    let duration = format!(
        "On average {} is {duration} than {}",
        candidate.name(),
        baseline.name()
    );
    match (
        baseline.million_invocations_usd,
        candidate.million_invocations_usd,
    ) {
        (Some(before), Some(after)) => {
            let cost = change(before, after, "more expensive", "cheaper");
            format!("{duration}, and {cost} per invocation at list price")
        }
        _ => duration,
    }
}

fn change(before: f64, after: f64, more: &str, less: &str) -> String {
    let by = (after / before - 1.0) * 100.0;
    let word = if by < 0.0 { less } else { more };
    format!("{:.1}% {word}", by.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::{Block, Blocks, Metric, Terms, judge},
        metrics::TimeCounts,
    };

    const TERMS: Terms = Terms {
        alpha: 0.05,
        margin: 0.01,
        metrics: Metric::WITHOUT_TIME,
    };

    fn half(number: u64, architecture: Architecture, emulated: bool) -> Half {
        Half {
            version: number.to_string().parse().expect("a version"),
            architecture: Some(architecture),
            emulated,
        }
    }

    fn sample(average_ms: f64) -> Sample {
        Sample {
            invocations: 1000,
            errors: Some(2),
            throttles: None,
            time: TimeCounts::default(),
            duration: Some(Durations {
                average_ms,
                p50_ms: 9.0,
                p90_ms: 19.0,
                p99_ms: 49.0,
            }),
        }
    }

    fn verdict(periods: &[Blocks]) -> Verdict {
        Verdict {
            judged: Scope::Unset,
            judgement: judge(periods.iter().copied(), &TERMS),
            differences: Differences::of(&[], &Scope::Unset, TERMS.alpha),
            period_s: 60,
        }
    }

    fn comparison(emulated: bool) -> Comparison {
        let rows = [
            Row::new(
                half(1, Architecture::X86_64, false),
                Some(1024),
                sample(100.0),
            ),
            Row::new(
                half(2, Architecture::Arm64, emulated),
                Some(1024),
                sample(90.0),
            ),
        ];
        let block = Block {
            baseline: Count::new(1000, 2),
            candidate: Count::new(1000, 2),
        };
        Comparison::new("hasher", rows, verdict(&[Blocks::errors(block)]))
    }

    #[test]
    fn an_emulated_half_has_counts_and_neither_time_nor_cost() {
        let comparison = comparison(true);
        let [_, arm64] = &comparison.halves;
        assert_eq!(
            (arm64.sample.duration, arm64.million_invocations_usd),
            (None, None)
        );
        let cells = arm64.cells();
        assert_eq!(&cells[2..4], ["1000", "2"]);
        assert!(
            cells[6..11].iter().all(|cell| cell == "emulated"),
            "{cells:?}"
        );
        assert!(
            comparison.sentence.ends_with(
                "arm64 (version 2) is emulated here, so time and cost are not compared."
            )
        );
        assert!(!comparison.time_is_comparable);
    }

    #[test]
    fn times_and_prices_of_real_halves_are_compared_in_a_sentence() {
        let sentence = comparison(false).sentence;
        assert!(
            sentence.ends_with(
                "On average arm64 (version 2) is 10.0% faster than x86_64 (version 1), and 25.0% \
                 cheaper per invocation at list price."
            ),
            "{sentence}"
        );
    }

    #[test]
    fn counts_without_a_period_to_judge_are_not_called_silence() {
        let Comparison { halves, .. } = comparison(false);
        let sentence = Comparison::new("hasher", halves, verdict(&[])).sentence;
        assert!(
            sentence.starts_with("Errors are not judged: no whole period of 60 s"),
            "{sentence}"
        );
    }

    #[test]
    fn what_is_not_measured_is_a_dash() {
        let row = Row::new(
            half(1, Architecture::X86_64, false),
            None,
            Sample::default(),
        );
        let cells = row.cells();
        assert_eq!(cells[3..], ["-"; 10]);
    }

    #[test]
    fn markdown_has_a_rule_under_its_header() {
        let markdown = comparison(false).markdown();
        let rule = markdown.lines().nth(1).expect("a second line");
        assert!(rule.starts_with("|--"), "{markdown}");
        assert!(rule.chars().all(|c| "|-".contains(c)), "{markdown}");
    }
}
