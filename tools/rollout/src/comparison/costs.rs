//! What the halves are charged, and where that is from.

use chrono::NaiveDate;
use serde::Serialize;

use super::Row;
use crate::prices::Rates;

/// Which prices costs are worked out with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Pricing {
    /// The region's list prices.
    Known {
        /// The region that they are of.
        region: String,
        /// The date that they are of.
        as_of: NaiveDate,
        /// How many GB-seconds a month they are the average of.
        monthly_gb_seconds: f64,
        /// The prices themselves.
        #[serde(flatten)]
        rates: Rates,
    },
    /// There are none of this region.
    Unknown {
        /// Why, and what to do.
        problem: String,
    },
}

impl Pricing {
    /// The prices, where there are any.
    #[must_use]
    pub const fn rates(&self) -> Option<&Rates> {
        match self {
            Self::Known { rates, .. } => Some(rates),
            Self::Unknown { .. } => None,
        }
    }
}

/// What an invocation costs by how long it takes: a request, and so much a millisecond.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    request_usd: f64,
    /// Of baseline and candidate.
    millisecond_usd: [f64; 2],
}

impl Costs {
    /// What two halves are charged; `None` when architecture or memory of either is not known.
    #[must_use]
    pub fn of(halves: &[Row; 2], rates: &Rates) -> Option<Self> {
        let millisecond = |half: &Row| {
            let (architecture, memory_mib) = (half.architecture?, half.memory_mib?);
            Some(rates.compute_usd(architecture, memory_mib, 1.0))
        };
        Some(Self {
            request_usd: rates.request_usd,
            millisecond_usd: [millisecond(&halves[0])?, millisecond(&halves[1])?],
        })
    }

    /// The most that an invocation of either half costs which is billed for at most so long.
    #[must_use]
    pub fn most_usd(&self, billed_ms: f64) -> f64 {
        let [baseline, candidate] = self.millisecond_usd;
        self.request_usd + baseline.max(candidate) * billed_ms
    }

    /// What so many invocations of a half (0 or 1) cost that are billed for so long together: a sum over
    /// invocations, so that intervals of means hold for it.
    #[must_use]
    pub fn total_usd(&self, half: usize, invocations: u64, billed_ms: f64) -> f64 {
        invocations as f64 * self.request_usd + billed_ms * self.millisecond_usd[half]
    }
}
