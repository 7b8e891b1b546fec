//! Simulates rollouts and prints, as Markdown, how often equally good candidates are rolled back, how
//! soon a worse one is found, what other tools decide on the same streams, and how long it takes to
//! analyse a day.
//!
//! ```text
//! main.rs         the tables
//! equally_good.rs how many equally good candidates are rolled back, stream by stream
//! study.rs        many rollouts of one kind, and what every rule makes of them
//! rivals.rs       what others decide by, rebuilt for the comparison
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

mod equally_good;
mod rivals;
mod study;

use std::{
    io::{self, Write as _},
    time::{Duration, Instant},
};

use analysis::{Blocks, Metric, Metrics, Terms, analyse};
use rivals::Rule;
use simulation::{Clumps, DAY, Rates, Traffic};
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
    equally_good::tables(&mut out, rollouts)?;
    beside_others(&mut out, rollouts)?;
    power(&mut out, rollouts)?;
    quiet(&mut out, rollouts)?;
    writeln!(out, "{}", speed())
}

/// Equally good candidates next to what others would do.
fn beside_others(out: &mut impl io::Write, rollouts: u64) -> io::Result<()> {
    writeln!(
        out,
        "The same beside others as they are usually configured: {rollouts} equally good candidates at 25%, \
         rolled back within an hour / a day:\n\n\
         | failures | invocations a period | test | breaker | alarm | Flagger | Kayenta |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    )?;
    let rules = [&[Rule::Errors, Rule::Breaker][..], &Rule::RIVALS].concat();
    let thresholds: Vec<_> = rules.iter().map(|rule| rule.threshold(&TERMS)).collect();
    for (rate, per_period, clumps) in [
        (0.001, 100, Clumps::Independent),
        (0.001, 1_000, Clumps::Independent),
        (0.001, 10_000, Clumps::Independent),
        (0.01, 100, Clumps::Independent),
        (0.01, 1_000, Clumps::Independent),
        (0.01, 10_000, Clumps::Independent),
        (0.001, 1_000, Clumps::CommonBursts),
        (0.001, 200, Clumps::SickEnvironment { minutes: 1 }),
        (0.01, 200, Clumps::OverDispersed),
    ] {
        let study = Study {
            traffic: Traffic {
                clumps,
                ..Traffic::equal(per_period, rate)
            },
            weight: 0.25,
            metric: Metric::Errors,
            terms: &TERMS,
            rollouts,
        };
        let cells: Vec<_> = study
            .delays(&rules, &thresholds, DAY)
            .iter()
            .map(|delays| {
                let [hour, day] = [HOUR, DAY].map(|periods| delays.percent_within(periods));
                format!("{hour} / {day}")
            })
            .collect();
        let with = match clumps {
            Clumps::Independent => String::new(),
            clumps => format!(", {}", equally_good::name(clumps)),
        };
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
    /// After how many periods the test before this one found half of them, at 5, 25 and 50%: it took failures for
    /// independent, and is not in the code any more. What was never measured is empty.
    before: [&'static str; 3],
}

impl Fault {
    const ALL: [Self; 4] = [
        Self::of(Metric::Errors, 0.001, 0.01, ["9", "3", "3"]),
        Self::of(Metric::Errors, 0.01, 0.03, ["10", "3", "3"]),
        Self::of(Metric::Slow, 0.01, 0.05, ["4", "2", "1"]),
        Self::of(Metric::Errors, 0.001, 1.0, ["", "", ""]),
    ];

    const fn of(metric: Metric, baseline: f64, candidate: f64, before: [&'static str; 3]) -> Self {
        Self {
            metric,
            rates: Rates {
                baseline,
                candidate,
            },
            before,
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
         found after / 95 in 100 are found after so many periods (- is not within {PATIENCE}). \"One metric\" is the \
         test on the metric that changes, \"rollout\" the test on three with the alpha of one move of two. The \
         others are tuned: each has the least threshold with which it rolls back at most {}% of equally good \
         candidates on this very stream in a day, which takes knowing the rates beforehand (Flagger's is \
         its count of failed checks; its 99% stay). Kayenta is there as it is, too. \"Before\" is the analysis before this \
         one, as it was measured then: half of them, by three metrics.\n\n\
         | candidate | weight | one metric | rollout | before | breaker | alarm, tuned | Flagger, tuned | Kayenta, tuned | Kayenta |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        TERMS.alpha * 100.0
    )?;
    let rules = [&Rule::OURS[..], &Rule::RIVALS, &[Rule::Kayenta]].concat();
    for fault in Fault::ALL {
        for (weight, before) in [0.05, 0.25, 0.5].into_iter().zip(fault.before) {
            let study = |rates| Study {
                traffic: fault.traffic(rates),
                weight,
                metric: fault.metric,
                terms: &TERMS,
                rollouts,
            };
            let mut thresholds = Rule::OURS.map(|rule| rule.threshold(&TERMS)).to_vec();
            thresholds.extend(study(Rates::equal(fault.rates.baseline)).tuned(&Rule::RIVALS));
            thresholds.push(Rule::Kayenta.threshold(&TERMS));
            let delays = study(fault.rates).delays(&rules, &thresholds, PATIENCE);
            let mut cells: Vec<_> = delays.iter().map(|it| it.half_and_most()).collect();
            cells.insert(2, before.to_owned());
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

/// Worse candidates of functions that are called now and then, at 50%.
fn quiet(out: &mut impl io::Write, rollouts: u64) -> io::Result<()> {
    writeln!(
        out,
        "Functions that are called now and then, at 50%, where 1 in 1,000 calls of the baseline fails: after how many \
         hours half of {rollouts} worse candidates are found, by errors.\n\n\
         | calls | 20% fail | by the breaker | all fail | by the breaker |\n\
         | --- | ---: | ---: | ---: | ---: |"
    )?;
    for (name, hours, calls) in [
        ("1 a minute", 1.0 / 60.0, 1),
        ("12 an hour", 1.0 / 12.0, 1),
        ("20 a day", 1.2, 1),
    ] {
        let cells = [0.2, 1.0].map(|candidate| {
            let rates = Rates {
                baseline: 0.001,
                candidate,
            };
            let study = Study {
                traffic: Traffic {
                    errors: rates,
                    ..Traffic::equal(calls, 0.0)
                },
                weight: 0.5,
                metric: Metric::Errors,
                terms: &TERMS,
                rollouts,
            };
            let rules = [Rule::Errors, Rule::Breaker];
            let delays = study.delays(&rules, &rules.map(|rule| rule.threshold(&TERMS)), DAY);
            let half = |delays: &study::Delays| {
                delays.half().map_or("-".to_owned(), |periods| {
                    format!("{:.1}", periods as f64 * hours)
                })
            };
            delays.iter().map(half).collect::<Vec<_>>().join(" | ")
        });
        writeln!(out, "| {name} | {} |", cells.join(" | "))?;
    }
    writeln!(out)
}

/// The best of ten, since other programs only ever make it slower.
fn speed() -> String {
    let traffic = Traffic {
        slow: Rates::equal(0.01),
        ..Traffic::equal(1_000, 0.001)
    };
    let with_counted = |mut blocks: Blocks| {
        blocks.counted[0] = blocks.errors;
        blocks.counted[1] = blocks.slow;
        blocks
    };
    let day: Vec<Blocks> = traffic.rollout([0.25; DAY], 1).map(with_counted).collect();
    let best = |counted| {
        let metrics = Metrics {
            counted,
            ..Metrics::ALL
        };
        let terms = Terms { metrics, ..TERMS };
        let times = (0..10).map(|_| {
            let start = Instant::now();
            std::hint::black_box(analyse(std::hint::black_box(day.iter().copied()), &terms));
            start.elapsed()
        });
        times.min().unwrap_or(Duration::MAX).as_secs_f64() * 1e3
    };
    format!(
        "Analysing a day of {DAY} one-minute periods takes {:.1} ms by 3 metrics and {:.1} ms by 5.",
        best(0),
        best(2)
    )
}
