//! A half with a memory size.

use std::fmt;

use package::Architecture;
use serde::Serialize;

/// A half with a memory size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Target {
    /// Memory in MiB.
    pub memory_mib: u32,
    /// The half.
    pub architecture: Architecture,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} MiB", self.architecture, self.memory_mib)
    }
}
