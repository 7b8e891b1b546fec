//! What invocations cost on either architecture.
//!
//! ```text
//! list.rs   the price list: prices.json, or a file in its form
//! rates.rs  what one region charges at one amount of use: the cost of an invocation, and the break-even
//! ```
//!
//! Prices are data, not code: `prices.json` names its date and its sources. They are list prices
//! without the free tier, Savings Plans, provisioned concurrency, and `/tmp` beyond its free 512 MiB.

mod list;
mod rates;

pub use list::{PriceList, PricesError};
pub use rates::{Costs, MEAN_ROUNDING_MS, Rates, estimated_billed_ms, gb_seconds};
