//! What is analysed: invocations and failures of both versions, period by period.

use serde::Serialize;

/// Invocations of one version in one period, and how many of them failed. Either may be a fraction:
/// CloudWatch interpolates inside a bucket when it counts the values above a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Count {
    invocations: f64,
    failures: f64,
}

impl Count {
    /// A failure is an invocation: where a source reports more failures than invocations,
    /// the invocations are raised and no failure is lost.
    #[must_use]
    pub fn new(invocations: u64, failures: u64) -> Self {
        Self::fractional(invocations as f64, failures as f64)
    }

    /// The same with fractions; what is below 0 or no number counts as 0.
    #[must_use]
    pub fn fractional(invocations: f64, failures: f64) -> Self {
        let failures = failures.max(0.0);
        Self {
            invocations: invocations.max(failures),
            failures,
        }
    }

    /// How many ran.
    #[must_use]
    pub const fn invocations(self) -> f64 {
        self.invocations
    }

    /// How many of them failed.
    #[must_use]
    pub const fn failures(self) -> f64 {
        self.failures
    }

    /// Failures per invocation, or `None` when nothing ran.
    #[must_use]
    pub fn rate(self) -> Option<f64> {
        (self.invocations > 0.0).then(|| self.failures / self.invocations)
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
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
        self.baseline.invocations > 0.0 && self.candidate.invocations > 0.0
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
        assert_eq!((count.invocations(), count.failures()), (3.0, 3.0));
    }

    #[test]
    fn fractions_stay_what_they_are() {
        let count = Count::fractional(12.5, 0.25) + Count::new(1, 1);
        assert_eq!((count.invocations(), count.failures()), (13.5, 1.25));
        assert_eq!(Count::fractional(f64::NAN, -1.0), Count::default());
    }

    #[test]
    fn a_version_that_did_not_run_has_no_rate() {
        assert_eq!(Count::new(0, 0).rate(), None);
        assert_eq!(Count::new(4, 1).rate(), Some(0.25));
    }
}
