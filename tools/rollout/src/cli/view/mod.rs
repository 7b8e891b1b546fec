//! What people and machines see of a run while it goes on.
//!
//! ```text
//! text.rs      an event as one line of text (no I/O)
//! terminal.rs  the picture that is redrawn in place
//! ```
//!
//! On a terminal there is the picture, without one a line for every event, and with `--json` a JSON
//! line for every event. A reader that goes away does not end a rollout: what can no longer be
//! written is dropped, and the journal has it all.

mod terminal;
mod text;

use super::{
    journal::Entry,
    output::{Format, Output},
};
use crate::{aws::function::Build, delivery::event::Event};
use terminal::Picture;

/// Shows events as they happen.
#[derive(Debug)]
pub(super) struct View {
    output: Output,
    versions: Option<Versions>,
    picture: Option<Picture>,
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
        if !drawn {
            self.print(entry);
        }
    }

    fn print(&self, entry: &Entry<'_>) {
        let Some(line) = text::line(entry.event, self.versions.as_ref()) else {
            return;
        };
        let line = format!("{} {line}", entry.time.format("%H:%M:%S"));
        match &self.picture {
            Some(picture) => picture.print_above(&line),
            None => {
                let _ = self.output.line(line);
            }
        }
    }
}
