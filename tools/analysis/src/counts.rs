//! What is analysed: invocations and failures of both versions, period by period.

use serde::Serialize;

/// Invocations of one version in one period, and how many of them failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    invocations: u64,
    failures: u64,
}

impl Count {
    /// A failure is an invocation: where a source reports more failures than invocations,
    /// the invocations are raised and no failure is lost.
    #[must_use]
    pub fn new(invocations: u64, failures: u64) -> Self {
        Self {
            invocations: invocations.max(failures),
            failures,
        }
    }

    /// How many ran.
    #[must_use]
    pub const fn invocations(self) -> u64 {
        self.invocations
    }

    /// How many of them failed.
    #[must_use]
    pub const fn failures(self) -> u64 {
        self.failures
    }

    /// Failures per invocation, or `None` when nothing ran.
    #[must_use]
    pub fn rate(self) -> Option<f64> {
        (self.invocations > 0).then(|| self.failures as f64 / self.invocations as f64)
    }
}

impl std::ops::Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            invocations: self.invocations + other.invocations,
            failures: self.failures + other.failures,
        }
    }
}

/// The same period of both versions: the unit that is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Block {
    /// The version that served before.
    pub baseline: Count,
    /// The version that traffic moves to.
    pub candidate: Count,
}

impl Block {
    /// Whether both versions ran: with one of them idle there is nothing to compare.
    #[must_use]
    pub const fn is_comparable(&self) -> bool {
        self.baseline.invocations > 0 && self.candidate.invocations > 0
    }
}

impl std::ops::Add for Block {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            baseline: self.baseline + other.baseline,
            candidate: self.candidate + other.candidate,
        }
    }
}

impl std::iter::Sum for Block {
    fn sum<I: Iterator<Item = Self>>(blocks: I) -> Self {
        blocks.fold(Self::default(), |sum, block| sum + block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_failure_is_lost_when_the_source_reports_fewer_invocations() {
        let count = Count::new(2, 3);
        assert_eq!((count.invocations(), count.failures()), (3, 3));
    }

    #[test]
    fn a_version_that_did_not_run_has_no_rate() {
        assert_eq!(Count::new(0, 0).rate(), None);
        assert_eq!(Count::new(4, 1).rate(), Some(0.25));
    }
}
