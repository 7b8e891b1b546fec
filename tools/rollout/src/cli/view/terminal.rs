//! The picture that is redrawn in place: one bar per version, the verdict, the step.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Versions, text};
use crate::{
    aws::routing::Percent,
    delivery::event::{Analysed, Event},
};
use analysis::Block;

/// Length of a full bar: a weight in hundredths of a percent.
const FULL: u64 = 10_000;

/// How often the spinner turns: often enough to show that the run is alive.
const TURN: Duration = Duration::from_millis(200);

/// The picture of a run.
#[derive(Debug)]
pub(super) struct Picture {
    versions: Versions,
    all: MultiProgress,
    baseline: ProgressBar,
    candidate: ProgressBar,
    verdict: ProgressBar,
}

impl Picture {
    pub(super) fn new(versions: Versions) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        let bar = |name: String, width: usize| {
            let bar = all.add(ProgressBar::new(FULL).with_style(bar_style()));
            bar.set_prefix(format!("{name:<width$}"));
            bar.set_message("no data yet");
            bar
        };
        let names = [versions.baseline, versions.candidate].map(|build| build.to_string());
        let width = names.iter().map(String::len).max().unwrap_or_default();
        let [baseline, candidate] = names.map(|name| bar(name, width));
        let verdict = all.add(ProgressBar::new_spinner().with_style(verdict_style()));
        verdict.enable_steady_tick(TURN);
        let picture = Self {
            versions,
            all,
            baseline,
            candidate,
            verdict,
        };
        picture.weigh(Percent::ZERO);
        picture
    }

    /// Draws an event into the picture; `false` when it belongs on a line of its own.
    pub(super) fn draw(&mut self, event: &Event) -> bool {
        match event {
            Event::Analysed(analysed) => {
                self.analysed(analysed);
                true
            }
            Event::Weight { percent } => {
                self.weigh(*percent);
                false
            }
            Event::Started { resumed_at, .. } => {
                self.weigh(resumed_at.unwrap_or(Percent::ZERO));
                false
            }
            Event::Ended { .. } => {
                self.verdict.finish_and_clear();
                self.baseline.abandon();
                self.candidate.abandon();
                false
            }
            Event::Path { .. }
            | Event::Armed { .. }
            | Event::StepOver { .. }
            | Event::NoData { .. }
            | Event::Serving { .. }
            | Event::Paused { .. }
            | Event::Command { .. }
            | Event::NoAnswer { .. } => false,
        }
    }

    /// Writes a line that stays, above the picture.
    pub(super) fn print_above(&self, line: &str) {
        let _ = self.all.println(line);
    }

    fn analysed(&self, analysed: &Analysed) {
        let Block {
            baseline,
            candidate,
        } = analysed.analysis.errors();
        let Versions {
            baseline: b,
            candidate: c,
        } = &self.versions;
        self.weigh(analysed.percent);
        self.baseline
            .set_message(text::counts(baseline, b, analysed.baseline_latency));
        self.candidate
            .set_message(text::counts(candidate, c, analysed.candidate_latency));
        self.verdict
            .set_message(format!("{}; {}", analysed.brief, text::progress(analysed)));
    }

    fn weigh(&self, candidate: Percent) {
        let position = |percent: Percent| (percent.weight() * FULL as f64).round() as u64;
        self.candidate.set_position(position(candidate));
        self.baseline.set_position(FULL - position(candidate));
    }
}

fn bar_style() -> ProgressStyle {
    style("{prefix} {percent:>3}% {bar:10} {wide_msg}")
}

fn verdict_style() -> ProgressStyle {
    style("{spinner} {wide_msg}")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
