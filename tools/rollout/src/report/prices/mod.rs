//! What invocations cost on either architecture.
//!
//! ```text
//! costs.rs  what an invocation costs, by how long it is billed for
//! list.rs   the price list: prices.json, or a file in its form
//! rates.rs  what one region charges at one amount of use; cost and break-even (pure)
//! ```
//!
//! Prices are data, not code: `prices.json` names its date and its sources. They are list prices
//! without the free tier, Savings Plans, provisioned concurrency, and `/tmp` beyond its free 512 MiB.

mod costs;
mod list;
mod rates;

pub use costs::Costs;
pub use list::{PriceList, PricesError};
pub use rates::{MEAN_ROUNDING_MS, Rates, estimated_billed_ms, gb_seconds};
