//! A row per target, and what to recommend.

use package::Architecture;
use serde::Serialize;

use super::{
    Estimate,
    estimate::{Resampled, mean_intervals, quantile},
};
use crate::{
    aws::{mark::Target, routing::Version},
    release::bench::{Invocation, Status},
};

/// Looks up what invocations cost.
pub struct Prices<'a> {
    /// What a million invocations cost in US dollars, by architecture, memory in MiB and billed milliseconds.
    pub million_usd: &'a dyn Fn(Architecture, u32, f64) -> f64,
}

/// What one target did, invocation by invocation.
#[derive(Debug, Clone)]
pub struct Tally {
    /// The target.
    pub target: Target,
    /// Whether it runs under an emulator.
    pub emulated: bool,
    /// The version that was invoked.
    pub version: Version,
    /// Whether that version was made for the benchmark.
    pub temporary: bool,
    /// One per round; `None` when it was refused or the answer had no report.
    pub rounds: Vec<Option<Invocation>>,
    /// How many were refused, after all attempts.
    pub throttles: u32,
    /// How many answers had no report.
    pub unreported: u32,
}

/// One line of the table. Times are of warm invocations that succeeded.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The target.
    #[serde(flatten)]
    pub target: Target,
    /// The version that was invoked.
    pub version: Version,
    /// Whether it runs under an emulator: then it has neither times nor cost.
    pub emulated: bool,
    /// Invocations with a report.
    pub invocations: usize,
    /// Those that waited for their environment to start.
    pub cold: usize,
    /// Those that failed, timeouts included.
    pub errors: usize,
    /// Those that ran into the time limit.
    pub timeouts: usize,
    /// How many were refused.
    pub throttles: u32,
    /// How many answers had no report.
    pub unreported: u32,
    /// The most memory that was used, in MiB.
    pub max_memory_mib: Option<u32>,
    /// What was measured; `None` when the version is emulated.
    #[serde(flatten)]
    pub measured: Option<Measured>,
}

/// Times, in milliseconds, and cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Median of the starts of environments.
    pub init_p50_ms: Option<f64>,
    /// Mean duration.
    pub average_ms: Estimate,
    /// Median.
    pub p50_ms: Estimate,
    /// Nine in ten are faster.
    pub p90_ms: Estimate,
    /// 99 in 100 are faster.
    pub p99_ms: Estimate,
    /// Mean of what is billed.
    pub billed_ms: f64,
    /// A million warm invocations at list price, in US dollars.
    pub million_usd: Estimate,
}

/// All of a benchmark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// A row per target.
    pub rows: Vec<Row>,
    /// What to choose; none with fewer than two targets that were measured.
    pub recommendation: Option<Recommendation>,
    /// By what factor arm64 differs from x86_64, per memory size that both were measured at.
    pub ratios: Vec<Ratio>,
    /// At how many times the duration an invocation of the arm64 version costs as much as one of the
    /// x86_64 version with the same memory.
    pub break_even: Option<f64>,
}

/// arm64 divided by x86_64, with the same memory.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ratio {
    /// Memory of both, in MiB.
    pub memory_mib: u32,
    /// The ratio of their mean durations.
    pub time: Estimate,
    /// The ratio of their costs per invocation.
    pub cost: Estimate,
}

/// What to choose.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Recommendation {
    /// The least cost.
    pub cheapest: Choice,
    /// The shortest mean duration.
    pub fastest: Choice,
    /// The least product of both: a size that is twice as fast may cost twice as much.
    pub balanced: Choice,
}

/// A target, and how sure it is that it is the one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Choice {
    /// The target.
    pub target: Target,
    /// The share of the bootstrap samples in which it is the best.
    pub confidence: f64,
}

impl Tally {
    /// The reports that times are taken from.
    fn warm(&self) -> impl Iterator<Item = &Invocation> {
        self.rounds.iter().flatten().filter(|one| is_warm(one))
    }

    fn count(&self, is: impl Fn(&Invocation) -> bool) -> usize {
        self.rounds.iter().flatten().filter(|one| is(one)).count()
    }
}

fn is_warm(one: &Invocation) -> bool {
    !one.is_cold() && !one.has_failed()
}

