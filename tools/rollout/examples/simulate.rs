//! Simulates rollouts and prints, as Markdown, how often the judge takes back an equally good
//! candidate, how soon it finds a worse one, and how long it takes to judge a day.
//!
//! ```text
//! cargo run -p rollout --example simulate -- [ROLLOUTS]
//! ```

#![expect(clippy::expect_used, reason = "the inputs are the constants below")]

#[path = "../tests/common/simulation.rs"]
mod simulation;

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    time::{Duration, Instant},
};

use rand::{SeedableRng, rngs::StdRng};
use rollout::judge::{Block, Terms, judge};
use simulation::{Traffic, simulate, taken_back_after};

const TERMS: Terms = Terms {
    alpha: 0.05,
    margin: 0.01,
};

/// One-minute periods of a day.
const DAY: usize = 1_440;

/// Looks per simulated rollout: two hours of one-minute periods.
const LOOKS: usize = 120;

fn main() -> io::Result<()> {
    let rollouts = match std::env::args().nth(1).map(|text| text.parse()) {
        None => 2_000,
        Some(Ok(rollouts)) => rollouts,
        Some(Err(error)) => return Err(io::Error::other(format!("ROLLOUTS: {error}"))),
    };
    let mut out = io::stdout().lock();
    writeln!(out, "{}", false_alarms(rollouts))?;
    writeln!(out, "{}", power(rollouts))?;
    writeln!(out, "{}", speed())
}

/// Equally good halves: how many in 100 are taken back.
fn false_alarms(rollouts: u64) -> String {
    let mut table = format!(
        "Taken back of {rollouts} equally good candidates each, looked at after each of {LOOKS} \
         periods (at most {}% are allowed):\n\n\
         | failures | invocations a period | at 5% | at 25% | at 50% | with common bursts, at 25% |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        TERMS.alpha * 100.0
    );
    for rate in [0.0, 0.001, 0.01, 0.1] {
        for per_period in [10, 100, 1_000, 10_000] {
            let traffic = Traffic::equal(per_period, rate);
            let bursts = Traffic {
                bursts: 0.05,
                ..traffic
            };
            let cells = [
                (traffic, 0.05),
                (traffic, 0.25),
                (traffic, 0.5),
                (bursts, 0.25),
            ];
            let cells = cells.map(|(traffic, weight)| {
                let found = periods_until_found(&traffic, weight, rollouts);
                format!("{:.2}%", 100.0 * found.len() as f64 / rollouts as f64)
            });
            let _ = writeln!(
                table,
                "| {}% | {per_period} | {} |",
                rate * 100.0,
                cells.join(" | ")
            );
        }
    }
    table
}

/// Worse candidates: after how many periods they are taken back.
fn power(rollouts: u64) -> String {
    let mut table = format!(
        "Worse candidates with 1,000 invocations a period, {rollouts} rollouts each:\n\n\
         | failures | weight | found within {LOOKS} periods | half of them after | 95% of them after |\n\
         | --- | ---: | ---: | ---: | ---: |\n"
    );
    for (baseline, candidate) in [(0.0, 0.02), (0.001, 0.05), (0.001, 0.01), (0.01, 0.03)] {
        for weight in [0.05, 0.25, 0.5] {
            let traffic = Traffic {
                candidate,
                ..Traffic::equal(1_000, baseline)
            };
            let found = periods_until_found(&traffic, weight, rollouts);
            let after = |share: usize| match found.get(found.len() * share / 100) {
                Some(periods) => format!("{periods} periods"),
                None => "-".to_owned(),
            };
            let _ = writeln!(
                table,
                "| {}% -> {}% | {}% | {:.1}% | {} | {} |",
                baseline * 100.0,
                candidate * 100.0,
                weight * 100.0,
                100.0 * found.len() as f64 / rollouts as f64,
                after(50),
                after(95),
            );
        }
    }
    table
}

/// Sorted; those that were never found are left out.
fn periods_until_found(traffic: &Traffic, weight: f64, rollouts: u64) -> Vec<usize> {
    let weights = || std::iter::repeat_n(weight, LOOKS);
    let all = simulate(rollouts, |seed| {
        taken_back_after(traffic, weights(), &TERMS, seed)
    });
    let mut found: Vec<usize> = all.into_iter().flatten().collect();
    found.sort_unstable();
    found
}

/// The best of ten, since other programs only ever make it slower.
fn speed() -> String {
    let traffic = Traffic::equal(1_000, 0.001);
    let mut rng = StdRng::seed_from_u64(1);
    let day: Vec<Block> = (0..DAY).map(|_| traffic.period(0.25, &mut rng)).collect();
    let best = (0..10)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(judge(std::hint::black_box(day.iter().copied()), &TERMS));
            start.elapsed()
        })
        .min()
        .unwrap_or(Duration::MAX);
    format!(
        "Judging a day of {DAY} one-minute periods takes {:.1} ms.\n",
        best.as_secs_f64() * 1e3
    )
}
