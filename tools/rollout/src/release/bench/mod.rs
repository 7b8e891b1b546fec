//! Synthetic load on both builds, with a sweep over memory sizes; `report::bench` sums it up.
//!
//! ```text
//! plan.rs      which targets, in which order, and what that costs at most (no I/O)
//! sweep.rs     temporary versions: publish, put $LATEST back, delete
//! load.rs      one invocation
//! log_tail.rs  the report at the end of the log
//! stop.rs      whether to stop: a signal, or the end of the time that was given
//! ```
//!
//! # How `$LATEST` is borrowed
//!
//! A version gets its memory from `$LATEST`, so a sweep has to change it for a while: it is marked by
//! its description ([`Mark`](crate::aws::mark::Mark)), which also says what to put back; every change
//! carries the `RevisionId`; and `rollout publish` refuses to publish from a marked `$LATEST`. It is put
//! back before the first invocation. The pair, `live` and the aliases `arm64` and `x86_64` are never
//! touched: a build at its own memory size is measured through its alias.
//!
//! # What is left after a SIGKILL
//!
//! The versions and the mark, both with the time until when the benchmark had meant to run. The next
//! benchmark removes what is past its time, or with `--take-over` all of it.

mod load;
mod log_tail;
mod plan;
mod stop;
mod sweep;

pub use load::{Sample, sample};
pub use log_tail::{Invocation, Status};
pub use plan::Plan;
pub use stop::{Stop, Stopped};
pub use sweep::{Code, Sweep, SweepError};
