//! Simulates rollouts and prints, as Markdown, how often equally good candidates are rolled back, how
//! soon a worse one is found, what other tools decide on the same streams, and how long it takes to
//! analyse a day.
//!
//! ```text
//! main.rs    the tables
//! study.rs   many rollouts of one kind, and what every rule makes of them
//! rivals.rs  what others decide by, rebuilt for the comparison
//! ```
//!
//! ```text
//! cargo run -p analysis --example simulate -- [ROLLOUTS]
//! ```
//!
//! Every rollout has a seed, so that every run prints the same numbers.

#![expect(clippy::expect_used, reason = "the inputs are the constants below")]

#[path = "../../tests/simulation/mod.rs"]
mod simulation;

mod rivals;
mod study;

use std::{
    io::{self, Write as _},
    time::{Duration, Instant},
};

use analysis::{Blocks, Metric, Metrics, Terms, analyse};
use rivals::Rule;
use simulation::{DAY, Rates, Traffic, taken_back_after};
use study::Study;

const TERMS: Terms = Terms {
    alpha: 0.05,
    margin: 0.01,
    metrics: Metrics::ALL,
};

/// Of each kind, unless asked for otherwise: what a few minutes on two cores give.
const ROLLOUTS: u64 = 200;

/// How long worse candidates are watched: four hours.
const PATIENCE: usize = 240;

const HOUR: usize = 60;

fn main() -> io::Result<()> {
    let rollouts = match std::env::args().nth(1).map(|text| text.parse()) {
        None => ROLLOUTS,
        Some(Ok(rollouts)) => rollouts,
        Some(Err(error)) => return Err(io::Error::other(format!("ROLLOUTS: {error}"))),
    };
    let mut out = io::stdout().lock();
    false_alarms(&mut out, rollouts)?;
    false_alarms_beside_others(&mut out, rollouts)?;
    power(&mut out, rollouts)?;
    writeln!(out, "{}", speed())
}

/// Equally good versions, in errors and in slow invocations: how many in 100 are rolled back.
fn false_alarms(out: &mut impl io::Write, rollouts: u64) -> io::Result<()> {
    writeln!(
        out,
        "Rolled back of {rollouts} equally good candidates each, analysed by errors, throttles and slow \
         invocations, looked at after each of {DAY} periods (at most {}% are allowed):\n\n\
         | failures, and as many slow | invocations a period | at 5% | at 25% | at 50% | daily wave, at 25% | common bursts, at 25% |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        TERMS.alpha * 100.0
    )?;
    for rate in [0.0, 0.001, 0.01, 0.1] {
        for per_period in [10, 100, 1_000, 10_000] {
            let traffic = Traffic {
                slow: Rates::equal(rate),
                ..Traffic::equal(per_period, rate)
            };
            let wave = Traffic {
                wave: 0.8,
                ..traffic
            };
            let bursts = Traffic {
                bursts: 0.05,
                ..traffic
            };
            let cells = [
                (traffic, 0.05),
                (traffic, 0.25),
                (traffic, 0.5),
                (wave, 0.25),
                (bursts, 0.25),
            ];
            let cells = cells.map(|(traffic, weight)| taken_back(&traffic, weight, rollouts));
            let rate = rate * 100.0;
            writeln!(out, "| {rate}% | {per_period} | {} |", cells.join(" | "))?;
            out.flush()?;
        }
    }
    writeln!(out)
}

fn taken_back(traffic: &Traffic, weight: f64, rollouts: u64) -> String {
    let all = simulation::simulate(rollouts, |seed| {
        taken_back_after(traffic.rollout([weight; DAY], seed), &TERMS).is_some()
    });
    let taken_back = all.into_iter().filter(|taken_back| *taken_back).count();
    format!("{:.1}%", 100.0 * taken_back as f64 / rollouts as f64)
}