impl Summary {
    /// Sums up. `seed` is that of the bootstrap samples.
    #[must_use]
    pub fn new(tallies: &[Tally], prices: &Prices<'_>, seed: u64) -> Self {
        let durations = means(tallies, |one| one.duration_ms, seed);
        // The same seed: sample by sample of the same rounds.
        let billed = means(tallies, |one| one.billed_ms as f64, seed);
        let costs = priced(tallies, &billed, prices);
        let rows: Vec<_> = tallies
            .iter()
            .enumerate()
            .map(|(index, tally)| row(tally, index, &durations, &costs, prices))
            .collect();
        Self {
            recommendation: recommend(&rows, &durations, &costs),
            ratios: ratios(&rows, &durations, &costs),
            break_even: break_even(&rows, prices),
            rows,
        }
    }
}

fn means(tallies: &[Tally], of: impl Fn(&Invocation) -> f64, seed: u64) -> Resampled {
    let rounds = tallies.iter().map(|tally| tally.rounds.len()).max();
    let value = |tally: &Tally, round: usize| {
        let one = tally.rounds.get(round)?.as_ref()?;
        (is_warm(one) && !tally.emulated).then(|| of(one))
    };
    let rounds: Vec<Vec<_>> = (0..rounds.unwrap_or_default())
        .map(|round| tallies.iter().map(|tally| value(tally, round)).collect())
        .collect();
    mean_intervals(&rounds, seed)
}

fn priced(tallies: &[Tally], billed: &Resampled, prices: &Prices<'_>) -> Resampled {
    let price = |(tally, ms): (&Tally, &Option<f64>)| {
        let Target {
            memory_mib,
            architecture,
        } = tally.target;
        ms.map(|ms| (prices.million_usd)(architecture, memory_mib, ms))
    };
    let sample = |sample: &Vec<Option<f64>>| tallies.iter().zip(sample).map(price).collect();
    Resampled {
        samples: billed.samples.iter().map(sample).collect(),
    }
}

fn row(
    tally: &Tally,
    index: usize,
    durations: &Resampled,
    costs: &Resampled,
    prices: &Prices<'_>,
) -> Row {
    let reports = tally.rounds.iter().flatten();
    Row {
        target: tally.target,
        version: tally.version,
        emulated: tally.emulated,
        invocations: tally.count(|_| true),
        cold: tally.count(Invocation::is_cold),
        errors: tally.count(Invocation::has_failed),
        timeouts: tally.count(|one| one.status == Status::Timeout),
        throttles: tally.throttles,
        unreported: tally.unreported,
        max_memory_mib: reports.map(|one| one.max_memory_mib).max(),
        measured: (!tally.emulated)
            .then(|| measured(tally, index, durations, costs, prices))
            .flatten(),
    }
}

