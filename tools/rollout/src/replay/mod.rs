//! The same events on both halves, and where the answers differ.
//!
//! ```text
//! event.rs        the sample events of a function, from its dist folder
//! answer.rs       what one half answered to one event
//! difference.rs   where two answers differ, by JSON pointer (pure)
//! ```

mod answer;
mod difference;
mod event;

pub use answer::{Answer, invoke};
pub use difference::{Difference, differences};
pub use event::{EventError, SampleEvent, read_events};
