//! What one region charges at one amount of use; cost and break-even (no I/O).

use package::Architecture;
use serde::Serialize;

const MIB_PER_GB: f64 = 1024.0;
const MS_PER_S: f64 = 1e3;

/// Prices of one region at one amount of use, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rates {
    /// One request, on either architecture.
    pub request_usd: f64,
    /// One GB of memory for one second on x86_64.
    pub x86_64_gb_second_usd: f64,
    /// One GB of memory for one second on arm64.
    pub arm64_gb_second_usd: f64,
}

/// GB-seconds that an invocation is billed for.
#[must_use]
pub fn gb_seconds(memory_mib: u32, billed_ms: f64) -> f64 {
    f64::from(memory_mib) / MIB_PER_GB * billed_ms / MS_PER_S
}

/// What rounding up to whole milliseconds adds on average, when durations are not near to 0.
pub const MEAN_ROUNDING_MS: f64 = 0.5;

/// The mean billed duration of warm invocations, from their mean duration alone.
///
/// Lambda bills every invocation in whole milliseconds, rounded up. The mean of what is rounded up is
/// less than 1 ms above the mean, so that half a millisecond is wrong by no more than that; and
/// nothing is billed below 1 ms.
#[must_use]
pub fn estimated_billed_ms(average_ms: f64) -> f64 {
    (average_ms + MEAN_ROUNDING_MS).max(1.0)
}

impl Rates {
    /// One GB of memory for one second.
    #[must_use]
    pub const fn gb_second_usd(&self, architecture: Architecture) -> f64 {
        match architecture {
            Architecture::Arm64 => self.arm64_gb_second_usd,
            Architecture::X86_64 => self.x86_64_gb_second_usd,
        }
    }

    /// What a million invocations cost whose average billed duration is `billed_ms`.
    #[must_use]
    pub fn million_usd(&self, architecture: Architecture, memory_mib: u32, billed_ms: f64) -> f64 {
        1e6 * (self.request_usd + self.compute_usd(architecture, memory_mib, billed_ms))
    }

    /// What one invocation costs without its request.
    #[must_use]
    pub fn compute_usd(&self, architecture: Architecture, memory_mib: u32, billed_ms: f64) -> f64 {
        gb_seconds(memory_mib, billed_ms) * self.gb_second_usd(architecture)
    }

    /// How many times as long arm64 may take as x86_64 until it costs as much, at the same memory:
    /// 1.25 is "up to 25% slower".
    ///
    /// `m·b·p_x + r = m·(s·b)·p_a + r` gives `s = p_x / p_a`: requests cost the same on both, so that
    /// neither they nor memory nor duration matter.
    #[must_use]
    pub fn break_even_slowdown(&self) -> f64 {
        self.x86_64_gb_second_usd / self.arm64_gb_second_usd
    }
}

/// The cost of an invocation: a price per request, and one per billed millisecond.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    request_usd: f64,
    /// The price per billed millisecond of baseline and candidate.
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

    /// The most that an invocation of either version costs when it is billed for at most `billed_ms`.
    #[must_use]
    pub fn most_usd(&self, billed_ms: f64) -> f64 {
        let [baseline, candidate] = self.millisecond_usd;
        self.request_usd + baseline.max(candidate) * billed_ms
    }

    /// What these invocations of the baseline (0) or the candidate (1) cost, with `billed_ms` the sum over them
    /// all. The cost is linear in both, so an interval of a mean holds for it.
    #[must_use]
    pub fn total_usd(&self, version: usize, invocations: f64, billed_ms: f64) -> f64 {
        invocations * self.request_usd + billed_ms * self.millisecond_usd[version]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const US_EAST_1: Rates = Rates {
        request_usd: 0.2e-6,
        x86_64_gb_second_usd: 0.000_016_666_7,
        arm64_gb_second_usd: 0.000_013_333_4,
    };

    #[test]
    fn a_million_invocations_of_a_second_on_a_gb_cost_what_the_price_list_says() {
        let cost = |architecture| US_EAST_1.million_usd(architecture, 1024, 1000.0);
        assert!((cost(Architecture::X86_64) - 16.8667).abs() < 1e-9);
        assert!((cost(Architecture::Arm64) - 13.5334).abs() < 1e-9);
    }

    #[test]
    fn arm64_may_be_a_quarter_slower() {
        assert!((US_EAST_1.break_even_slowdown() - 1.25).abs() < 1e-4);
    }

    #[test]
    fn no_invocation_is_billed_for_less_than_a_millisecond() {
        assert_eq!(estimated_billed_ms(0.01), 1.0);
        assert_eq!(estimated_billed_ms(10.0), 10.5);
    }

    fn rates() -> impl Strategy<Value = Rates> {
        (1e-8..1e-5_f64, 1e-7..1e-3_f64, 1e-7..1e-3_f64).prop_map(|(request_usd, x, a)| Rates {
            request_usd,
            x86_64_gb_second_usd: x,
            arm64_gb_second_usd: a,
        })
    }

    proptest! {
        #[test]
        fn longer_and_larger_costs_more(
            rates in rates(), memory in 128_u32..10_240, ms in 1.0..900_000.0_f64, more in 1.0..1e4_f64,
        ) {
            for architecture in Architecture::ALL {
                let cost = rates.million_usd(architecture, memory, ms);
                prop_assert!(rates.million_usd(architecture, memory, ms + more) > cost);
                prop_assert!(rates.million_usd(architecture, memory + 1, ms) > cost);
            }
        }

        #[test]
        fn at_the_break_even_both_architectures_cost_the_same(
            rates in rates(), memory in 128_u32..10_240, ms in 1.0..900_000.0_f64,
        ) {
            let slower = ms * rates.break_even_slowdown();
            let x86_64 = rates.million_usd(Architecture::X86_64, memory, ms);
            let arm64 = rates.million_usd(Architecture::Arm64, memory, slower);
            prop_assert!((arm64 / x86_64 - 1.0).abs() < 1e-9);
        }

        #[test]
        fn the_estimate_is_wrong_by_half_a_millisecond_at_most(
            durations in prop::collection::vec(0.01..1e4_f64, 1..200),
        ) {
            let mean = |of: &dyn Fn(f64) -> f64| {
                durations.iter().map(|ms| of(*ms)).sum::<f64>() / durations.len() as f64
            };
            let billed = mean(&f64::ceil);
            let estimated = estimated_billed_ms(mean(&|ms| ms));
            prop_assert!((estimated - billed).abs() <= 0.5 + 1e-9, "{estimated} {billed}");
        }
    }
}
