//! Writes the page of a simulated rollout, for tests that look at it in a browser and for the
//! picture of docs/rollouts.md: what a release of six hours looks like cannot be had from a sandbox that was
//! just started, nor can two architectures be timed on one machine.
//!
//! ```text
//! cargo run -p rollout --example report -- FILE [good|bad|emulated]
//! ```
//!
//! Seeded, so that the same page comes out. Its figures are made up, and the page says so.

use std::{env, fs};

use analysis::{Metric, Metrics, SequentialTest, Terms};
use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use package::{Architecture, RolloutPolicy};
use rand::{SeedableRng, rngs::StdRng};
use rand_distr::{Binomial, Distribution as _, LogNormal, Poisson};
use rollout::{
    aws::{
        function::Build,
        metrics::{Distribution, Durations, Period, Sample, TimeCounts},
    },
    delivery::{policy::Policy, record::Record, scope::Scope, weighted},
    report::{
        comparison::{Comparison, Findings, Pricing, Row, Window},
        differences::{Differences, Limit},
        page::Report,
        prices::{Costs, PriceList},
    },
};

const FUNCTION: &str = "simulated-function";
const MEMORY_MIB: u32 = 1769;
const SLOW_MS: f64 = 250.0;
const PER_MINUTE: f64 = 600.0;
const MINUTES: i64 = 6 * 60;
const SEED: u64 = 20_261_123;
const TERMS: Terms = Terms {
    alpha: 0.025,
    margin: 0.01,
    metrics: Metrics::ALL,
};

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scenario {
    Good,
    /// The candidate fails ten times as often.
    Bad,
    /// The candidate is emulated.
    Emulated,
}

/// How one version behaves.
#[derive(Debug, Clone, Copy)]
struct Behaviour {
    error_rate: f64,
    median_ms: f64,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (path, scenario) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [path] | [path, "good"] => (path, Scenario::Good),
        [path, "bad"] => (path, Scenario::Bad),
        [path, "emulated"] => (path, Scenario::Emulated),
        _ => bail!("usage: report FILE [good|bad|emulated]"),
    };
    let html = page(scenario)?;
    fs::write(path, html).with_context(|| format!("cannot write {path}"))
}

fn page(scenario: Scenario) -> anyhow::Result<String> {
    let record: Record = match scenario {
        Scenario::Bad => "rollout 1->2 since 2026-11-23T08:00:00Z 5%@0s 25%@5400s 0%@6780s",
        Scenario::Good | Scenario::Emulated => {
            "rollout 1->2 since 2026-11-23T08:00:00Z 5%@0s 25%@5400s 50%@10800s 100%@16200s"
        }
    }
    .parse()?;
    let behaviours = behaviours(scenario);
    let rng = &mut StdRng::seed_from_u64(SEED);
    let periods: Vec<Period> = (0..MINUTES)
        .map(|minute| period(&record, minute, behaviours, rng))
        .collect::<anyhow::Result<_>>()?;
    let comparison = comparison(scenario, &record, &periods, behaviours)?;
    let journal = journal(&record, &comparison)?;
    let distributions = match scenario {
        Scenario::Emulated => Default::default(),
        _ => [distribution(behaviours[0])?, distribution(behaviours[1])?],
    };
    Ok(Report {
        comparison: &comparison,
        periods: &periods,
        terms: TERMS,
        over: record.since + TimeDelta::minutes(MINUTES),
        record: Some(&record),
        distributions,
        journal: journal.as_bytes(),
    }
    .html())
}

fn behaviours(scenario: Scenario) -> [Behaviour; 2] {
    let baseline = Behaviour {
        error_rate: 0.002,
        median_ms: 48.0,
    };
    let candidate = Behaviour {
        error_rate: if scenario == Scenario::Bad {
            0.02
        } else {
            0.002
        },
        median_ms: 45.0,
    };
    [baseline, candidate]
}

