//! What a million invocations cost on either version.

use maud::{Markup, html};

use super::{Figure, Picture, names};
use crate::report::page::Report;

/// A version's cost: all of it, and the requests in it.
struct Bar {
    name: String,
    class: &'static str,
    usd: f64,
    requests_usd: f64,
}

pub(super) fn cost(report: &Report<'_>) -> Option<Figure> {
    let comparison = report.comparison;
    let requests_usd = comparison.pricing.rates()?.request_usd * 1e6;
    let bar = |version: usize, class| {
        let usd = comparison.versions[version].million_invocations_usd?;
        Some(Bar {
            name: names(report)[version].clone(),
            class,
            usd,
            requests_usd,
        })
    };
    if !comparison.time_is_comparable {
        return None;
    }
    let bars = [bar(0, "baseline")?, bar(1, "candidate")?];
    let title = "Cost per million invocations".to_owned();
    let text = "List price in US dollars: requests (pale) and billed time.".to_owned();
    let rows = bars.iter().map(|bar| {
        let [all, requests, time] = [bar.usd, bar.requests_usd, bar.usd - bar.requests_usd];
        let usd = [all, requests, time].map(|usd| format!("{usd:.4}"));
        [vec![bar.name.clone()], usd.to_vec()].concat()
    });
    Some(Figure {
        id: "cost".to_owned(),
        picture: Picture::Drawn(picture(&bars, &title, &text)),
        title,
        text,
        header: ["version", "USD", "requests", "billed time"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
    })
}

/// Two bars, each below its name and sum.
fn picture(bars: &[Bar; 2], title: &str, text: &str) -> Markup {
    const LENGTH: f64 = 416.0;
    let most = bars
        .iter()
        .map(|bar| bar.usd)
        .fold(f64::MIN_POSITIVE, f64::max);
    let length = |usd: f64| format!("{:.1}", usd / most * LENGTH);
    html! {
        svg viewBox="0 0 440 132" role="img" aria-labelledby="cost-title cost-description" {
            title id="cost-title" { (title) }
            desc id="cost-description" { (text) }
            @for (index, bar) in bars.iter().enumerate() {
                g class={ "bar " (bar.class) } transform={ "translate(12 " (10 + 62 * index) ")" } {
                    text y="12" { (bar.name) }
                    text class="sum" x=(LENGTH) y="12" { "$" (format!("{:.2}", bar.usd)) }
                    rect class="time" width=(length(bar.usd)) height="26" y="20" {}
                    rect class="requests" width=(length(bar.requests_usd)) height="26" y="20" {}
                }
            }
        }
    }
}
