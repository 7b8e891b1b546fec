//! What a command ends with, and its exit code.

use std::process::ExitCode;

/// How a command has ended, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Done what was asked; of a run: promoted. Exit code 0.
    Done,
    /// Rolled back, paused or refused by a check: the release must not go on. Exit code 1.
    NotReleased,
    /// It could not run, or had to stop without knowing. Exit code 2, as for any error.
    CouldNotRun,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::NotReleased => 1,
            Outcome::CouldNotRun => 2,
        })
    }
}