/// The same with errors only, next to what others would do.
fn false_alarms_beside_others(out: &mut impl io::Write, rollouts: u64) -> io::Result<()> {
    writeln!(
        out,
        "The same beside others as they are usually configured, on the same streams: {rollouts} equally \
         good candidates at 25%, rolled back within an hour / a day:\n\n\
         | failures | invocations a period | rollout | alarm | Flagger | Kayenta |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: |"
    )?;
    let thresholds = Rule::ALL.map(|rule| rule.threshold(&TERMS));
    for (rate, per_period, bursts) in [
        (0.0, 1_000, 0.0),
        (0.001, 100, 0.0),
        (0.001, 1_000, 0.0),
        (0.001, 10_000, 0.0),
        (0.01, 100, 0.0),
        (0.01, 1_000, 0.0),
        (0.01, 10_000, 0.0),
        (0.001, 1_000, 0.05),
    ] {
        let study = Study {
            traffic: Traffic {
                bursts,
                ..Traffic::equal(per_period, rate)
            },
            weight: 0.25,
            metric: Metric::Errors,
            terms: &TERMS,
            rollouts,
        };
        let cells: Vec<_> = study
            .delays(&Rule::ALL, &thresholds, DAY)
            .iter()
            .map(|delays| {
                let [hour, day] = [HOUR, DAY].map(|periods| delays.percent_within(periods));
                format!("{hour} / {day}")
            })
            .collect();
        let with = if bursts > 0.0 { ", with bursts" } else { "" };
        writeln!(
            out,
            "| {}%{with} | {per_period} | {} |",
            rate * 100.0,
            cells.join(" | ")
        )?;
        out.flush()?;
    }
    writeln!(out)
}

/// A way for a candidate to be worse.
struct Fault {
    metric: Metric,
    rates: Rates,
}

impl Fault {
    const ALL: [Self; 3] = [
        Self::of(Metric::Errors, 0.001, 0.01),
        Self::of(Metric::Errors, 0.01, 0.03),
        Self::of(Metric::Slow, 0.01, 0.05),
    ];

    const fn of(metric: Metric, baseline: f64, candidate: f64) -> Self {
        Self {
            metric,
            rates: Rates {
                baseline,
                candidate,
            },
        }
    }

    const fn name(&self) -> &'static str {
        match self.metric {
            Metric::Slow => "slow invocations",
            Metric::Errors | Metric::Throttles | Metric::Counted(_) => "errors",
        }
    }

    fn traffic(&self, rates: Rates) -> Traffic {
        let quiet = Traffic::equal(1_000, 0.0);
        match self.metric {
            Metric::Slow => Traffic {
                slow: rates,
                ..quiet
            },
            Metric::Errors | Metric::Throttles | Metric::Counted(_) => Traffic {
                errors: rates,
                ..quiet
            },
        }
    }
}

/// Worse candidates: after how many periods they are rolled back.
fn power(out: &mut impl io::Write, rollouts: u64) -> io::Result<()> {
    writeln!(
        out,
        "Worse candidates with 1,000 invocations a period, {rollouts} rollouts each: half of them are \
         found after / 95 in 100 are found after so many periods (- is not within {PATIENCE}). The others are \
         tuned: each has the least threshold with which it rolls back at most {}% of equally good \
         candidates on this very stream in a day, which takes knowing the rates beforehand (Flagger's is \
         its count of failed checks; its 99% stay). Kayenta is there as it is, too.\n\n\
         | candidate | weight | rollout | alarm, tuned | Flagger, tuned | Kayenta, tuned | Kayenta |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        TERMS.alpha * 100.0
    )?;
    let others = &Rule::ALL[1..];
    let rules = [&Rule::ALL[..], &[Rule::Kayenta]].concat();
    for fault in Fault::ALL {
        for weight in [0.05, 0.25, 0.5] {
            let study = |rates| Study {
                traffic: fault.traffic(rates),
                weight,
                metric: fault.metric,
                terms: &TERMS,
                rollouts,
            };
            let mut thresholds = vec![Rule::Rollout.threshold(&TERMS)];
            thresholds.extend(study(Rates::equal(fault.rates.baseline)).tuned(others));
            thresholds.push(Rule::Kayenta.threshold(&TERMS));
            let delays = study(fault.rates).delays(&rules, &thresholds, PATIENCE);
            let cells: Vec<_> = delays.iter().map(|delays| delays.half_and_most()).collect();
            let Rates {
                baseline,
                candidate,
            } = fault.rates;
            writeln!(
                out,
                "| {}: {}% -> {}% | {}% | {} |",
                fault.name(),
                baseline * 100.0,
                candidate * 100.0,
                weight * 100.0,
                cells.join(" | ")
            )?;
            out.flush()?;
        }
    }
    writeln!(out)
}

/// The best of ten, since other programs only ever make it slower.
fn speed() -> String {
    let traffic = Traffic {
        slow: Rates::equal(0.01),
        ..Traffic::equal(1_000, 0.001)
    };
    let day: Vec<Blocks> = traffic.rollout([0.25; DAY], 1).collect();
    let best = (0..10)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(analyse(std::hint::black_box(day.iter().copied()), &TERMS));
            start.elapsed()
        })
        .min()
        .unwrap_or(Duration::MAX);
    format!(
        "Analysing a day of {DAY} one-minute periods by {} metrics takes {:.1} ms.",
        TERMS.metrics.iter().count(),
        best.as_secs_f64() * 1e3
    )
}
