//! What changes over time: weight, evidence, shares of failed and slow invocations.

use chrono::{DateTime, Utc};

use super::{Figure, Picture, names, some};
use crate::delivery::wording::{number, percent};
use crate::report::page::{
    Report,
    chart::{ACROSS, Chart, Mark, Pen, UPWARDS},
    scale::{Scale, Tick, round_ticks, seconds, times},
    series::Piece,
};
use analysis::{LnE, Metric};

/// How many times are written below the axis; more would touch each other.
const TIMES: i32 = 5;

/// The axis of e-values ends at this power of the threshold: a day of good traffic reaches 1e150, and
/// beside that the threshold would lie on the axis below.
const POWER_OF_THRESHOLD: f64 = 4.0;

pub(super) fn weight(report: &Report<'_>, pieces: &[Piece]) -> Option<Figure> {
    let pieces = some(pieces)?;
    let [_, candidate] = names(report);
    let mut set: Vec<_> = report.weights();
    // The last weight stays.
    set.extend(
        set.last()
            .map(|(_, percent)| (report.comparison.window.until, *percent)),
    );
    let set = set
        .into_iter()
        .map(|(time, percent)| (at(report, time), percent.value()));
    let got = pieces
        .iter()
        .filter_map(|piece| Some((at(report, piece.end), piece.own.candidate()? * 100.0)));
    let marks = vec![
        Mark::Dots(Pen::Candidate, got.collect()),
        Mark::Steps(Pen::Candidate, set.collect()),
    ];
    let rows = pieces.iter().map(|piece| {
        let invocations = |version| number(piece.own.count(Metric::Errors, version).invocations());
        let share = piece.own.candidate().map_or("-".to_owned(), percent);
        vec![clock(piece.end), share, invocations(0), invocations(1)]
    });
    Some(Figure {
        id: "weight".to_owned(),
        title: "Weight".to_owned(),
        text: format!(
            "Share of live that goes to {candidate}: the line is the weight that was set, \
             the dots are the share of invocations that it got."
        ),
        picture: Picture::Chart(over_time(report, percent_ticks(100.0), marks)),
        header: header(&["until, UTC", "share"], report, "invocations"),
        rows: rows.collect(),
    })
}

pub(super) fn share(report: &Report<'_>, pieces: &[Piece], metric: Metric) -> Option<Figure> {
    let pieces = some(pieces)?;
    let alpha = report.comparison.findings.differences.alpha;
    let ran = |piece: &&Piece, version| piece.so_far.count(metric, version).invocations() > 0.0;
    let versions: Vec<usize> = (0..2)
        .filter(|&version| pieces.iter().any(|p| ran(&p, version)))
        .collect();
    if versions.is_empty() {
        return None;
    }
    let mut marks = Vec::new();
    for &version in &versions {
        let known = || pieces.iter().filter(move |piece| ran(piece, version));
        let band = known().map(|piece| {
            let band = piece.band(metric, version, alpha).times(100.0);
            (at(report, piece.end), band.low, band.high)
        });
        let line = known().filter_map(|piece| {
            let rate = piece.so_far.count(metric, version).rate()?;
            Some((at(report, piece.end), rate * 100.0))
        });
        marks.push(Mark::Band(Pen::new(version), band.collect()));
        marks.push(Mark::Line(Pen::new(version), line.collect()));
    }
    let (id, title, what) = match metric {
        Metric::Slow => (
            "slow".to_owned(),
            "Slow invocations".to_owned(),
            slow(report),
        ),
        Metric::Counted(index) => {
            let name = report.comparison.findings.scope.name(metric);
            let what = format!("that the function counts as failed ({name})");
            (format!("counted-{index}"), name, what)
        }
        Metric::Errors | Metric::Throttles => (
            "errors".to_owned(),
            "Errors".to_owned(),
            "that fail".to_owned(),
        ),
    };
    Some(Figure {
        id,
        title,
        text: format!(
            "Share of all invocations so far {what}. Each band holds its version's true share at all times \
             at once with {}% confidence, if that share stays the same.",
            (1.0 - alpha) * 100.0
        ),
        picture: Picture::Chart(over_time(
            report,
            percent_ticks(top(pieces, &versions, metric, alpha)),
            marks,
        )),
        header: header(&["until, UTC"], report, "so far"),
        rows: pieces
            .iter()
            .map(|piece| share_row(piece, metric, alpha))
            .collect(),
    })
}

/// The greatest share worth showing: bands of the first few invocations would hide all others.
fn top(pieces: &[Piece], versions: &[usize], metric: Metric, alpha: f64) -> f64 {
    let last = pieces.last().into_iter().flat_map(|piece| {
        versions
            .iter()
            .map(move |&version| piece.band(metric, version, alpha).high)
    });
    let seen = pieces.iter().skip(pieces.len() / 4).flat_map(|piece| {
        versions
            .iter()
            .filter_map(move |&version| piece.so_far.count(metric, version).rate())
    });
    let most = last.map(|high| high * 1.5).chain(seen).fold(0.0, f64::max);
    (most * 100.0).min(100.0)
}

