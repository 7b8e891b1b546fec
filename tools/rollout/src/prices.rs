//! What an invocation costs on either architecture.
//!
//! List prices of us-east-1, first tier, without the free tier, in US dollars, as of 2026-11-23
//! (<https://aws.amazon.com/lambda/pricing/>). Other regions and higher tiers keep the ratio of
//! the two architectures. Requests cost the same on both.

use package::Architecture;

/// One request.
const PER_REQUEST_USD: f64 = 0.20 / 1e6;

const MIB_PER_GB: f64 = 1024.0;
const MS_PER_S: f64 = 1e3;

/// One GB of memory for one second.
#[must_use]
pub fn per_gb_second_usd(architecture: Architecture) -> f64 {
    match architecture {
        Architecture::Arm64 => 0.000_013_333_4,
        Architecture::X86_64 => 0.000_016_666_7,
    }
}

/// What a million warm invocations cost that take this long on average.
///
/// Lambda bills every invocation in whole milliseconds, rounded up; only the average is known
/// here, so that is what is rounded.
#[must_use]
pub fn million_invocations_usd(
    architecture: Architecture,
    memory_mib: u32,
    average_ms: f64,
) -> f64 {
    let gb = f64::from(memory_mib) / MIB_PER_GB;
    let gb_seconds = gb * average_ms.ceil() / MS_PER_S;
    1e6 * (gb_seconds * per_gb_second_usd(architecture) + PER_REQUEST_USD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_invocations_of_a_second_on_a_gb_cost_what_the_price_list_says() {
        let cost = |architecture| million_invocations_usd(architecture, 1024, 1000.0);
        assert!((cost(Architecture::X86_64) - 16.8667).abs() < 1e-9);
        assert!((cost(Architecture::Arm64) - 13.5334).abs() < 1e-9);
    }

    #[test]
    fn durations_are_billed_in_whole_milliseconds_rounded_up() {
        let cost = |ms| million_invocations_usd(Architecture::Arm64, 512, ms);
        assert_eq!(cost(1.2), cost(2.0));
        assert!(cost(2.0) < cost(2.1));
    }
}
