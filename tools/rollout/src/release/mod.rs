//! What happens to a pair before and after its rollout.
//!
//! | file | what |
//! | --- | --- |
//! | `artifacts/` | what must hold of both artifacts before anything is uploaded |
//! | `pair.rs` | which builds of a commit are published already (no I/O) |
//! | `publish.rs` | both builds as two versions, and the aliases at them |
//! | `newest.rs` | what these aliases say of the pair: its commit, a replay that failed |
//! | `deployed.rs` | whether what was built is what `live` serves or is moving to (no I/O) |
//! | `order.rs` | whether a commit descends from another one: git says |
//! | `replay.rs` | a sample event on both builds |
//! | `prune.rs` | deletes old pairs that no alias uses |
//! | `bench/` | synthetic load on both builds |
//!
//! May use `delivery` and `aws`.

pub mod artifacts;
pub mod bench;
pub mod deployed;
pub mod newest;
pub mod order;
pub mod pair;
pub mod prune;
pub mod publish;
pub mod replay;