fn slow(report: &Report<'_>) -> String {
    let limit = report.comparison.findings.scope.slow_ms();
    limit.map_or("that are slow".to_owned(), |ms| {
        format!("that take longer than {ms} ms")
    })
}

fn share_row(piece: &Piece, metric: Metric, alpha: f64) -> Vec<String> {
    let mut row = vec![clock(piece.end)];
    for version in 0..2 {
        let count = piece.so_far.count(metric, version);
        row.push(count.rate().map_or("-".to_owned(), |rate| {
            let band = piece.band(metric, version, alpha).times(100.0);
            let (low, high) = (band.low, band.high);
            format!("{} ({low:.2} to {high:.2})", percent(rate))
        }));
    }
    row
}

pub(super) fn evidence(report: &Report<'_>, pieces: &[Piece]) -> Option<Figure> {
    let pieces = some(pieces)?;
    let threshold = report.terms.threshold().log10();
    let power = |ln_e: LnE| ln_e.0.max(0.0) / std::f64::consts::LN_10;
    let line = |of: fn(&Piece) -> LnE| {
        let point = |piece: &Piece| (at(report, piece.end), power(of(piece)));
        pieces.iter().map(point).collect::<Vec<_>>()
    };
    let (worse, not_worse) = (line(|p| p.ln_e_worse), line(|p| p.ln_e_not_worse));
    let highest = worse.iter().chain(&not_worse).map(|(_, power)| *power);
    let highest = highest.fold(threshold + 0.5, f64::max);
    let ticks = round_ticks(highest.min(threshold * POWER_OF_THRESHOLD), 5);
    let end = ticks.last().copied().unwrap_or(highest);
    let ticks = ticks.into_iter().map(power_of_ten);
    let beyond = if highest > end {
        format!(
            " What is beyond {} runs along the upper edge.",
            power_of_ten(end).label
        )
    } else {
        String::new()
    };
    let marks = vec![
        Mark::Level(
            Pen::Threshold,
            threshold,
            format!("proven from {} on", report.terms.threshold()),
        ),
        Mark::Line(Pen::Candidate, worse),
        Mark::Line(Pen::Baseline, not_worse),
    ];
    let rows = pieces.iter().map(|piece| {
        let (worse, not_worse) = (piece.ln_e_worse, piece.ln_e_not_worse);
        vec![clock(piece.end), worse.to_string(), not_worse.to_string()]
    });
    let [_, candidate] = names(report);
    Some(Figure {
        id: "evidence".to_owned(),
        title: "Evidence".to_owned(),
        text: format!(
            "E-value on a logarithmic scale: the highest so far that {candidate} is worse (dashed); and that it is not \
             worse by more than {} at the weight of that time, if failures are independent of each other (solid).{beyond}",
            percent(report.terms.margin)
        ),
        picture: Picture::Chart(over_time(report, ticks.collect(), marks)),
        header: ["until, UTC", "worse", "not worse"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
    })
}

/// An e-value by its exponent, which may be beyond all numbers.
fn power_of_ten(exponent: f64) -> Tick {
    let label = if exponent.fract() != 0.0 {
        String::new()
    } else if exponent < 4.0 {
        format!("{}", 10f64.powf(exponent))
    } else {
        format!("1e{exponent}")
    };
    Tick {
        value: exponent,
        label,
    }
}

fn over_time(report: &Report<'_>, y_ticks: Vec<Tick>, marks: Vec<Mark>) -> Chart {
    let window = report.comparison.window;
    let end = |ticks: &[Tick]| ticks.last().map_or(1.0, |tick| tick.value);
    Chart {
        x: Scale::new([0.0, seconds(window.until - window.since)], ACROSS),
        y: Scale::new([0.0, end(&y_ticks)], UPWARDS),
        x_ticks: times(window.since, window.until, TIMES),
        y_ticks,
        marks,
    }
}

fn percent_ticks(most: f64) -> Vec<Tick> {
    let ticks = round_ticks(most.max(0.01), 4).into_iter();
    let label = |value: f64| {
        let text = format!("{value:.2}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        format!("{text}%")
    };
    ticks
        .map(|value| Tick {
            value,
            label: label(value),
        })
        .collect()
}

/// Seconds since the window began.
fn at(report: &Report<'_>, time: DateTime<Utc>) -> f64 {
    seconds(time - report.comparison.window.since)
}

fn clock(time: DateTime<Utc>) -> String {
    time.format("%H:%M:%S").to_string()
}

fn header(first: &[&str], report: &Report<'_>, of: &str) -> Vec<String> {
    let versions = names(report).map(|name| format!("{name}, {of}"));
    let first = first.iter().copied().map(str::to_owned);
    first.chain(versions).collect()
}
