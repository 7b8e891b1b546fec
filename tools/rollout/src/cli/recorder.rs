//! Shows what happens to one function, and writes it to the journal.

use chrono::Utc;

use super::{
    context::Context,
    journal::{Entry, Journal},
    view::View,
};
use crate::delivery::{driver::Events, event::Event};

/// Shows what happens to one function, and writes it to the journal.
#[derive(Debug)]
pub(super) struct Recorder {
    function: String,
    view: View,
    journal: Option<Journal>,
}

impl Recorder {
    /// Beside the build of the function, if there is one.
    ///
    /// # Errors
    /// When the journal cannot be opened for appending.
    pub(super) fn open(context: &Context, function: &str) -> anyhow::Result<Self> {
        Ok(Self {
            journal: Journal::open(&context.dist, context.local(function))?,
            ..Self::without_journal(context, function)
        })
    }

    /// Where whoever runs the rollout writes the journal.
    pub(super) fn without_journal(context: &Context, function: &str) -> Self {
        Self {
            function: function.to_owned(),
            view: View::new(context.output.clone()),
            journal: None,
        }
    }
}

impl Events for Recorder {
    fn emit(&mut self, event: &Event) {
        let entry = Entry {
            time: Utc::now(),
            function: &self.function,
            event,
        };
        self.view.show(&entry);
        if let Some(journal) = &mut self.journal
            && let Err(error) = journal.append(&entry)
        {
            // A full disk must not end the rollout.
            tracing::warn!("{error}");
        }
    }
}