/// Minutes are whole, and so are the record's changes of the weight.
fn period(
    record: &Record,
    minute: i64,
    behaviours: [Behaviour; 2],
    rng: &mut StdRng,
) -> anyhow::Result<Period> {
    let start = record.since + TimeDelta::minutes(minute);
    let mut set = record
        .changes
        .iter()
        .filter(|change| record.time_of(change) <= start);
    let weight = set
        .next_back()
        .map_or(0.0, |change| change.percent.weight());
    // A day's wave, of which six hours are seen.
    let wave = 1.0 + 0.3 * (minute as f64 / 229.0).sin();
    let all = Poisson::new(PER_MINUTE * wave)?.sample(rng) as u64;
    let candidate = Binomial::new(all, weight)?.sample(rng);
    let versions = [
        sample(all - candidate, behaviours[0], rng)?,
        sample(candidate, behaviours[1], rng)?,
    ];
    Ok(Period {
        start,
        versions,
        alias: all as f64,
        sources: Default::default(),
    })
}

fn sample(invocations: u64, behaviour: Behaviour, rng: &mut StdRng) -> anyhow::Result<Sample> {
    let errors = Binomial::new(invocations, behaviour.error_rate)?.sample(rng);
    let spread = spread(behaviour)?;
    let durations: Vec<f64> = (0..invocations).map(|_| spread.sample(rng)).collect();
    let fast = durations.iter().filter(|ms| **ms <= SLOW_MS);
    let slow = durations.iter().filter(|ms| **ms > SLOW_MS).count() as u64;
    Ok(Sample {
        invocations,
        errors: Some(errors),
        throttles: Some(0),
        duration: None,
        time: TimeCounts {
            measured: Some(invocations as f64),
            fast: Some((invocations - slow) as f64),
            slow: Some(slow as f64),
            fast_sum_ms: Some(fast.sum()),
        },
        ..Sample::default()
    })
}

fn spread(behaviour: Behaviour) -> anyhow::Result<LogNormal<f64>> {
    const SIGMA: f64 = 0.55;
    Ok(LogNormal::new(behaviour.median_ms.ln(), SIGMA)?)
}

/// Percentiles of many draws of their own.
fn distribution(behaviour: Behaviour) -> anyhow::Result<Distribution> {
    const DRAWS: usize = 20_000;
    let rng = &mut StdRng::seed_from_u64(SEED);
    let spread = spread(behaviour)?;
    let mut draws: Vec<f64> = (0..DRAWS).map(|_| spread.sample(rng)).collect();
    draws.sort_by(f64::total_cmp);
    let point = |percent: usize| (percent as f64 / 100.0, draws[percent * (DRAWS - 1) / 100]);
    Ok((0..=100)
        .step_by(5)
        .chain([99])
        .map(point)
        .collect::<Vec<_>>())
    .map(|mut points: Distribution| {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    })
}

fn durations(behaviour: Behaviour) -> anyhow::Result<Durations> {
    let points = distribution(behaviour)?;
    let at = |share: f64| {
        let point = points.iter().find(|(of, _)| *of >= share);
        point.map_or(0.0, |(_, ms)| *ms)
    };
    let sigma: f64 = 0.55;
    Ok(Durations {
        average_ms: behaviour.median_ms * (sigma * sigma / 2.0).exp(),
        p50_ms: at(0.5),
        p90_ms: at(0.9),
        p99_ms: at(0.99),
    })
}

