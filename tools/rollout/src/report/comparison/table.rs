//! Both versions in one table: a line per figure, with its unit, and what differs.

use super::{Comparison, Findings, Row};
use crate::delivery::wording::{percent, thousands};
use crate::{
    aws::metrics::Durations,
    report::{
        differences::{Differences, Ratio},
        table::{markdown, plain},
    },
};
use analysis::Metric;

/// A line of the table: what it is, both versions, what differs.
type Line = [String; 4];

/// The table.
#[derive(Debug)]
pub(super) struct ComparisonTable {
    header: Line,
    lines: Vec<Line>,
}

/// Shown where nothing is known.
const UNKNOWN: &str = "-";

impl ComparisonTable {
    pub(super) fn new(comparison: &Comparison) -> Self {
        let [baseline, candidate] = &comparison.versions;
        let header = ["", &baseline.name(), &candidate.name(), "difference"].map(str::to_owned);
        let mut writer = Writer {
            versions: &comparison.versions,
            lines: Vec::new(),
        };
        writer.counts(&comparison.findings.differences);
        writer.counted(&comparison.findings);
        writer.durations(&comparison.findings.differences);
        writer.resources(&comparison.findings.differences);
        Self {
            header,
            lines: writer.lines,
        }
    }

    pub(super) fn lines(self) -> (Line, Vec<Line>) {
        (self.header, self.lines)
    }

    pub(super) fn plain(self) -> String {
        plain(self.header.each_ref().map(String::as_str), self.lines)
    }

    pub(super) fn markdown(self) -> String {
        markdown(self.header.each_ref().map(String::as_str), self.lines)
    }
}

struct Writer<'a> {
    versions: &'a [Row; 2],
    lines: Vec<Line>,
}

impl Writer<'_> {
    fn counts(&mut self, differences: &Differences) {
        self.line("invocations", |version| {
            Some(thousands(version.sample.invocations))
        });
        self.line("errors", |version| version.sample.errors.map(thousands));
        self.rate("errors, %", Row::error_rate, differences, Metric::Errors);
        self.line("throttles", |version| {
            version.sample.throttles.map(thousands)
        });
    }

    fn durations(&mut self, differences: &Differences) {
        self.time(
            "duration average, ms",
            |d| d.average_ms,
            |version| version.sample.duration,
        );
        if let (Some(ratio), Some(line)) = (&differences.duration_ratio, self.lines.last_mut()) {
            line[3] = with_interval(&line[3], ratio);
        }
        self.percentiles("duration", |version| version.sample.duration);
        if self
            .versions
            .iter()
            .all(|version| version.slow_rate().is_none())
        {
            return;
        }
        self.rate("slow of warm, %", Row::slow_rate, differences, Metric::Slow);
    }

    /// What the function counts itself as failed, and its cold starts, where it writes them.
    fn counted(&mut self, findings: &Findings) {
        for (index, _) in findings.scope.counted.iter().enumerate() {
            let metric = Metric::Counted(index);
            let what = format!("{}, %", findings.scope.name(metric));
            let rate = |version: &Row| version.sample.counted[index].count().rate();
            self.rate(&what, rate, &findings.differences, metric);
        }
        self.line("cold starts", |version| {
            version.sample.cold_starts.map(thousands)
        });
        self.measured("own init average, ms", 1, |version| version.sample.init_ms);
    }

    fn resources(&mut self, differences: &Differences) {
        self.line("memory, MiB", |version| {
            version.memory_mib.map(|mib| thousands(mib.into()))
        });
        self.measured("billed, GB-seconds", 2, |version| version.billed_gb_seconds);
        self.measured("cost per million, USD", 2, |version| {
            version.million_invocations_usd
        });
        let change = change(self.versions, |version| version.million_invocations_usd);
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
        let figure = |version: &Row| of(version).as_ref().map(figure);
        self.measured(what, 1, figure);
        let change = change(self.versions, figure);
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
        self.line(what, |version| rate(version).map(percent));
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

    /// A figure that is left out for an emulated version.
    fn measured(&mut self, what: &str, decimals: usize, of: impl Fn(&Row) -> Option<f64>) {
        self.line(what, |version| {
            if version.emulated {
                Some("emulated".to_owned())
            } else {
                of(version).map(|value| format!("{value:.decimals$}"))
            }
        });
    }

    fn line(&mut self, what: &str, of: impl Fn(&Row) -> Option<String>) {
        let cell = |version: &Row| of(version).unwrap_or_else(|| UNKNOWN.to_owned());
        let [baseline, candidate] = self.versions;
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

/// A ratio as a change in percent: 1.05 is `+5.0%`.
fn signed(ratio: f64) -> String {
    format!("{:+.1}%", (ratio - 1.0) * 100.0)
}

fn with_interval(change: &str, ratio: &Ratio) -> String {
    let (low, high) = (signed(ratio.interval.low), signed(ratio.interval.high));
    format!("{change} ({low} to {high})")
}
