//! What an invocation costs, by how long it is billed for.

use package::Architecture;

use super::Rates;

/// What an invocation costs by how long it takes: a request, and so much a millisecond.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    request_usd: f64,
    /// Of baseline and candidate.
    millisecond_usd: [f64; 2],
}

impl Costs {
    /// What two versions are charged, by their architecture and memory in MiB; `None` when either is not known.
    #[must_use]
    pub fn new(versions: [(Option<Architecture>, Option<u32>); 2], rates: &Rates) -> Option<Self> {
        let [baseline, candidate] = versions.map(|(architecture, memory_mib)| {
            Some(rates.compute_usd(architecture?, memory_mib?, 1.0))
        });
        Some(Self {
            request_usd: rates.request_usd,
            millisecond_usd: [baseline?, candidate?],
        })
    }

    /// The most that an invocation of either version costs which is billed for at most so long.
    #[must_use]
    pub fn most_usd(&self, billed_ms: f64) -> f64 {
        let [baseline, candidate] = self.millisecond_usd;
        self.request_usd + baseline.max(candidate) * billed_ms
    }

    /// What so many invocations of the baseline (0) or the candidate (1) cost that are billed for so long together: a sum over
    /// invocations, so that intervals of means hold for it.
    #[must_use]
    pub fn total_usd(&self, version: usize, invocations: u64, billed_ms: f64) -> f64 {
        invocations as f64 * self.request_usd + billed_ms * self.millisecond_usd[version]
    }
}
