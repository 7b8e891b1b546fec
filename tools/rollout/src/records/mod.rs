//! Exact samples: one record per invocation, from the logs that Lambda writes.
//!
//! ```text
//! invocation.rs  what is known of one invocation
//! report.rs      the text line `REPORT RequestId: …`
//! platform.rs    the JSON line `platform.report`
//! stream.rs      the version, from the name of a log stream
//! line.rs        what may stand before either: a time, a stream
//! reader.rs      line after line: joins START with REPORT
//! files.rs       log files: the sandbox's, exported ones, saved answers of FilterLogEvents
//! tail.rs        the end of the log that Invoke answers with
//! periods.rs     what the judge looks at: same-period counts and durations
//! ```
//!
//! What metrics do not have is here: cold starts, timeouts, memory, billed time, every single duration.
//! What is not here: throttles, which never ran.

mod files;
mod invocation;
mod line;
mod periods;
mod platform;
mod reader;
mod report;
mod stream;
mod tail;

pub use files::{RecordsError, read};
pub use invocation::{Invocation, Status};
pub use periods::{Period, periods};
pub use reader::{Reader, Records};
pub use stream::version_of_stream;
pub use tail::from_tail;

#[cfg(test)]
mod tests;
