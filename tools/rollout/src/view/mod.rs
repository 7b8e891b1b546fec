//! What people and machines see of a run while it goes on.
//!
//! ```text
//! text.rs      an event as one line of text (pure)
//! terminal.rs  the picture that is redrawn in place
//! ```
//!
//! On a terminal there is the picture, without one a line for every event, and with `--json` a JSON
//! line for every event. A reader that goes away does not end a rollout: what can no longer be
//! written is dropped, and the journal has it all.

mod terminal;
mod text;

use crate::{
    controller::event::{Event, Half},
    journal::Entry,
    output::{Format, Output},
};
use terminal::Picture;

/// Shows events as they happen.
#[derive(Debug)]
pub struct View {
    output: Output,
    halves: Option<Halves>,
    picture: Option<Picture>,
}

/// The two versions that the events are about.
#[derive(Debug, Clone, Copy)]
struct Halves {
    baseline: Half,
    candidate: Half,
}

impl View {
    /// A view that has seen nothing.
    #[must_use]
    pub fn new(output: Output) -> Self {
        Self {
            output,
            halves: None,
            picture: None,
        }
    }

    /// Shows one event.
    pub fn show(&mut self, entry: &Entry<'_>) {
        if self.output.format == Format::Json {
            let _ = self.output.json(entry);
            return;
        }
        if let Event::Began {
            baseline,
            candidate,
            ..
        } = entry.event
        {
            let halves = Halves {
                baseline: *baseline,
                candidate: *candidate,
            };
            self.halves = Some(halves);
            self.picture = self.output.terminal.then(|| Picture::new(halves));
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
        let Some(line) = text::line(entry.event, self.halves.as_ref()) else {
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
