//! The end of the log that Invoke answers with when `LogType=Tail` was asked for.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Invocation, Reader};

/// The last invocation of the last 4 KiB of a log, in base64. Those may begin in the middle of a line,
/// or of a character.
#[must_use]
pub fn from_tail(log_result: &str) -> Option<Invocation> {
    let bytes = STANDARD.decode(log_result).ok()?;
    let mut reader = Reader::default();
    reader.text(&String::from_utf8_lossy(&bytes), None);
    reader.finish().invocations.pop()
}
