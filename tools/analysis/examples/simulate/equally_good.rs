//! How many equally good candidates are rolled back, stream by stream: those that the null has, and those beyond.

use std::io;

use analysis::{CircuitBreaker, Metric, Metrics, SequentialTest, Terms};

use super::simulation::{Clumps, DAY, Traffic, simulate};

const TERMS: Terms = Terms {
    metrics: Metrics::WITHOUT_TIME,
    ..super::TERMS
};

const WEIGHTS: [f64; 3] = [0.05, 0.25, 0.5];

const PER_PERIOD: [u64; 5] = [1, 10, 100, 1_000, 10_000];

/// What the null has.
const INSIDE: [Clumps; 8] = [
    Clumps::Independent,
    Clumps::DailyWave,
    Clumps::CommonBursts,
    Clumps::SickEnvironment { minutes: 1 },
    Clumps::OverDispersed,
    Clumps::Retried,
    Clumps::Late,
    Clumps::Interpolated,
];

/// What it does not have.
const OUTSIDE: [Clumps; 3] = [
    Clumps::SickEnvironment { minutes: 10 },
    Clumps::BaselineBursts,
    Clumps::PinnedClient,
];

/// The cells with the most rollbacks are run again, with so many rollouts.
const WORST: usize = 10;
const AGAIN: u64 = 1_000;

pub(crate) const fn name(clumps: Clumps) -> &'static str {
    match clumps {
        Clumps::Independent => "independent",
        Clumps::DailyWave => "daily wave",
        Clumps::CommonBursts => "common bursts",
        Clumps::SickEnvironment { minutes: 1 } => "an environment sick for a minute, every hour",
        Clumps::SickEnvironment { .. } => "an environment sick for ten minutes, once a day",
        Clumps::OverDispersed => "rates that vary by version and period",
        Clumps::Retried => "failed calls made again",
        Clumps::Late => "successes counted late",
        Clumps::Interpolated => "interpolated counts",
        Clumps::PinnedClient => "all of a client that always gets the same version",
        Clumps::BaselineBursts => "the baseline in bursts, the candidate evenly",
    }
}

/// Rollouts of one kind.
#[derive(Debug, Clone, Copy)]
struct Cell {
    clumps: Clumps,
    per_period: u64,
    weight: f64,
}

/// How many of them were rolled back within a day.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    rollouts: u64,
    by_test: u64,
    by_breaker: u64,
}

impl Cell {
    fn run(self, rollouts: u64) -> Outcome {
        let rate = match self.clumps {
            Clumps::SickEnvironment { .. } => 0.001,
            _ => 0.01,
        };
        let traffic = Traffic {
            clumps: self.clumps,
            ..Traffic::equal(self.per_period, rate)
        };
        let ends = simulate(rollouts, |seed| {
            let mut test = SequentialTest::new(&TERMS);
            let mut breaker = CircuitBreaker::new(TERMS.metrics);
            for blocks in traffic.rollout([self.weight; DAY], seed) {
                test.observe(&blocks);
                breaker.observe(&blocks);
            }
            let found = test.finding(Metric::Errors).expect("is analysed");
            let proven = found.ln_e_worse.0 >= TERMS.threshold().ln();
            (proven, breaker.opened_by().is_some())
        });
        Outcome {
            rollouts,
            by_test: ends.iter().filter(|(proven, _)| *proven).count() as u64,
            by_breaker: ends.iter().filter(|(_, opened)| *opened).count() as u64,
        }
    }
}

impl Outcome {
    fn percent(&self) -> String {
        format!("{:.1}%", 100.0 * self.by_test as f64 / self.rollouts as f64)
    }
}

pub(crate) fn tables(out: &mut impl io::Write, rollouts: u64) -> io::Result<()> {
    writeln!(
        out,
        "Rolled back of {rollouts} equally good candidates each within a day, by errors, of which 1% fail (0.1% beside \
         the sick environment), looked at after each of {DAY} periods. At most {}% are allowed:\n",
        TERMS.alpha * 100.0
    )?;
    let mut cells = table(out, &INSIDE, rollouts)?;
    cells.sort_by_key(|(_, outcome)| std::cmp::Reverse(outcome.by_test));
    writeln!(
        out,
        "The {WORST} cells with the most, again with {AGAIN} rollouts each. The bound: what is below it is refuted with \
         99% confidence, cell by cell.\n\n\
         | failures | invocations a period | weight | rolled back | 99% lower bound | breaker |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |"
    )?;
    for (cell, _) in cells.into_iter().take(WORST) {
        let outcome = cell.run(AGAIN);
        writeln!(
            out,
            "| {} | {} | {}% | {} | {:.1}% | {:.1}% |",
            name(cell.clumps),
            cell.per_period,
            cell.weight * 100.0,
            outcome.percent(),
            100.0 * lower_bound(outcome.by_test, AGAIN),
            100.0 * outcome.by_breaker as f64 / AGAIN as f64
        )?;
        out.flush()?;
    }
    writeln!(
        out,
        "\nWhere the promise ends, {rollouts} equally good candidates each, likewise:\n"
    )?;
    table(out, &OUTSIDE, rollouts).map(drop)
}

fn table(
    out: &mut impl io::Write,
    streams: &[Clumps],
    rollouts: u64,
) -> io::Result<Vec<(Cell, Outcome)>> {
    writeln!(
        out,
        "| failures | invocations a period | at 5% | at 25% | at 50% | breaker, at most |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |"
    )?;
    let mut cells = Vec::new();
    for &clumps in streams {
        for per_period in PER_PERIOD {
            let row = WEIGHTS.map(|weight| {
                let cell = Cell {
                    clumps,
                    per_period,
                    weight,
                };
                (cell, cell.run(rollouts))
            });
            let percents = row.map(|(_, outcome)| outcome.percent()).join(" | ");
            let opened = row.iter().map(|(_, outcome)| outcome.by_breaker).max();
            let opened = 100.0 * opened.unwrap_or_default() as f64 / rollouts as f64;
            writeln!(
                out,
                "| {} | {per_period} | {percents} | {opened:.1}% |",
                name(clumps)
            )?;
            out.flush()?;
            cells.extend(row);
        }
    }
    writeln!(out)?;
    Ok(cells)
}

/// The least probability that gives so many of `n`, or more, in one of 100 cases (C. Clopper, E. Pearson, Biometrika 26
/// (1934) 404-413).
fn lower_bound(found: u64, n: u64) -> f64 {
    let at_least = |p: f64| {
        let mut chance = (1.0 - p).powf(n as f64);
        let mut below = 0.0;
        for k in 0..found {
            below += chance;
            chance *= (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
        }
        1.0 - below
    };
    let (mut low, mut high) = (0.0, found as f64 / n as f64);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if at_least(middle) < 0.01 {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.binomtest(k, 1000).proportion_ci(0.98, method="exact").low` of `SciPy` 1.17.1.
    #[test]
    fn the_lower_bound_is_that_of_clopper_and_pearson() {
        for (found, expected) in [(0, 0.0), (24, 0.014_152), (52, 0.036_974), (500, 0.462_778)] {
            let bound = lower_bound(found, 1_000);
            assert!((bound - expected).abs() < 1e-5, "{found}: {bound}");
        }
    }
}
