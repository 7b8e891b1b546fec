//! Both halves in one table: a line per figure, with its unit, and what differs.

use super::{Comparison, Row};
use crate::{
    differences::{Differences, Ratio},
    metrics::Durations,
    table,
};
use analysis::{Metric, percent, thousands};

/// A line of the table: what it is, both halves, what differs.
type Line = [String; 4];

/// The table.
#[derive(Debug)]
pub(super) struct Sheet {
    header: Line,
    lines: Vec<Line>,
}

/// Stands where nothing is known.
const UNKNOWN: &str = "-";

impl Sheet {
    pub(super) fn of(comparison: &Comparison) -> Self {
        let [baseline, candidate] = &comparison.halves;
        let header = ["", &baseline.name(), &candidate.name(), "difference"].map(str::to_owned);
        let mut writer = Writer {
            halves: &comparison.halves,
            lines: Vec::new(),
        };
        writer.counts(&comparison.verdict.differences);
        writer.durations(&comparison.verdict.differences);
        writer.resources(&comparison.verdict.differences);
        Self {
            header,
            lines: writer.lines,
        }
    }

    pub(super) fn lines(self) -> (Line, Vec<Line>) {
        (self.header, self.lines)
    }

    pub(super) fn plain(self) -> String {
        table::plain(self.header.each_ref().map(String::as_str), self.lines)
    }

    pub(super) fn markdown(self) -> String {
        table::markdown(self.header.each_ref().map(String::as_str), self.lines)
    }
}

struct Writer<'a> {
    halves: &'a [Row; 2],
    lines: Vec<Line>,
}

impl Writer<'_> {
    fn counts(&mut self, differences: &Differences) {
        self.line("invocations", |half| {
            Some(thousands(half.sample.invocations))
        });
        self.line("errors", |half| half.sample.errors.map(thousands));
        self.rate("errors, %", Row::error_rate, differences, Metric::Errors);
        self.line("throttles", |half| half.sample.throttles.map(thousands));
    }

    fn durations(&mut self, differences: &Differences) {
        self.time(
            "duration average, ms",
            |d| d.average_ms,
            |half| half.sample.duration,
        );
        if let (Some(ratio), Some(line)) = (&differences.duration_ratio, self.lines.last_mut()) {
            line[3] = with_interval(&line[3], ratio);
        }
        self.percentiles("duration", |half| half.sample.duration);
        if self.halves.iter().all(|half| half.slow_rate().is_none()) {
            return;
        }
        self.rate("slow, %", Row::slow_rate, differences, Metric::Slow);
    }

    fn resources(&mut self, differences: &Differences) {
        self.line("memory, MiB", |half| {
            half.memory_mib.map(|mib| thousands(mib.into()))
        });
        self.measured("billed, GB-seconds", 2, |half| half.billed_gb_seconds);
        self.measured("cost per million, USD", 2, |half| {
            half.million_invocations_usd
        });
        let change = change(self.halves, |half| half.million_invocations_usd);
        if let Some(line) = self.lines.last_mut() {
            line[3] = match &differences.cost_ratio {
                Some(ratio) => with_interval(&change, ratio),
                None => change,
            };
        }
    }

    fn percentiles(&mut self, what: &str, of: fn(&Row) -> Option<Durations>) {
        self.time(&format!("{what} p50, ms"), |d| d.p50_ms, of);
        self.time(&format!("{what} p90, ms"), |d| d.p90_ms, of);
        self.time(&format!("{what} p99, ms"), |d| d.p99_ms, of);
    }

    fn time(
        &mut self,
        what: &str,
        figure: fn(&Durations) -> f64,
        of: fn(&Row) -> Option<Durations>,
    ) {
        let figure = |half: &Row| of(half).as_ref().map(figure);
        self.measured(what, 1, figure);
        let change = change(self.halves, figure);
        if let Some(line) = self.lines.last_mut() {
            line[3] = change;
        }
    }

    /// A share of invocations, and the interval of its difference.
    fn rate(
        &mut self,
        what: &str,
        rate: impl Fn(&Row) -> Option<f64>,
        differences: &Differences,
        metric: Metric,
    ) {
        self.line(what, |half| rate(half).map(percent));
        self.interval(differences, metric);
    }

    /// The interval of the difference of a rate, beside the line that was written last.
    fn interval(&mut self, differences: &Differences, metric: Metric) {
        let interval = differences.rates.iter().find(|rate| rate.metric == metric);
        if let (Some(rate), Some(line)) = (interval, self.lines.last_mut()) {
            let points = rate.interval.times(100.0);
            line[3] = format!("{:+.2} to {:+.2} points", points.low, points.high);
        }
    }

    /// A figure that an emulated half has no right to.
    fn measured(&mut self, what: &str, decimals: usize, of: impl Fn(&Row) -> Option<f64>) {
        self.line(what, |half| {
            if half.emulated {
                Some("emulated".to_owned())
            } else {
                of(half).map(|value| format!("{value:.decimals$}"))
            }
        });
    }

    fn line(&mut self, what: &str, of: impl Fn(&Row) -> Option<String>) {
        let cell = |half: &Row| of(half).unwrap_or_else(|| UNKNOWN.to_owned());
        let [baseline, candidate] = self.halves;
        self.lines.push([
            what.to_owned(),
            cell(baseline),
            cell(candidate),
            String::new(),
        ]);
    }
}

/// `-2.1%`, or nothing when either is not known.
fn change([baseline, candidate]: &[Row; 2], of: impl Fn(&Row) -> Option<f64>) -> String {
    let emulated = baseline.emulated || candidate.emulated;
    match (of(baseline), of(candidate)) {
        (Some(before), Some(after)) if !emulated && before > 0.0 => signed(after / before),
        _ => String::new(),
    }
}

/// A ratio as the percentage that it adds.
fn signed(ratio: f64) -> String {
    format!("{:+.1}%", (ratio - 1.0) * 100.0)
}

fn with_interval(change: &str, ratio: &Ratio) -> String {
    let (low, high) = (signed(ratio.interval.low), signed(ratio.interval.high));
    format!("{change} ({low} to {high})")
}
