//! What people and machines see of a run while it goes on.
//!
//! ```text
//! text.rs      an event as one line of text (no I/O)
//! terminal.rs  the picture that is redrawn in place
//! ```
//!
//! On a terminal there is the picture, without one a line for every step and at most one a minute on how it goes,
//! and with `--json` a JSON line for every event. A reader that goes away does not end a rollout: what can no longer be
//! written is dropped, and the journal has it all.

mod terminal;
mod text;

use super::{
    journal::Entry,
    output::{Format, Output, folded},
};
use crate::{aws::function::Build, delivery::event::Event};
use std::mem::{Discriminant, discriminant};

use chrono::{DateTime, TimeDelta, Utc};
use terminal::Picture;

/// How often a line says how it goes.
const PROGRESS_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Shows events as they happen.
#[derive(Debug)]
pub(super) struct View {
    output: Output,
    versions: Option<Versions>,
    picture: Option<Picture>,
    /// When a line has last said how it goes, and of what kind it was.
    progress: Option<(DateTime<Utc>, Discriminant<Event>)>,
}

/// The two versions that the events are about.
#[derive(Debug, Clone, Copy)]
struct Versions {
    baseline: Build,
    candidate: Build,
}

impl View {
    /// A view that has seen nothing.
    #[must_use]
    pub(super) fn new(output: Output) -> Self {
        Self {
            output,
            versions: None,
            picture: None,
            progress: None,
        }
    }

    /// Shows one event.
    pub(super) fn show(&mut self, entry: &Entry<'_>) {
        if self.output.format == Format::Json {
            let _ = self.output.json(entry);
            return;
        }
        if let Event::Started {
            baseline,
            candidate,
            ..
        } = entry.event
        {
            let versions = Versions {
                baseline: *baseline,
                candidate: *candidate,
            };
            self.versions = Some(versions);
            self.picture = self.output.terminal.then(|| Picture::new(versions));
        }
        let drawn = self
            .picture
            .as_mut()
            .is_some_and(|picture| picture.draw(entry.event));
        if matches!(entry.event, Event::Ended { .. }) {
            // What the picture has shown last stays, and the sentence comes below it.
            self.picture = None;
        }
        if !drawn && !self.is_too_soon(entry) {
            self.print(entry);
        }
    }

    /// Whether the last minute has a line on how it goes already.
    fn is_too_soon(&mut self, entry: &Entry<'_>) -> bool {
        let is_progress = matches!(
            entry.event,
            Event::Analysed(_)
                | Event::Serving { .. }
                | Event::NoData { .. }
                | Event::NoAnswer { .. }
        );
        if !is_progress || self.output.terminal {
            return false;
        }
        let kind = discriminant(entry.event);
        let is_too_soon = self
            .progress
            .is_some_and(|(before, same)| kind == same && entry.time - before < PROGRESS_EVERY);
        if !is_too_soon {
            self.progress = Some((entry.time, kind));
        }
        is_too_soon
    }

    fn print(&self, entry: &Entry<'_>) {
        let Some(line) = text::line(entry.event, self.versions.as_ref()) else {
            return;
        };
        let line = folded(&format!("{} {line}", entry.time.format("%H:%M:%S")));
        match &self.picture {
            Some(picture) => picture.print_above(&line),
            None => {
                let _ = self.output.line(line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_how_it_goes_is_said_once_a_minute_and_every_step_at_once() {
        let output = Output {
            format: Format::Human,
            terminal: false,
        };
        let mut view = View::new(output);
        let start: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
        let mut is_said = |second: i64, event: &Event| {
            let entry = Entry {
                time: start + TimeDelta::seconds(second),
                function: "hasher",
                event,
            };
            !view.is_too_soon(&entry)
        };
        let progress = Event::NoData {
            what: String::new(),
            no_data_s: 1,
            no_data_timeout_s: 900,
        };
        let step = Event::Weight {
            percent: crate::aws::routing::Percent::HUNDRED,
        };
        assert!(is_said(0, &progress) && !is_said(59, &progress));
        assert!(is_said(59, &step) && is_said(60, &progress) && !is_said(61, &progress));
        let no_answer = Event::NoAnswer {
            cause: String::new(),
            no_answer_s: 1,
            no_data_timeout_s: 900,
        };
        assert!(is_said(61, &no_answer) && !is_said(62, &no_answer));
    }
}
