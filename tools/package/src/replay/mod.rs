//! Sample events, what a function must answer to them, and whether both of its builds do.
//!
//! ```text
//! event.rs        the sample events of a function, with their expected answers
//! answer.rs       what one build answered to one event, or is expected to
//! difference.rs   where answers differ, by JSON pointer (pure)
//! report.rs       what came of one event, and of all of them, for people and for machines (pure)
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
