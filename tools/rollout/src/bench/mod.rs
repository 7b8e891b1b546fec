//! Synthetic load on both halves, with a sweep over memory sizes: which size and which architecture
//! is the fastest and the cheapest for one event.
//!
//! ```text
//! plan.rs        which targets, in which order, and what that costs at most (pure)
//! sweep.rs       temporary versions: publish, put $LATEST back, delete
//! load.rs        invokes
//! log_tail.rs    the report at the end of the log
//! stop.rs        SIGINT, SIGTERM, and the end of the time that was given
//! estimate.rs    quantiles and means with intervals (pure)
//! summary.rs     a row per target, and what to recommend (pure)
//! text.rs        the same for people
//! ```
//!
//! # How `$LATEST` is borrowed
//!
//! A version gets its memory from `$LATEST`, so a sweep has to change it for a while: it is marked by
//! its description ([`Mark`](crate::latest::Mark)), which also says what to put back; every change carries the `RevisionId`; and
//! `rollout publish` refuses to publish from a marked `$LATEST`. It is put back before the first
//! invocation. The pair, `live` and the half aliases are never touched: a half at its own memory size is
//! measured through its own alias.
//!
//! # What is left after a SIGKILL
//!
//! The versions and the mark, both with the time until when the benchmark had meant to run. The next
//! benchmark removes what is past its time, or with `--take-over` all of it.

mod estimate;
mod load;
mod log_tail;
mod plan;
mod stop;
mod summary;
mod sweep;
mod text;

pub use estimate::{Estimate, mean_intervals, quantile};
pub use load::{Shot, shoot};
pub use log_tail::{Invocation, Status};
pub use plan::Plan;
pub use stop::{Stop, Stopped};
pub use summary::{Prices, Row, Summary, Tally};
pub use sweep::{Code, Sweep, SweepError};
