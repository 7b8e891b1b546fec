//! How long invocations took.

use super::{Figure, Picture, names};
use crate::delivery::wording::percent;
use crate::{
    aws::metrics::Distribution,
    report::page::{
        Report,
        chart::{ACROSS, Chart, Mark, Pen, UPWARDS},
        scale::{Scale, Tick, decades},
    },
};

pub(super) fn latency(report: &Report<'_>) -> Option<Figure> {
    if !report.comparison.time_is_comparable {
        return None;
    }
    let distributions = &report.distributions;
    let all = || distributions.iter().flatten().map(|(_, ms)| *ms);
    let least = all().filter(|ms| *ms > 0.0).fold(f64::INFINITY, f64::min);
    let most = all().fold(0.0, f64::max);
    if !least.is_finite() || most <= 0.0 {
        return None;
    }
    let x_ticks: Vec<Tick> = decades(least, most).into_iter().map(milliseconds).collect();
    let [from, to] = [x_ticks.first(), x_ticks.last()].map(|tick| tick.map_or(0.0, |t| t.value));
    let lines = distributions.iter().enumerate().map(|(version, points)| {
        let points = points
            .iter()
            .map(|(share, ms)| (ms.max(least).log10(), share * 100.0));
        Mark::Line(Pen::new(version), points.collect())
    });
    let chart = Chart {
        x: Scale::new([from, to], ACROSS),
        y: Scale::new([0.0, 100.0], UPWARDS),
        x_ticks,
        y_ticks: [0.0, 25.0, 50.0, 75.0, 100.0].map(share).to_vec(),
        marks: lines.collect(),
    };
    let [baseline, candidate] = names(report);
    Some(Figure {
        id: "latency".to_owned(),
        title: "Latency".to_owned(),
        text:
            "Share of the invocations that took at most the time on the axis, which is logarithmic. The line \
               further left is the faster version."
                .to_owned(),
        picture: Picture::Chart(chart),
        header: vec![
            "share".to_owned(),
            format!("{baseline}, at most ms"),
            format!("{candidate}, at most ms"),
        ],
        rows: rows(distributions),
    })
}

fn rows([baseline, candidate]: &[Distribution; 2]) -> Vec<Vec<String>> {
    let longer = if baseline.len() >= candidate.len() {
        baseline
    } else {
        candidate
    };
    let of = |points: &Distribution, share: f64| {
        let point = points.iter().find(|(of, _)| (of - share).abs() < 1e-9);
        point.map_or("-".to_owned(), |(_, ms)| format!("{ms:.2}"))
    };
    let row = |(share, _): &(f64, f64)| {
        vec![percent(*share), of(baseline, *share), of(candidate, *share)]
    };
    longer.iter().map(row).collect()
}

fn milliseconds(exponent: i32) -> Tick {
    let ms = 10f64.powi(exponent);
    let label = if ms >= 1_000.0 {
        format!("{} s", ms / 1_000.0)
    } else {
        format!("{ms} ms")
    };
    Tick {
        value: f64::from(exponent),
        label,
    }
}

fn share(percent: f64) -> Tick {
    Tick {
        value: percent,
        label: format!("{percent}%"),
    }
}
