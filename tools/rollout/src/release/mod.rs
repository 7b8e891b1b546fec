//! What happens to a pair before and after its rollout.
//!
//! | file | what |
//! | --- | --- |
//! | `artifacts/` | what must hold of both artifacts before anything is uploaded |
//! | `pair.rs` | which builds of a commit are published already (no I/O) |
//! | `publish.rs` | both builds as two versions, and the aliases at them |
//! | `replay.rs` | a sample event on both builds |
//! | `prune.rs` | deletes old pairs that no alias uses |
//! | `bench/` | synthetic load on both builds |
//!
//! May use `delivery` and `aws`.

pub mod artifacts;
pub mod bench;
pub mod pair;
pub mod prune;
pub mod publish;
pub mod replay;
