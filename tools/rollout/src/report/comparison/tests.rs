use chrono::TimeDelta;
use package::Architecture;

use super::*;
use crate::{
    aws::{
        function::Build,
        metrics::{Durations, Period, Sample, TimeCounts},
    },
    delivery::scope::Time,
    report::{
        differences::Limit,
        prices::{Costs, PriceList},
    },
};
use analysis::{Block, Blocks, Count, Metrics, Terms, analyse};

const TERMS: Terms = Terms {
    alpha: 0.05,
    margin: 0.01,
    metrics: Metrics::WITHOUT_TIME,
};

fn build(number: u64, architecture: Architecture, emulated: bool) -> Build {
    Build {
        version: number.to_string().parse().expect("a version"),
        architecture: Some(architecture),
        emulated,
    }
}

fn sample(average_ms: f64) -> Sample {
    Sample {
        invocations: 1000,
        errors: Some(2),
        throttles: None,
        time: TimeCounts::default(),
        duration: Some(Durations {
            average_ms,
            p50_ms: 9.0,
            p90_ms: 19.0,
            p99_ms: 49.0,
        }),
        ..Sample::default()
    }
}

fn scope() -> Scope {
    Scope {
        time: Time::NoSlowLimit,
        counted: Vec::new(),
    }
}

fn findings(periods: &[Blocks]) -> Findings {
    Findings {
        scope: scope(),
        analysis: analyse(periods.iter().copied(), &TERMS),
        would_be_found: Some(0.021),
        differences: Differences::new(&[], None, &scope(), None, TERMS.alpha),
        period_s: 60,
    }
}

fn periods() -> Vec<Blocks> {
    let block = Block {
        baseline: Count::new(1000, 2),
        candidate: Count::new(1000, 2),
    };
    vec![Blocks::errors(block)]
}

fn pricing(monthly_gb_seconds: f64) -> Pricing {
    let list = PriceList::built_in().expect("a list");
    Pricing::Known {
        region: "us-east-1".to_owned(),
        as_of: list.as_of,
        monthly_gb_seconds,
        rates: list
            .rates("us-east-1", monthly_gb_seconds)
            .expect("a region"),
    }
}

fn compared(emulated: bool, findings: Findings, pricing: Pricing) -> Comparison {
    let row = |index: usize, architecture, emulated, average_ms| {
        let build = build(index as u64 + 1, architecture, emulated);
        Row::new(build, Some(1024), sample(average_ms), pricing.rates())
    };
    let rows = [
        row(0, Architecture::X86_64, false, 100.0),
        row(1, Architecture::Arm64, emulated, 90.0),
    ];
    let since: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
    let window = Window {
        since,
        until: since + TimeDelta::hours(1),
    };
    Comparison::new("hasher", window, rows, pricing, findings)
}

fn comparison(emulated: bool) -> Comparison {
    compared(emulated, findings(&periods()), pricing(0.0))
}

/// The line of the table that begins with these words.
fn line(comparison: &Comparison, words: &str) -> String {
    let table = comparison.table();
    let mut lines = table.lines();
    let line = lines.find(|line| line.starts_with(words));
    line.unwrap_or_else(|| panic!("{words} is not in\n{table}"))
        .to_owned()
}

#[test]
fn an_emulated_build_has_counts_and_neither_time_nor_cost() {
    let comparison = comparison(true);
    let [_, arm64] = &comparison.versions;
    assert_eq!(
        (
            arm64.sample.duration,
            arm64.million_invocations_usd,
            arm64.billed_gb_seconds
        ),
        (None, None, None)
    );
    for words in ["duration average", "duration p99", "billed", "cost"] {
        assert!(line(&comparison, words).ends_with("emulated"), "{words}");
    }
    assert!(line(&comparison, "invocations").ends_with("1,000"));
    assert!(
        comparison
            .sentence
            .contains("arm64 (version 2) is emulated here, so time and cost are not compared.")
    );
    assert!(!comparison.time_is_comparable);
}

#[test]
fn times_and_prices_of_real_builds_are_compared_in_a_sentence() {
    let sentence = comparison(false).sentence;
    assert!(
        sentence.contains(
            "On average arm64 (version 2) is 10.0% faster than x86_64 (version 1), and 25.0% \
             cheaper per invocation at list price."
        ),
        "{sentence}"
    );
    assert!(
        sentence.ends_with(
            "At list price arm64 stays cheaper as long as it takes less than 25.0% longer than x86_64."
        ),
        "{sentence}"
    );
}

