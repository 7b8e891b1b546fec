//! Both versions side by side: the receipt of each architecture (pure).
//!
//! ```text
//! half.rs      one version: what it did, how long that took, what it cost
//! costs.rs     what the halves are charged, and where that is from
//! sheet.rs     both in one table, with what differs
//! sentence.rs  the same in words
//! ```

mod costs;
mod half;
mod sentence;
mod sheet;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{differences::Differences, prices::Rates, scope::Scope};
use analysis::Judgement;
pub use costs::{Costs, Pricing};
pub use half::Row;

/// Two versions side by side: baseline and candidate.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The function.
    pub function: String,
    /// Of when the figures are.
    pub window: Window,
    /// Baseline and candidate.
    pub halves: [Row; 2],
    /// Whether time and cost can be compared: not when either half is emulated.
    pub time_is_comparable: bool,
    /// Which prices the costs are worked out with, or why there are none.
    pub pricing: Pricing,
    /// How many times as long arm64 may be billed until it costs as much as x86_64.
    pub break_even_slowdown: Option<f64>,
    /// Whether the candidate is worse.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// All of it in plain words.
    pub sentence: String,
}

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// From when on.
    pub since: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
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

impl Comparison {
    /// Compares two versions: baseline and candidate.
    #[must_use]
    pub fn new(
        function: &str,
        window: Window,
        halves: [Row; 2],
        pricing: Pricing,
        verdict: Verdict,
    ) -> Self {
        let break_even_slowdown = pricing.rates().map(Rates::break_even_slowdown);
        let sentence = sentence::sentence(&halves, &verdict, break_even_slowdown);
        Self {
            function: function.to_owned(),
            window,
            time_is_comparable: !halves.iter().any(|half| half.emulated),
            halves,
            pricing,
            break_even_slowdown,
            verdict,
            sentence,
        }
    }

    /// The table for a terminal.
    #[must_use]
    pub fn table(&self) -> String {
        sheet::Sheet::of(self).plain()
    }

    /// The table as it is: its header, and a line per figure.
    #[must_use]
    pub fn lines(&self) -> ([String; 4], Vec<[String; 4]>) {
        sheet::Sheet::of(self).lines()
    }

    /// What is said below the table: what was found, and what the figures are.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![self.sentence.clone()];
        lines.extend(self.notes());
        lines.join("\n")
    }

    /// What one has to know to read the figures.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        sentence::notes(self)
    }

    /// The table and the text for a pull request.
    #[must_use]
    pub fn markdown(&self) -> String {
        let notes = self.notes().into_iter().map(|note| format!("\n- {note}"));
        format!(
            "{}\n\n{}\n{}",
            sheet::Sheet::of(self).markdown(),
            self.sentence,
            notes.collect::<String>()
        )
    }
}

#[cfg(test)]
mod tests;
