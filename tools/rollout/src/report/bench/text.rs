//! A benchmark for people: a table and what follows from it.

use super::{
    Estimate, Row, Summary,
    summary::{Choice, Measured, Ratio},
};
use crate::{aws::mark::Target, report::table};

const HEADER: [&str; 15] = [
    "architecture",
    "memory MiB",
    "invocations",
    "cold",
    "init ms",
    "errors",
    "timeouts",
    "avg ms",
    "p50 ms",
    "p90 ms",
    "p99 ms",
    "billed ms",
    "used MiB",
    "USD per million",
    "version",
];

impl Row {
    fn cells(&self) -> [String; 15] {
        let Target {
            memory_mib,
            architecture,
        } = self.target;
        [
            architecture.to_string(),
            memory_mib.to_string(),
            self.invocations.to_string(),
            self.cold.to_string(),
            self.time(|m| m.init_p50_ms.map(|ms| format!("{ms:.1}"))),
            self.errors.to_string(),
            self.timeouts.to_string(),
            self.time(|m| Some(estimate(m.average_ms, 2))),
            self.time(|m| Some(estimate(m.p50_ms, 2))),
            self.time(|m| Some(estimate(m.p90_ms, 2))),
            self.time(|m| Some(estimate(m.p99_ms, 2))),
            self.time(|m| Some(format!("{:.1}", m.billed_ms))),
            self.max_memory_mib
                .map_or("-".to_owned(), |mib| mib.to_string()),
            self.time(|m| Some(estimate(m.million_usd, 2))),
            self.version.to_string(),
        ]
    }

    fn time(&self, of: impl Fn(&Measured) -> Option<String>) -> String {
        if self.emulated {
            return "emulated".to_owned();
        }
        let value = self.measured.as_ref().and_then(of);
        value.unwrap_or_else(|| "-".to_owned())
    }
}

/// `12.30 (11.00-14.10)`; `?` where the sample is too small for that bound.
fn estimate(estimate: Estimate, decimals: usize) -> String {
    let side = |side: Option<f64>| side.map_or("?".to_owned(), |side| format!("{side:.decimals$}"));
    let Estimate { value, low, high } = estimate;
    format!("{value:.decimals$} ({}-{})", side(low), side(high))
}

/// By how much arm64 differs at one memory size.
fn ratio(ratio: &Ratio) -> String {
    format!(
        "Against x86_64, arm64 at {} MiB: time {}, cost {}.",
        ratio.memory_mib,
        change(ratio.time),
        change(ratio.cost)
    )
}

/// A ratio as what it adds: `-19.4% (-19.9% to -18.9%)`.
fn change(ratio: Estimate) -> String {
    let percent = |ratio: f64| format!("{:+.1}%", (ratio - 1.0) * 100.0);
    let side = |side: Option<f64>| side.map_or("?".to_owned(), percent);
    let Estimate { value, low, high } = ratio;
    format!("{} ({} to {})", percent(value), side(low), side(high))
}

impl Summary {
    /// The table for a terminal.
    #[must_use]
    pub fn table(&self) -> String {
        table::plain(HEADER, self.rows.iter().map(Row::cells))
    }

    /// The table and the text for a pull request.
    #[must_use]
    pub fn markdown(&self) -> String {
        let table = table::markdown(HEADER, self.rows.iter().map(Row::cells));
        format!("{table}\n\n{}", self.text())
    }

    /// What is said below the table.
    #[must_use]
    pub fn text(&self) -> String {
        let mut sentences = vec![
            "Times are of warm invocations that succeeded, with 95% intervals (? is where a sample is \
             too small for one); init is the median of the cold starts; cost is of warm invocations, at \
             list price."
                .to_owned(),
        ];
        sentences.extend(self.recommended());
        sentences.extend(self.ratios.iter().map(ratio));
        if let Some(factor) = self.break_even.filter(|_| self.has_both_architectures()) {
            sentences.push(format!(
                "At these prices and equal memory arm64 stays cheaper as long as it takes less than \
                 {:.1}% longer.",
                (factor - 1.0) * 100.0
            ));
        }
        sentences.extend(self.emulated());
        sentences.extend(self.lost());
        sentences.join("\n")
    }

    fn recommended(&self) -> Option<String> {
        let choices = self.recommendation?;
        let named = |name: &str, Choice { target, confidence }: Choice| {
            // All samples drawn anew are still only samples.
            let confidence = (confidence * 100.0).min(99.9);
            format!("{name} is {target} ({confidence:.1}% sure)")
        };
        Some(format!(
            "For this event the {}, the {}; the least product of cost and time has {}.",
            named("cheapest", choices.cheapest),
            named("fastest", choices.fastest),
            choices.balanced.target,
        ))
    }

    fn has_both_architectures(&self) -> bool {
        let mut real = self.rows.iter().filter(|row| row.measured.is_some());
        let first = real.next().map(|row| row.target.architecture);
        real.any(|row| Some(row.target.architecture) != first)
    }

    fn emulated(&self) -> Option<String> {
        let row = self.rows.iter().find(|row| row.emulated)?;
        Some(format!(
            "{} is emulated here: it is counted, and neither its time nor its cost is compared. A sandbox \
             gives every memory size the same CPU time, which Lambda does not.",
            row.target.architecture
        ))
    }

    fn lost(&self) -> Option<String> {
        let throttles: u32 = self.rows.iter().map(|row| row.throttles).sum();
        let unreported: u32 = self.rows.iter().map(|row| row.unreported).sum();
        (throttles + unreported > 0).then(|| {
            format!(
                "Not in the table: {throttles} refused by Lambda, {unreported} answers without a report."
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_that_a_sample_is_too_small_for_stays_open() {
        let p99 = Estimate {
            value: 5.0,
            low: Some(4.25),
            high: None,
        };
        assert_eq!(estimate(p99, 2), "5.00 (4.25-?)");
    }
}