fn comparison(
    scenario: Scenario,
    record: &Record,
    periods: &[Period],
    behaviours: [Behaviour; 2],
) -> anyhow::Result<Comparison> {
    let list = PriceList::built_in()?;
    let rates = list.rates("us-east-1", 0.0)?;
    let emulated = scenario == Scenario::Emulated;
    let row = |index: usize, version, architecture, emulated| {
        let build = Build {
            version,
            architecture: Some(architecture),
            emulated,
        };
        let mut sample = total(periods, index);
        sample.duration = Some(durations(behaviours[index])?);
        anyhow::Ok(Row::new(build, Some(MEMORY_MIB), sample, Some(&rates)))
    };
    let rows = [
        row(0, record.baseline, Architecture::X86_64, false)?,
        row(1, record.candidate, Architecture::Arm64, emulated)?,
    ];
    let asked = RolloutPolicy {
        slow_ms: Some(SLOW_MS),
        ..RolloutPolicy::default()
    };
    let policy = Policy::try_from(&asked)?;
    let scope = Scope::new(&policy, [&rows[0].build(), &rows[1].build()]);
    let charged = rows
        .each_ref()
        .map(|row| (row.architecture, row.memory_mib));
    let costs = Costs::new(charged, &rates);
    let pure: Vec<&Period> = periods
        .iter()
        .filter(|period| is_pure(period, record))
        .collect();
    let findings = Findings {
        would_be_found: test(&pure, record, &scope).would_be_found(Metric::Errors),
        analysis: test(&pure, record, &scope).analysis(),
        differences: Differences::new(
            &pure,
            Some(Limit::Slow { limit_ms: SLOW_MS }),
            &scope,
            costs.as_ref(),
            policy.alpha,
        ),
        period_s: 60,
        scope,
    };
    let window = Window {
        since: record.since,
        until: record.since + TimeDelta::minutes(MINUTES),
    };
    let pricing = Pricing::Known {
        region: "us-east-1".to_owned(),
        as_of: list.as_of,
        monthly_gb_seconds: 0.0,
        rates,
    };
    Ok(Comparison::new(FUNCTION, window, rows, pricing, findings))
}

fn test(periods: &[&Period], record: &Record, scope: &Scope) -> SequentialTest {
    let terms = Terms {
        metrics: scope.metrics(),
        ..TERMS
    };
    let blocks = periods.iter().map(|period| (period.start, period.blocks()));
    weighted::test(blocks, TimeDelta::minutes(1), Some(record), &terms)
}

/// Whether the weight was the same all through a minute.
fn is_pure(period: &Period, record: &Record) -> bool {
    let end = period.start + TimeDelta::minutes(1);
    let changed = |time: DateTime<Utc>| period.start <= time && time < end;
    !record
        .changes
        .iter()
        .any(|change| changed(record.time_of(change)))
}

fn total(periods: &[Period], version: usize) -> Sample {
    let mut total = Sample::default();
    let add = |sum: &mut Option<u64>, more: Option<u64>| {
        *sum = Some(sum.unwrap_or_default() + more.unwrap_or_default());
    };
    let add_count = |sum: &mut Option<f64>, more: Option<f64>| {
        *sum = Some(sum.unwrap_or_default() + more.unwrap_or_default());
    };
    for sample in periods.iter().map(|period| period.versions[version]) {
        total.invocations += sample.invocations;
        add(&mut total.errors, sample.errors);
        add(&mut total.throttles, sample.throttles);
        add_count(&mut total.time.measured, sample.time.measured);
        add_count(&mut total.time.fast, sample.time.fast);
        add_count(&mut total.time.slow, sample.time.slow);
    }
    total
}

/// What a run would have written.
fn journal(record: &Record, comparison: &Comparison) -> anyhow::Result<String> {
    let time = |time: DateTime<Utc>| time.to_rfc3339();
    let mut lines = vec![format!(
        r#"{{"time":"{}","event":"started","steps":[5.0,25.0,50.0,100.0]}}"#,
        time(record.since)
    )];
    for change in &record.changes {
        let percent = change.percent.value();
        lines.push(format!(
            r#"{{"time":"{}","event":"weight","percent":{percent}}}"#,
            time(record.time_of(change))
        ));
    }
    let last = record.changes.last().context("a change")?;
    let ending = if last.percent.value() > 0.0 {
        "promoted"
    } else {
        "rolled_back"
    };
    lines.push(format!(
        r#"{{"time":"{}","event":"ended","ending":"{ending}","sentence":"{}"}}"#,
        time(record.time_of(last)),
        comparison.sentence
    ));
    Ok(lines.join("\n"))
}
