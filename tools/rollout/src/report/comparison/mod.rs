//! Both versions side by side.
//!
//! ```text
//! row.rs       one version: what it did, how long that took, what it cost
//! table.rs     both in one table, with what differs
//! sentence.rs  the same in words
//! ```

mod row;
mod sentence;
mod table;

use chrono::NaiveDate;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{differences::Differences, prices::Rates};
use crate::delivery::scope::Scope;
use analysis::Analysis;
pub use row::Row;

/// Two versions side by side: baseline and candidate.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The function.
    pub function: String,
    /// The time that the figures are of.
    pub window: Window,
    /// Baseline and candidate.
    pub versions: [Row; 2],
    /// Whether time and cost can be compared: not when either version is emulated.
    pub time_is_comparable: bool,
    /// The prices behind the costs, or why there are none.
    pub pricing: Pricing,
    /// By what factor arm64 may be slower until it costs as much as x86_64.
    pub break_even_slowdown: Option<f64>,
    /// What the analysis says.
    #[serde(flatten)]
    pub findings: Findings,
    /// All of it in plain words.
    pub sentence: String,
}

/// The prices behind the costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Pricing {
    /// The region's list prices.
    Known {
        /// The region.
        region: String,
        /// The date of the list.
        as_of: NaiveDate,
        /// The GB-seconds a month over whose tiers prices are averaged.
        monthly_gb_seconds: f64,
        /// The prices themselves.
        #[serde(flatten)]
        rates: Rates,
    },
    /// The price list does not have this region.
    Unknown {
        /// Why, and what to do.
        problem: String,
    },
}

impl Pricing {
    /// The prices, where there are any.
    #[must_use]
    pub const fn rates(&self) -> Option<&Rates> {
        match self {
            Self::Known { rates, .. } => Some(rates),
            Self::Unknown { .. } => None,
        }
    }
}

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// From when on.
    pub since: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// What the periods show in which the weight did not change.
#[derive(Debug, Clone, Serialize)]
pub struct Findings {
    /// Which metrics were analysed.
    pub scope: Scope,
    /// Whether the candidate is worse.
    pub analysis: Analysis,
    /// About the smallest failure rate of the candidate that would have been found; absent when none would.
    pub would_be_found: Option<f64>,
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
        versions: [Row; 2],
        pricing: Pricing,
        findings: Findings,
    ) -> Self {
        let break_even_slowdown = pricing.rates().map(Rates::break_even_slowdown);
        let sentence = sentence::sentence(&versions, &findings, break_even_slowdown);
        Self {
            function: function.to_owned(),
            window,
            time_is_comparable: !versions.iter().any(|version| version.emulated),
            versions,
            pricing,
            break_even_slowdown,
            findings,
            sentence,
        }
    }

    /// The table for a terminal.
    #[must_use]
    pub fn table(&self) -> String {
        table::ComparisonTable::new(self).plain()
    }

    /// The table as it is: its header, and a line per figure.
    #[must_use]
    pub fn lines(&self) -> ([String; 4], Vec<[String; 4]>) {
        table::ComparisonTable::new(self).lines()
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
            table::ComparisonTable::new(self).markdown(),
            self.sentence,
            notes.collect::<String>()
        )
    }
}

#[cfg(test)]
mod tests;
