//! The text line with which Lambda ends an invocation.
//!
//! ```text
//! REPORT RequestId: ID\tDuration: 1.23 ms\tBilled Duration: 15 ms\tMemory Size: 128 MB\tMax Memory Used: 20 MB\tInit Duration: 12.60 ms\t
//! ```
//!
//! The tabs do not survive every copy, so fields are found by their names. After them come, where
//! they apply, `Restore Duration`, `Status`, `Error Type` and the X-Ray ids.

use super::{Invocation, Status};

const PREFIX: &str = "REPORT RequestId: ";

/// Whether the line claims to be a report.
pub(super) fn is_report(line: &str) -> bool {
    line.starts_with(PREFIX)
}

/// The invocation, without version and time; `None` when a field is missing or not a number.
pub(super) fn parse(line: &str) -> Option<Invocation> {
    let rest = line.strip_prefix(PREFIX)?;
    let (request_id, fields) = rest.split_at(rest.find(char::is_whitespace)?);
    let init_ms = match number(fields, "Init Duration: ", " ms")? {
        None => number(fields, "Restore Duration: ", " ms")?,
        some => some,
    };
    Some(Invocation {
        request_id: request_id.to_owned(),
        version: None,
        ended: None,
        // The first of the four durations.
        duration_ms: number(fields, "Duration: ", " ms")??,
        billed_ms: number(fields, "Billed Duration: ", " ms")??,
        init_ms,
        memory_mib: number(fields, "Memory Size: ", " MB")??,
        max_memory_mib: number(fields, "Max Memory Used: ", " MB")??,
        status: match word(fields, "Status: ") {
            None => Status::Success,
            Some(name) => Status::named(name)?,
        },
    })
    .filter(Invocation::is_measured)
}

impl Invocation {
    /// `NaN` and the like parse as numbers.
    pub(super) fn is_measured(&self) -> bool {
        let is_time = |ms: f64| ms.is_finite() && ms >= 0.0;
        is_time(self.duration_ms) && self.init_ms.is_none_or(is_time)
    }
}

/// A field that is there must be a number; the outer `None` says that it is not.
#[expect(clippy::option_option, reason = "a missing field is not a broken one")]
fn number<T: std::str::FromStr>(fields: &str, name: &str, unit: &str) -> Option<Option<T>> {
    let Some((_, value)) = fields.split_once(name) else {
        return Some(None);
    };
    let (digits, _) = value.split_once(unit)?;
    digits.parse().ok().map(Some)
}

fn word<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    fields.split_once(name)?.1.split_whitespace().next()
}
