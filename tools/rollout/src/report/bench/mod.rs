//! What a benchmark has shown: which memory size and which architecture is the fastest and the cheapest.
//!
//! ```text
//! estimate.rs  quantiles and means with intervals
//! summary.rs   a row per target, and what to recommend
//! text.rs      the same for people
//! ```

mod estimate;
mod summary;
mod text;

pub use estimate::{Estimate, mean_intervals, quantile};
pub use summary::{Prices, Row, Summary, Tally};
