//! Who is told what happens: the view and the journal.

use chrono::Utc;

use super::event::Event;
use crate::{
    journal::{Entry, Journal},
    view::View,
};

/// Shows and writes down what happens to one function.
#[derive(Debug)]
pub struct Witness {
    function: String,
    view: View,
    journal: Journal,
}

impl Witness {
    /// A witness of the rollouts of one function.
    #[must_use]
    pub fn new(function: &str, view: View, journal: Journal) -> Self {
        Self {
            function: function.to_owned(),
            view,
            journal,
        }
    }

    /// Tells of an event that has just happened.
    pub fn tell(&mut self, event: &Event) {
        let entry = Entry {
            time: Utc::now(),
            function: &self.function,
            event,
        };
        self.view.show(&entry);
        if let Err(error) = self.journal.append(&entry) {
            // A full disk must not end the watch.
            tracing::warn!("{error}");
        }
    }
}
