//! Both versions side by side, and what benchmarks have shown. No I/O.
//!
//! | file | what |
//! | --- | --- |
//! | `comparison/` | both versions in a table and in words |
//! | `differences.rs` | by how much they differ, with intervals |
//! | `prices/` | what invocations cost on either architecture |
//! | `page/` | the comparison as a page with plots that opens offline |
//! | `bench/` | a benchmark: estimates, what to recommend |
//! | `table.rs` | tables as text and Markdown |
//!
//! May use `release`, `delivery`, `aws` (for their data, not their calls) and the crate `analysis`.

pub mod bench;
pub mod comparison;
pub mod differences;
pub mod page;
pub mod prices;
pub mod table;
