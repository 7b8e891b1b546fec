//! The one place that writes to standard output: a closed pipe is not a reason to panic.

use std::io::Write as _;

/// Writes one line to standard output. A reader that has gone away is not an error.
pub fn line(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes one line to standard error.
pub fn error_line(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
