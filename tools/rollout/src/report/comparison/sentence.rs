//! The comparison in words: what was found, and what the figures are.

use package::Architecture;

use super::{Comparison, Findings, Pricing, Row};
use crate::delivery::wording::{self, Wording};
use analysis::Verdict;

/// All of it in plain words.
pub(super) fn sentence(
    versions: &[Row; 2],
    findings: &Findings,
    break_even: Option<f64>,
) -> String {
    let Findings {
        scope,
        analysis,
        would_be_found,
        period_s,
        ..
    } = findings;
    let [baseline, candidate] = versions;
    let ran = versions
        .iter()
        .all(|version| version.sample.invocations > 0);
    let errors = if ran && !analysis.errors().is_comparable() {
        format!(
            "Errors are not analysed: no whole period of {period_s} s had both versions at one weight \
             (see --period)"
        )
    } else {
        let wording = Wording { analysis, scope };
        let sentence = wording.sentence(&candidate.name(), &baseline.name());
        match analysis.verdict {
            Verdict::Worse { .. } => sentence,
            _ if !analysis.errors().is_comparable() => sentence,
            _ => format!("{sentence}; {}", wording::found(*would_be_found)),
        }
    };
    let mut sentence = format!(
        "{errors}. Analysed: {scope}. {}.",
        time(baseline, candidate)
    );
    if let Some(price) = break_even.and_then(|times| price(versions, times)) {
        sentence.push_str(&format!(" {price}."));
    }
    sentence
}

/// What the durations and prices say, and only what they say.
fn time(baseline: &Row, candidate: &Row) -> String {
    let emulated: Vec<_> = [baseline, candidate]
        .into_iter()
        .filter(|row| row.emulated)
        .map(Row::name)
        .collect();
    if !emulated.is_empty() {
        let is = if emulated.len() == 1 { "is" } else { "are" };
        return format!(
            "{} {is} emulated here, so time and cost are not compared",
            emulated.join(" and ")
        );
    }
    let (Some(before), Some(after)) = (baseline.sample.duration, candidate.sample.duration) else {
        return "Time and cost are not compared: a version has no invocations in this window"
            .to_owned();
    };
    let duration = change(before.average_ms, after.average_ms, "slower", "faster");
    let duration = format!(
        "On average {} is {duration} than {}",
        candidate.name(),
        baseline.name()
    );
    match (
        baseline.million_invocations_usd,
        candidate.million_invocations_usd,
    ) {
        (Some(before), Some(after)) => {
            let cost = change(before, after, "more expensive", "cheaper");
            format!("{duration}, and {cost} per invocation at list price")
        }
        _ => duration,
    }
}

fn change(before: f64, after: f64, more: &str, less: &str) -> String {
    let by = (after / before - 1.0) * 100.0;
    let word = if by < 0.0 { less } else { more };
    format!("{:.1}% {word}", by.abs())
}

/// How much slower arm64 may be; only where both architectures are compared, at the same memory.
fn price(versions: &[Row; 2], break_even: f64) -> Option<String> {
    let version = |architecture| {
        let is = |version: &&Row| version.architecture == Some(architecture);
        versions.iter().find(is)
    };
    let (x86_64, arm64) = (
        version(Architecture::X86_64)?,
        version(Architecture::Arm64)?,
    );
    if x86_64.memory_mib? != arm64.memory_mib? {
        return None;
    }
    let percent = (break_even - 1.0) * 100.0;
    Some(format!(
        "At list price arm64 stays cheaper as long as it takes less than {percent:.1}% longer than x86_64"
    ))
}

/// What one has to know to read the figures.
pub(super) fn notes(comparison: &Comparison) -> Vec<String> {
    let mut notes = vec![window(comparison)];
    let differences = &comparison.findings.differences;
    if !differences.is_empty() {
        notes.push(format!("{differences}."));
    }
    notes.push(
        "Cold starts and INIT are what the function writes, without Lambda's own part of it; the memory in use \
         has no metric in CloudWatch."
            .to_owned(),
    );
    if comparison.time_is_comparable {
        notes.push(cost(comparison));
    }
    notes
}

fn window(comparison: &Comparison) -> String {
    const FORMAT: &str = "%Y-%m-%d %H:%M:%S";
    format!(
        "From {} to {} UTC.",
        comparison.window.since.format(FORMAT),
        comparison.window.until.format(FORMAT)
    )
}

fn cost(comparison: &Comparison) -> String {
    let (region, as_of, monthly_gb_seconds) = match &comparison.pricing {
        Pricing::Unknown { problem } => return format!("Cost: {problem}."),
        Pricing::Known {
            region,
            as_of,
            monthly_gb_seconds,
            ..
        } => (region, as_of, *monthly_gb_seconds),
    };
    let tier = if monthly_gb_seconds > 0.0 {
        format!("averaged over the tiers of {monthly_gb_seconds} GB-seconds a month")
    } else {
        "first tier".to_owned()
    };
    format!(
        "Cost: list prices of {region} as of {as_of}, {tier}, requests included, without free tier \
         and /tmp beyond 512 MiB; the billed time is estimated from the duration (half a millisecond more, \
         INIT not included: there is no metric of it)."
    )
}
