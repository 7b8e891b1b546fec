//! A comparison as one page that opens offline: plots, the table, the journal.
//!
//! ```text
//! html.rs      the page: verdict, table, figures, journal; style.css is in it
//! figures/     what is plotted: over time (time.rs), latency (latency.rs), cost (cost.rs)
//! chart.rs     a chart with two axes, as SVG
//! scale.rs     from values to places on the paper, and which values stand beside the axes
//! series.rs    the window cut into pieces, and what was known at the end of each
//! band.rs      a band around a rate that holds at all times at once
//! journal.rs   what the journal of a run has to tell
//! ```
//!
//! The page asks for nothing from anywhere: no script, no font, no picture, and a content security
//! policy that forbids them. HTML and SVG are written with maud, which escapes what it is given; of
//! the libraries for plots, those that write SVG set colours that dark mode and print cannot change.

mod band;
mod chart;
mod figures;
mod html;
mod journal;
mod scale;
mod series;

use chrono::{DateTime, Utc};

use crate::report::comparison::Comparison;
use crate::{
    aws::{
        metrics::{Distribution, Period},
        routing::Percent,
    },
    delivery::record::Record,
};
use analysis::Terms;

/// What a page is made of.
#[derive(Debug)]
pub struct Report<'a> {
    /// Both versions side by side.
    pub comparison: &'a Comparison,
    /// Period by period, oldest first.
    pub periods: &'a [Period],
    /// What is analysed, and how surely.
    pub terms: Terms,
    /// Until when periods are over: later ones are no evidence yet.
    pub over: DateTime<Utc>,
    /// The rollout that moved the weight between these versions, if one did.
    pub record: Option<&'a Record>,
    /// How long the invocations of baseline and candidate took; empty when emulated or not known.
    pub distributions: [Distribution; 2],
    /// The journal of its runs, as it is in the file; empty when there is none.
    pub journal: &'a [u8],
}

impl Report<'_> {
    /// The page as HTML.
    #[must_use]
    pub fn html(&self) -> String {
        html::page(self).into_string()
    }

    /// The candidate's weights and when they were set, within the window.
    fn weights(&self) -> Vec<(DateTime<Utc>, Percent)> {
        let changes = self.record.into_iter().flat_map(|record| {
            let changes = record.changes.iter();
            changes.map(|change| (record.time_of(change), change.percent))
        });
        let until = self.comparison.window.until;
        changes.filter(|(time, _)| *time <= until).collect()
    }
}

#[cfg(test)]
mod tests;