fn measured(
    tally: &Tally,
    index: usize,
    durations: &Resampled,
    costs: &Resampled,
    prices: &Prices<'_>,
) -> Option<Measured> {
    let sorted = |values: &mut dyn Iterator<Item = f64>| {
        let mut values: Vec<f64> = values.collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let times = sorted(&mut tally.warm().map(|one| one.duration_ms));
    let starts = sorted(&mut tally.rounds.iter().flatten().filter_map(|one| one.init_ms));
    let n = times.len() as f64;
    let billed_ms = tally.warm().map(|one| one.billed_ms as f64).sum::<f64>() / n;
    let Target {
        memory_mib,
        architecture,
    } = tally.target;
    Some(Measured {
        init_p50_ms: quantile(&starts, 0.5).map(|start| start.value),
        average_ms: durations.of(index, times.iter().sum::<f64>() / n),
        p50_ms: quantile(&times, 0.5)?,
        p90_ms: quantile(&times, 0.9)?,
        p99_ms: quantile(&times, 0.99)?,
        billed_ms,
        million_usd: costs.of(
            index,
            (prices.million_usd)(architecture, memory_mib, billed_ms),
        ),
    })
}

fn recommend(rows: &[Row], durations: &Resampled, costs: &Resampled) -> Option<Recommendation> {
    let value = |of: fn(&Measured) -> f64| -> Vec<Option<f64>> {
        rows.iter()
            .map(|row| row.measured.as_ref().map(of))
            .collect()
    };
    let duration = value(|measured| measured.average_ms.value);
    let cost = value(|measured| measured.million_usd.value);
    if cost.iter().flatten().count() < 2 {
        return None;
    }
    let product = |durations: &[Option<f64>], costs: &[Option<f64>]| -> Vec<Option<f64>> {
        let both = durations.iter().zip(costs);
        both.map(|(d, c)| Some(d.as_ref()? * c.as_ref()?)).collect()
    };
    let products = Resampled {
        samples: durations
            .samples
            .iter()
            .zip(&costs.samples)
            .map(|(durations, costs)| product(durations, costs))
            .collect(),
    };
    Some(Recommendation {
        cheapest: choice(rows, &cost, costs)?,
        fastest: choice(rows, &duration, durations)?,
        balanced: choice(rows, &product(&duration, &cost), &products)?,
    })
}

/// Sample by sample of the same rounds, so that what hit both versions of a round cancels.
fn ratios(rows: &[Row], durations: &Resampled, costs: &Resampled) -> Vec<Ratio> {
    let other = |x86_64: &Target| {
        let arm64 = Target {
            architecture: Architecture::Arm64,
            ..*x86_64
        };
        rows.iter().position(|row| row.target == arm64)
    };
    let ratio = |(index, x86_64): (usize, &Row)| {
        let versions = [index, other(&x86_64.target)?];
        let measured = [
            x86_64.measured.as_ref()?,
            rows[versions[1]].measured.as_ref()?,
        ];
        let of = |resampled: &Resampled, estimate: fn(&Measured) -> Estimate| {
            let [before, after] = measured.map(|measured| estimate(measured).value);
            resampled.ratio(versions, after / before)
        };
        Some(Ratio {
            memory_mib: x86_64.target.memory_mib,
            time: of(durations, |measured| measured.average_ms),
            cost: of(costs, |measured| measured.million_usd),
        })
    };
    rows.iter()
        .enumerate()
        .filter(|(_, row)| row.target.architecture == Architecture::X86_64)
        .filter_map(ratio)
        .collect()
}

fn choice(rows: &[Row], values: &[Option<f64>], resampled: &Resampled) -> Option<Choice> {
    let best = least(values)?;
    let wins = resampled
        .samples
        .iter()
        .filter(|sample| least(sample) == Some(best))
        .count();
    Some(Choice {
        target: rows[best].target,
        confidence: wins as f64 / resampled.samples.len() as f64,
    })
}

fn least(values: &[Option<f64>]) -> Option<usize> {
    let known = values.iter().enumerate();
    known
        .filter_map(|(index, value)| Some((index, (*value)?)))
        .min_by(|one, other| one.1.total_cmp(&other.1))
        .map(|(index, _)| index)
}

/// Where the price of a duration grows with a constant slope, so that two of its points are enough,
/// and a request costs the same on both versions.
fn break_even(rows: &[Row], prices: &Prices<'_>) -> Option<f64> {
    let slope = |architecture| {
        let memory_mib = rows
            .iter()
            .find(|row| row.measured.is_some())?
            .target
            .memory_mib;
        let cost = |ms| (prices.million_usd)(architecture, memory_mib, ms);
        Some(cost(2_000.0) - cost(1_000.0))
    };
    Some(slope(Architecture::X86_64)? / slope(Architecture::Arm64)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A GB-second costs 1 USD on arm64 and 1.25 USD on x86_64; a request costs nothing.
    fn prices(architecture: Architecture, memory_mib: u32, ms: f64) -> f64 {
        let rate = if architecture == Architecture::Arm64 {
            1.0
        } else {
            1.25
        };
        1e6 * rate * f64::from(memory_mib) / 1024.0 * ms / 1e3
    }

    fn invocation(duration_ms: f64) -> Invocation {
        Invocation {
            duration_ms,
            billed_ms: duration_ms.ceil() as u64,
            init_ms: None,
            max_memory_mib: 20,
            status: Status::Success,
        }
    }

    fn tally(architecture: Architecture, memory_mib: u32, emulated: bool, ms: f64) -> Tally {
        let cold = Invocation {
            init_ms: Some(500.0),
            ..invocation(10.0 * ms)
        };
        let failed = Invocation {
            status: Status::Timeout,
            ..invocation(3_000.0)
        };
        let warm = (0..58u32).map(|i| invocation(ms + f64::from(i % 7)));
        let rounds = [cold, failed].into_iter().chain(warm).map(Some).collect();
        Tally {
            target: Target {
                memory_mib,
                architecture,
            },
            emulated,
            version: "3".parse().expect("a version"),
            temporary: true,
            rounds,
            throttles: 1,
            unreported: 0,
        }
    }

    fn summary(tallies: &[Tally]) -> Summary {
        Summary::new(
            tallies,
            &Prices {
                million_usd: &prices,
            },
            1,
        )
    }

    #[test]
    fn cold_starts_and_failures_are_counted_and_kept_out_of_the_times() {
        let summary = summary(&[tally(Architecture::Arm64, 1024, false, 100.0)]);
        let row = &summary.rows[0];
        assert_eq!(
            (row.invocations, row.cold, row.errors, row.timeouts),
            (60, 1, 1, 1)
        );
        let measured = row.measured.as_ref().expect("measured");
        assert_eq!(measured.init_p50_ms, Some(500.0));
        assert!(
            (102.0..104.0).contains(&measured.average_ms.value),
            "{measured:?}"
        );
        assert!(measured.p99_ms.value <= 106.0);
        assert_eq!(
            summary.recommendation, None,
            "there is nothing to choose from"
        );
    }

    #[test]
    fn an_emulated_build_has_counts_and_neither_times_nor_cost_nor_a_recommendation() {
        let summary = summary(&[
            tally(Architecture::Arm64, 1024, true, 1.0),
            tally(Architecture::X86_64, 1024, false, 100.0),
            tally(Architecture::X86_64, 2048, false, 90.0),
        ]);
        assert_eq!(
            (summary.rows[0].measured.clone(), summary.rows[0].errors),
            (None, 1)
        );
        let recommendation = summary.recommendation.expect("two real targets");
        let choices = [
            recommendation.cheapest,
            recommendation.fastest,
            recommendation.balanced,
        ];
        assert!(
            choices
                .iter()
                .all(|c| c.target.architecture == Architecture::X86_64)
        );
    }

    #[test]
    fn the_cheapest_and_the_fastest_are_named_with_their_confidence() {
        let summary = summary(&[
            tally(Architecture::Arm64, 1024, false, 100.0),
            tally(Architecture::X86_64, 1024, false, 110.0),
            tally(Architecture::Arm64, 2048, false, 80.0),
        ]);
        let recommendation = summary.recommendation.expect("a recommendation");
        let at = |memory_mib| Target {
            memory_mib,
            architecture: Architecture::Arm64,
        };
        assert_eq!(recommendation.cheapest.target, at(1024));
        assert_eq!(recommendation.fastest.target, at(2048));
        assert!(
            recommendation.cheapest.confidence > 0.99,
            "{recommendation:?}"
        );
        assert!((summary.break_even.expect("a ratio") - 1.25).abs() < 1e-9);
    }

    #[test]
    fn the_builds_are_set_against_each_other_at_every_size_that_both_have() {
        let tallies = [
            tally(Architecture::Arm64, 1024, false, 80.0),
            tally(Architecture::X86_64, 1024, false, 100.0),
            tally(Architecture::X86_64, 2048, false, 70.0),
        ];
        let all = summary(&tallies);
        let [ratio] = all.ratios[..] else {
            unreachable!("one size has both versions: {:?}", all.ratios)
        };
        assert_eq!(ratio.memory_mib, 1024);
        let encloses = |estimate: Estimate| {
            estimate.low.is_some_and(|low| low < estimate.value)
                && estimate.high.is_some_and(|high| estimate.value < high)
        };
        assert!((0.80..0.82).contains(&ratio.time.value), "{ratio:?}");
        assert!(encloses(ratio.time) && encloses(ratio.cost), "{ratio:?}");
        // A millisecond of arm64 costs four fifths.
        let both = ratio.time.value * 0.8;
        assert!((ratio.cost.value - both).abs() < 1e-9, "{ratio:?}");
        let text = all.text();
        assert!(
            text.contains("Against x86_64, arm64 at 1024 MiB: time -19.4% (-")
                && text.contains(", cost -35.5% (-"),
            "{text}"
        );

        let emulated = [
            tally(Architecture::Arm64, 1024, true, 80.0),
            tally(Architecture::X86_64, 1024, false, 100.0),
        ];
        assert_eq!(summary(&emulated).ratios, []);
    }

    #[test]
    fn equal_targets_share_the_confidence() {
        let same = |memory_mib| {
            let mut tally = tally(Architecture::Arm64, memory_mib, false, 100.0);
            // The same values in another order, so that samples differ.
            tally.rounds.rotate_left(memory_mib as usize % 50);
            tally
        };
        let recommendation = summary(&[same(1024), same(1025)])
            .recommendation
            .expect("two");
        assert!(
            recommendation.fastest.confidence < 0.8,
            "{recommendation:?}"
        );
    }
}
