//! The figures of the page, each with its numbers behind it.

mod cost;
mod latency;
mod time;

use maud::{Markup, html};

use super::{
    Report,
    chart::Chart,
    series::{self, Piece},
};
use analysis::Metric;

/// A picture and what belongs to it.
struct Figure {
    id: String,
    title: String,
    /// What it shows, for those who see it and those who do not.
    text: String,
    picture: Picture,
    /// The numbers behind it.
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

enum Picture {
    Chart(Chart),
    /// Something else that was drawn.
    Drawn(Markup),
}

/// All figures that the report has data for.
pub(super) fn figures(report: &Report<'_>) -> Markup {
    let pieces = series::pieces(
        report.periods,
        report.record,
        report.over,
        report.comparison.findings.period_s,
        report.comparison.window,
        &report.terms,
    );
    let counted = (0..report.comparison.findings.scope.counted.len()).map(Metric::Counted);
    let counted = counted.map(|metric| time::share(report, &pieces, metric));
    let figures: Vec<Figure> = [
        time::weight(report, &pieces),
        time::evidence(report, &pieces),
        time::share(report, &pieces, Metric::Errors),
    ]
    .into_iter()
    .chain(counted)
    .chain([
        time::share(report, &pieces, Metric::Slow),
        latency::latency(report),
        cost::cost(report),
    ])
    .flatten()
    .collect();
    html! {
        section class="figures" {
            @for figure in &figures { (figure.markup()) }
        }
    }
}

impl Figure {
    fn markup(&self) -> Markup {
        html! {
            figure id=(self.id) {
                figcaption {
                    h2 { (self.title) }
                    p { (self.text) }
                }
                @match &self.picture {
                    Picture::Chart(chart) => (chart.svg(&self.id, &self.title, &self.text)),
                    Picture::Drawn(markup) => (markup),
                }
                details {
                    summary { "Numbers" }
                    (table(&self.header, &self.rows))
                }
            }
        }
    }
}

/// A table that may be wider than its place.
pub(super) fn table(header: &[String], rows: &[Vec<String>]) -> Markup {
    html! {
        div class="scroll" tabindex="0" {
            table {
                thead { tr { @for cell in header { th scope="col" { (cell) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (index, cell) in row.iter().enumerate() {
                                @if index == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Names of both versions.
fn names(report: &Report<'_>) -> [String; 2] {
    report
        .comparison
        .versions
        .each_ref()
        .map(|version| version.name())
}

/// Whether there is anything to plot over time.
fn some(pieces: &[Piece]) -> Option<&[Piece]> {
    (!pieces.is_empty()).then_some(pieces)
}
