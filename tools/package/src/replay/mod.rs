//! Sample events, what a function must answer to them, and whether both of its builds do.
//!
//! ```text
//! event.rs        the sample events of a function, with their expected answers
//! answer.rs       what one build answered to one event, or is expected to
//! difference.rs   where answers differ, by JSON pointer (no I/O)
//! report.rs       what came of one event, and of all of them, for people and for machines (no I/O)
//! ```
//!
//! Who invokes is not here: `rollout replay` invokes the published pair, `sandbox test` a build that is not
//! published.

mod answer;
mod difference;
mod event;
mod report;

pub use answer::Answer;
pub use difference::Difference;
pub use event::{EventError, SampleEvent, is_expected_answer, read_events};
pub use report::{EventReport, Verdict};

/// For the `--help` of the commands that send sample events.
pub const HELP: &str = "\
Next to an event, events/<name>.json, may stand events/<name>.expected.json: the answer, or the part of it that must \
hold; with an errorType in it, the function must fail like that. What may vary is in replay.ignore of the function's \
Cargo.toml.

Exit codes: 0 both builds answer alike and as expected, 1 they do not, 2 could not run.";
