//! The figures as Markdown, for the README.

use std::{io::Write as _, time::Duration};

use anyhow::{Context as _, Result};

use crate::{measure::Figures, subject::Subject};

/// Prints both tables; the first subject is the yardstick.
pub(crate) fn print(subjects: &[Subject], figures: &[Figures]) -> Result<()> {
    let yardstick = figures.first().context("nothing was measured")?;
    let yardstick_init_ms = quantile_ms(&yardstick.init, 0.5);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "| | zip KiB | init ms, median | next to {} | idle RSS MiB | peak RSS MiB |",
        subjects[0].name
    )?;
    writeln!(out, "| --- | ---: | ---: | ---: | ---: | ---: |")?;
    for (subject, figures) in subjects.iter().zip(figures) {
        let zip = subject.zip_bytes / 1024;
        let init_ms = quantile_ms(&figures.init, 0.5);
        writeln!(
            out,
            "| {} | {zip} | {init_ms:.1} | {:.2} times, {:+.1} ms | {:.1} | {:.1} |",
            subject.name,
            init_ms / yardstick_init_ms,
            init_ms - yardstick_init_ms,
            mib(quantile(&figures.idle_kib, 0.5).unwrap_or_default()),
            mib(figures.peak_kib),
        )?;
    }
    writeln!(out)?;
    writeln!(out, "| | event | p50 ms | p99 ms |")?;
    writeln!(out, "| --- | --- | ---: | ---: |")?;
    for (subject, figures) in subjects.iter().zip(figures) {
        for (event, durations) in &figures.invocations {
            let (p50, p99) = (quantile_ms(durations, 0.5), quantile_ms(durations, 0.99));
            writeln!(out, "| {} | {event} | {p50:.2} | {p99:.2} |", subject.name)?;
        }
    }
    Ok(())
}

/// The value at a quantile (a fraction): the nearest rank.
fn quantile<T: Copy + Ord>(values: &[T], fraction: f64) -> Option<T> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (fraction * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

fn quantile_ms(durations: &[Duration], fraction: f64) -> f64 {
    quantile(durations, fraction)
        .unwrap_or_default()
        .as_secs_f64()
        * 1000.0
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
}
