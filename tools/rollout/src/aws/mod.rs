//! What is asked of AWS: clients, versions, aliases and `$LATEST` of Lambda, metrics and the alarm of CloudWatch.
//!
//! | file | what |
//! | --- | --- |
//! | `client.rs` | clients as the AWS CLI would configure them; errors in words |
//! | `routing.rs` | versions, weights, what an alias routes to |
//! | `alias.rs` | read an alias, change it by compare-and-swap |
//! | `function.rs` | the function: memory, which architectures are emulated |
//! | `tags.rs`, `tagged.rs` | a function's tags; the functions that have a tag |
//! | `versions.rs` | published versions: list, find, publish, delete |
//! | `latest.rs`, `mark.rs` | `$LATEST` by compare-and-swap, and the mark of a benchmark that has borrowed it |
//! | `provisioned.rs` | provisioned concurrency, which forbids a weight |
//! | `metrics/` | counts and durations per version and period |
//! | `alarm.rs` | the alarm on the candidate |
//!
//! May use the crate `analysis`, for its counts, and nothing else of this crate.

pub mod alarm;
pub mod alias;
pub mod client;
pub mod function;
pub mod latest;
pub mod mark;
pub mod metrics;
pub mod provisioned;
pub mod routing;
pub mod tagged;
pub mod tags;
pub mod versions;

/// The alias that callers use; it routes to one or two versions.
pub const LIVE: &str = "live";
