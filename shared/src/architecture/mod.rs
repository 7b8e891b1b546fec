//! What this build runs on; `cpu.rs` reads what the system says about the CPU.

mod cpu;

pub use cpu::{Cpu, cpu};

use std::thread::available_parallelism;

/// Memory that buys one vCPU, in MiB
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>).
pub const MEMORY_MIB_PER_VCPU: u32 = 1769;

/// The architecture that this binary was built for, in AWS's spelling.
#[must_use]
pub const fn name() -> &'static str {
    if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    }
}

/// How many threads `memory_mib` keeps busy on a machine with `machine_threads`.
///
/// Lambda gives CPU time in proportion to memory; a fraction of a vCPU is still worth a thread.
#[must_use]
pub fn worker_threads(memory_mib: u32, machine_threads: usize) -> usize {
    let bought = memory_mib.div_ceil(MEMORY_MIB_PER_VCPU);
    usize::try_from(bought)
        .unwrap_or(usize::MAX)
        .clamp(1, machine_threads.max(1))
}

/// How many threads this machine runs at once; 1 when the system does not say.
#[must_use]
pub fn machine_threads() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// The CPU features that matter to hashing and SIMD code, by Rust's names, that this CPU has.
///
/// Always with those that the binary was compiled for: `neoverse-n1` on arm64, `haswell` on x86_64.
#[must_use]
pub fn cpu_features() -> Vec<&'static str> {
    macro_rules! detected {
        ($detect:tt: $($feature:tt),*) => {
            [$(($feature, std::arch::$detect!($feature))),*]
        };
    }
    #[cfg(target_arch = "aarch64")]
    let features = detected!(is_aarch64_feature_detected: "neon", "aes", "sha2", "sha3", "crc", "lse", "dotprod", "i8mm", "sve");
    #[cfg(target_arch = "x86_64")]
    let features = detected!(is_x86_feature_detected: "sse4.1", "avx2", "bmi2", "fma", "aes", "sha", "avx512f");
    features
        .into_iter()
        .filter_map(|(feature, present)| present.then_some(feature))
        .collect()
}

/// The CPU baseline that the compiler was told to assume: what `build.sh` asks for, or less.
#[must_use]
pub const fn cpu_baseline() -> &'static str {
    // `lse` and `avx2` are in neoverse-n1 and haswell, and not in the targets' own baselines.
    if cfg!(all(target_arch = "aarch64", target_feature = "lse")) {
        "neoverse-n1"
    } else if cfg!(all(target_arch = "x86_64", target_feature = "avx2")) {
        "haswell"
    } else {
        "generic"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_buys_a_thread_for_every_vcpu_begun() {
        for (memory_mib, threads) in [
            (128, 1),
            (1769, 1),
            (1770, 2),
            (3538, 2),
            (3539, 3),
            (10_240, 6),
        ] {
            assert_eq!(worker_threads(memory_mib, 64), threads, "{memory_mib} MiB");
        }
    }

    #[test]
    fn threads_never_exceed_the_machine_and_never_fall_below_one() {
        assert_eq!(worker_threads(10_240, 2), 2);
        assert_eq!(worker_threads(128, 0), 1);
    }

    #[test]
    fn the_instruction_set_that_this_binary_needs_is_among_the_features() {
        let needed = if name() == "arm64" { "neon" } else { "sse4.1" };
        assert!(cpu_features().contains(&needed));
    }
}
