//! The page: verdict, table, figures, journal.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    Report, figures,
    journal::{self, Entry},
};
use analysis::Verdict;

const STYLE: &str = include_str!("style.css");

/// Nothing is loaded from anywhere, and nothing runs.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

pub(super) fn page(report: &Report<'_>) -> Markup {
    let comparison = report.comparison;
    let title = format!("{}: {}", comparison.function, word(report));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (header(report))
                    (side_by_side(report))
                    (figures::figures(report))
                    (journal_section(&journal::read(report.journal, comparison.window)))
                }
            }
        }
    }
}

fn header(report: &Report<'_>) -> Markup {
    let comparison = report.comparison;
    let [baseline, candidate] = comparison.versions.each_ref().map(|version| version.name());
    let window = comparison.window;
    html! {
        header {
            p class="kind" { "Report of a rollout" }
            h1 { (comparison.function) }
            p class="versions" {
                span class="key baseline" {} (baseline) " → "
                span class="key candidate" {} (candidate)
            }
            p class="window" {
                time datetime=(window.since.to_rfc3339()) { (window.since.format("%Y-%m-%d %H:%M:%S")) }
                " to "
                time datetime=(window.until.to_rfc3339()) { (window.until.format("%Y-%m-%d %H:%M:%S")) }
                " UTC"
            }
        }
        section class={ "verdict " (class(report)) } {
            h2 { (word(report)) }
            p { (comparison.sentence) }
        }
    }
}

fn word(report: &Report<'_>) -> &'static str {
    match report.comparison.findings.analysis.verdict {
        Verdict::Worse { .. } => "worse",
        Verdict::NotWorse { .. } => "not worse",
        Verdict::Inconclusive { .. } => "inconclusive",
    }
}

fn class(report: &Report<'_>) -> &'static str {
    match report.comparison.findings.analysis.verdict {
        Verdict::Worse { .. } => "worse",
        Verdict::NotWorse { .. } => "fine",
        Verdict::Inconclusive { .. } => "open",
    }
}

fn side_by_side(report: &Report<'_>) -> Markup {
    let (header, rows) = report.comparison.lines();
    let rows: Vec<_> = rows.into_iter().map(Vec::from).collect();
    html! {
        section class="comparison" {
            h2 { "Side by side" }
            (figures::table(&Vec::from(header), &rows))
            ul class="notes" {
                @for note in report.comparison.notes() { li { (note) } }
            }
        }
    }
}

fn journal_section(entries: &[Entry]) -> Markup {
    html! {
        @if !entries.is_empty() {
            section class="journal" {
                h2 { "Journal" }
                ol {
                    @for entry in entries {
                        li {
                            time datetime=(entry.time.to_rfc3339()) { (entry.time.format("%H:%M:%S")) }
                            " "
                            strong { (entry.what) }
                            " "
                            span { (entry.text) }
                        }
                    }
                }
            }
        }
    }
}
