//! What a run has measured, as numbers: for the tables, and for a file that another run is compared with.

use std::time::Duration;

use package::Architecture;
use serde::{Deserialize, Serialize};

use crate::{measure::Measured, subject::Subject};

/// One run on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The build that was measured: the machine's own.
    pub(crate) architecture: Architecture,
    /// The machine's CPU.
    pub(crate) machine: String,
    /// The commit of the functions' artifacts.
    pub(crate) commit: String,
    /// Everything that was measured, the yardstick first.
    pub(crate) subjects: Vec<Figures>,
}

/// The figures of one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) name: String,
    /// Size of the artifact in KiB.
    pub(crate) zip_kib: u64,
    /// From the start of the process until it polls for the first time.
    pub(crate) init: Quantiles,
    /// Resident memory at that moment, in MiB: the median.
    pub(crate) idle_mib: f64,
    /// The most resident memory after all invocations, in MiB.
    pub(crate) peak_mib: f64,
    /// From handing over an event until its answer, by event.
    pub(crate) invocations: Vec<(String, Quantiles)>,
}

/// Quantiles of durations, in ms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Quantiles {
    pub(crate) p50_ms: f64,
    /// A 95% confidence interval of the median.
    pub(crate) p50_interval_ms: [f64; 2],
    pub(crate) p99_ms: f64,
}

impl Figures {
    pub(crate) fn of(subject: &Subject, measured: &Measured) -> Self {
        Self {
            name: subject.name.clone(),
            zip_kib: subject.zip_bytes / 1024,
            init: Quantiles::of(&measured.init),
            idle_mib: mib(quantile(&measured.idle_kib, 0.5).unwrap_or_default()),
            peak_mib: mib(measured.peak_kib),
            invocations: measured
                .invocations
                .iter()
                .map(|(event, durations)| (event.clone(), Quantiles::of(durations)))
                .collect(),
        }
    }
}

impl Quantiles {
    fn of(durations: &[Duration]) -> Self {
        let at = |fraction| quantile_ms(durations, fraction);
        // Between two order statistics, whatever the distribution: the ranks n/2 -+ 1.96 sqrt(n)/2
        // (Conover, Practical Nonparametric Statistics, 3.2).
        let reach = 0.98 / (durations.len().max(1) as f64).sqrt();
        Self {
            p50_ms: at(0.5),
            p50_interval_ms: [at((0.5 - reach).max(0.0)), at((0.5 + reach).min(1.0))],
            p99_ms: at(0.99),
        }
    }
}

/// The value at a quantile (a fraction): the nearest rank.
fn quantile<T: Copy + Ord>(values: &[T], fraction: f64) -> Option<T> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (fraction * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

fn quantile_ms(durations: &[Duration], fraction: f64) -> f64 {
    let value = quantile(durations, fraction).unwrap_or_default();
    value.as_secs_f64() * 1000.0
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_nearest_rank() {
        let values: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(quantile(&values, 0.5), Some(50));
        assert_eq!(quantile(&values, 0.99), Some(99));
        assert_eq!(quantile(&[7], 0.01), Some(7));
        assert_eq!(quantile::<u32>(&[], 0.5), None);
    }

    #[test]
    fn the_interval_of_the_median_holds_it_and_narrows_with_more_durations() {
        let width = |count: u64| {
            let durations: Vec<_> = (1..=count)
                .map(|n| Duration::from_micros(n * 10_000 / count))
                .collect();
            let Quantiles {
                p50_ms,
                p50_interval_ms: [low, high],
                ..
            } = Quantiles::of(&durations);
            assert!(low <= p50_ms && p50_ms <= high, "{low} {p50_ms} {high}");
            high - low
        };
        // Of 100 values spread over 10 ms, the ranks 41 to 60.
        assert!((width(100) - 1.9).abs() < 0.11, "{}", width(100));
        assert!(width(10_000) < 0.21);
        assert_eq!(width(1), 0.0);
    }
}
