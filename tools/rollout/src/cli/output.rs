//! Where results go: the only module that writes to stdout and stderr.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

use serde::Serialize;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// For people: lines and tables.
    Human,
    /// For machines: JSON values, one a line, and nothing else on stdout.
    Json,
}

/// Standard output in the chosen format.
#[derive(Debug, Clone)]
pub(super) struct Output {
    /// How results are written.
    pub format: Format,
    /// Whether a person is watching: only then is anything redrawn in place.
    pub terminal: bool,
}

impl Output {
    /// Standard output, with a look at whether it is a terminal.
    #[must_use]
    pub(super) fn stdout(format: Format) -> Self {
        let terminal = format == Format::Human && io::stdout().is_terminal();
        Self { format, terminal }
    }

    /// Writes lines for people; with `--json` there are none. Colours in them reach terminals alone,
    /// and none where `NO_COLOR` is set.
    ///
    /// # Errors
    /// When stdout is closed.
    pub(super) fn line(&self, text: impl Display) -> io::Result<()> {
        match self.format {
            Format::Json => Ok(()),
            Format::Human => writeln!(anstream::stdout().lock(), "{text}"),
        }
    }

    /// Writes a JSON line for machines; without `--json` there is none.
    ///
    /// # Errors
    /// When stdout is closed.
    pub(super) fn json(&self, value: &impl Serialize) -> io::Result<()> {
        match self.format {
            Format::Human => Ok(()),
            Format::Json => {
                let mut stdout = io::stdout().lock();
                serde_json::to_writer(&mut stdout, value)?;
                writeln!(stdout)
            }
        }
    }
}

/// Tells on stderr why the command could not run, with all causes.
pub fn error(error: &anyhow::Error) {
    // A closed stderr leaves nobody to tell.
    let _ = writeln!(io::stderr().lock(), "rollout: {error:#}");
}

/// Sends the program's own log to stderr; `RUST_LOG` chooses how much of it.
pub fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("rollout=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
}
