//! What goes to the terminal and comes from it: lines of text, and SIGINT and SIGTERM. A closed pipe is no reason to panic.

use std::io::{BufWriter, Write as _};

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};

/// Writes one line to standard output. A reader that has gone away is not an error.
pub fn line(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes lines to standard output. False when its reader has gone away.
#[must_use]
pub(super) fn lines(lines: &[String]) -> bool {
    let mut output = BufWriter::new(std::io::stdout().lock());
    let written = lines
        .iter()
        .try_for_each(|line| writeln!(output, "{line}"))
        .and_then(|()| output.flush());
    written.is_ok()
}

/// Writes one line to standard error.
pub fn error_line(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Is over at the first SIGINT or SIGTERM. The handlers are there when this returns.
///
/// # Errors
/// When the system gives no handler.
pub(super) fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot handle SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot handle SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
