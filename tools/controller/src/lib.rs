//! The function `controller`: moves every rollout of the account on.
//!
//! | file | what | I/O |
//! | --- | --- | --- |
//! | `wake.rs` | what wakes it: time, or an alarm | no |

pub mod wake;