#[test]
fn what_differs_stands_beside_the_figures() {
    let comparison = comparison(false);
    let average = line(&comparison, "duration average, ms");
    let cells: Vec<_> = average.split_whitespace().rev().take(3).collect();
    assert_eq!(cells, ["-10.0%", "90.0", "100.0"]);
    assert!(line(&comparison, "cost per million").ends_with("-25.0%"));
}

#[test]
fn the_tier_is_said_and_changes_the_cost() {
    let cost = |monthly| {
        let comparison = compared(false, findings(&periods()), pricing(monthly));
        let usd = comparison.versions[0]
            .million_invocations_usd
            .expect("a cost");
        (usd, comparison.text())
    };
    let (first, text) = cost(0.0);
    assert!(
        text.contains("list prices of us-east-1 as of 2026-09-19, first tier"),
        "{text}"
    );
    let (second, text) = cost(9e9);
    assert!(
        text.contains("averaged over the tiers of 9000000000 GB-seconds a month"),
        "{text}"
    );
    assert!(second < first);
}

#[test]
fn a_region_without_prices_has_everything_but_costs() {
    let problem = "no prices of mars-1".to_owned();
    let pricing = Pricing::Unknown { problem };
    let comparison = compared(false, findings(&periods()), pricing);
    assert!(line(&comparison, "cost").ends_with('-'));
    assert!(comparison.text().contains("Cost: no prices of mars-1"));
    assert!(!comparison.sentence.contains("list price"));
    assert_eq!(comparison.break_even_slowdown, None);
}

#[test]
fn ratios_of_means_carry_their_intervals() {
    let slow_ms = 250.0;
    let scope = Scope {
        time: Time::WithTime { slow_ms },
        counted: Vec::new(),
    };
    let version = |invocations: u64, mean_ms: f64| Sample {
        time: TimeCounts {
            measured: Some(invocations as f64),
            fast: Some(invocations as f64),
            slow: Some(0.0),
            fast_sum_ms: Some(mean_ms * invocations as f64),
        },
        invocations,
        errors: Some(0),
        ..Sample::default()
    };
    let period = Period {
        start: DateTime::UNIX_EPOCH,
        versions: [version(2_000, 100.0), version(1_000, 90.0)],
        alias: 3_000.0,
        sources: Default::default(),
    };
    let periods = vec![&period; 60];
    let base = comparison(false);
    let rates = base.pricing.rates().expect("prices");
    let costs = Costs::new(
        base.versions
            .each_ref()
            .map(|row| (row.architecture, row.memory_mib)),
        rates,
    );
    let findings = Findings {
        differences: Differences::new(
            &periods,
            Some(Limit::Slow { limit_ms: slow_ms }),
            &scope,
            costs.as_ref(),
            0.05,
        ),
        scope: scope.clone(),
        ..findings(&[])
    };
    let cost = findings
        .differences
        .cost_ratio
        .expect("an interval")
        .interval;
    let (before, after) = (
        rates.million_usd(Architecture::X86_64, 1024, 100.5),
        rates.million_usd(Architecture::Arm64, 1024, 90.5),
    );
    assert!(
        (cost.low..cost.high).contains(&(after / before)),
        "{cost:?}"
    );
    let time = findings
        .differences
        .duration_ratio
        .expect("an interval")
        .interval;
    assert!((time.low..time.high).contains(&0.9), "{time:?}");
    let comparison = compared(false, findings, pricing(0.0));
    let line = line(&comparison, "cost per million");
    assert!(line.contains("-25.0% (-") && line.ends_with("%)"), "{line}");
}

#[test]
fn counts_without_a_period_to_analyse_are_not_called_silence() {
    let sentence = compared(false, findings(&[]), pricing(0.0)).sentence;
    assert!(
        sentence.starts_with("Errors are not analysed: no whole period of 60 s"),
        "{sentence}"
    );
}

#[test]
fn what_is_not_measured_is_a_dash() {
    let build = build(1, Architecture::X86_64, false);
    let row = || Row::new(build, None, Sample::default(), None);
    let base = comparison(false);
    let comparison = Comparison {
        versions: [row(), row()],
        ..base
    };
    for words in ["errors", "duration p50", "memory", "billed", "cost"] {
        let line = line(&comparison, words);
        let cells: Vec<_> = line.split_whitespace().rev().take(2).collect();
        assert_eq!(cells, ["-", "-"], "{line}");
    }
}

#[test]
fn markdown_has_a_rule_under_its_header() {
    let markdown = comparison(false).markdown();
    let rule = markdown.lines().nth(1).expect("a second line");
    assert!(rule.starts_with("|--"), "{markdown}");
    assert!(rule.chars().all(|c| "|-".contains(c)), "{markdown}");
}
