//! What others decide by, rebuilt for the comparison, and this analysis beside them.
//!
//! Each rule is a number that is looked at after every period and acts at a threshold: the one that it
//! is configured with, or one that is tuned to a stream.
//!
//! - [`Rule::Errors`]: the test on the one metric; [`Rule::Rollout`] as a rollout uses it, on all metrics with the alpha
//!   of one move of two; [`Rule::Breaker`]: the circuit breaker.
//! - [`Rule::Alarm`]: the alarm that AWS's own examples give `CodeDeploy`, `Errors` of the new version,
//!   `Sum` over 60 s, more than 0, in 2 of 2 periods (`AliasErrorMetricGreaterThanZeroAlarm` in "Safe
//!   Lambda deployments", aws/serverless-application-model). Its number is the lesser of the last two
//!   counts.
//! - [`Rule::Flagger`]: a check fails when the canary's success rate over the last minute is below 99%,
//!   or when it has had no request; the canary is rolled back at 10 failed checks (the example of "How
//!   it works" in Flagger's documentation; `advanceCanary` in pkg/controller/scheduler.go and
//!   `runBuiltinMetricChecks`). Its number is that of the failed checks so far.
//! - [`Rule::Kayenta`]: `NetflixACAJudge`: Mann and Whitney's test on the two series of error rates,
//!   one value a minute, all since the beginning, every 30 minutes (the least that Spinnaker recommends).
//!   A metric is high when the lower end of the 98% confidence interval of the shift lies above 25% of
//!   the estimated shift, and the mean has not fallen (`MannWhitneyClassifier`, `MannWhitney.scala`).
//!   Its number is the standardised rank sum at that bound, the threshold the 99% quantile.

use analysis::{Block, Blocks, CircuitBreaker, Metric, SequentialTest, Terms};

/// Minutes between two of Kayenta's verdicts.
const INTERVAL: usize = 30;

/// Kayenta's `tolerance`.
const TOLERANCE: f64 = 0.25;

/// What decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Errors,
    Rollout,
    Breaker,
    Alarm,
    Flagger,
    Kayenta,
}

impl Rule {
    pub(crate) const OURS: [Self; 3] = [Self::Errors, Self::Rollout, Self::Breaker];
    pub(crate) const RIVALS: [Self; 3] = [Self::Alarm, Self::Flagger, Self::Kayenta];

    /// The threshold that it is configured with.
    pub(crate) fn threshold(self, terms: &Terms) -> f64 {
        match self {
            Self::Errors => terms.threshold().ln(),
            Self::Rollout => (2.0 * terms.threshold()).ln(),
            Self::Breaker | Self::Alarm => 1.0,
            Self::Flagger => 10.0,
            Self::Kayenta => 2.326_347_874_040_841,
        }
    }

    /// Its number after every period.
    pub(crate) fn path(self, periods: &[Blocks], metric: Metric, terms: &Terms) -> Vec<f64> {
        let blocks = || periods.iter().map(|blocks| blocks[metric]);
        match self {
            Self::Errors => errors(periods, metric, terms),
            Self::Rollout => rollout(periods, terms),
            Self::Breaker => breaker(periods, terms),
            Self::Alarm => alarm(blocks()),
            Self::Flagger => flagger(blocks()),
            Self::Kayenta => kayenta(blocks()),
        }
    }
}

fn errors(periods: &[Blocks], metric: Metric, terms: &Terms) -> Vec<f64> {
    let mut test = SequentialTest::new(terms);
    let look = |blocks| {
        test.observe(blocks);
        test.finding(metric).map_or(0.0, |found| found.ln_e_worse.0)
    };
    periods.iter().map(look).collect()
}

fn breaker(periods: &[Blocks], terms: &Terms) -> Vec<f64> {
    let mut breaker = CircuitBreaker::new(terms.metrics);
    let look = |blocks| {
        breaker.observe(blocks);
        f64::from(u8::from(breaker.opened_by().is_some()))
    };
    periods.iter().map(look).collect()
}

fn rollout(periods: &[Blocks], terms: &Terms) -> Vec<f64> {
    let mut test = SequentialTest::new(terms);
    let look = |blocks| {
        test.observe(blocks);
        test.ln_e_worse().0
    };
    periods.iter().map(look).collect()
}

fn alarm(blocks: impl Iterator<Item = Block>) -> Vec<f64> {
    let mut before = 0.0_f64;
    let look = |block: Block| {
        let failures = block.candidate.failures();
        let both = failures.min(before);
        before = failures;
        both
    };
    blocks.map(look).collect()
}

fn flagger(blocks: impl Iterator<Item = Block>) -> Vec<f64> {
    let mut failed = 0.0;
    let look = |block: Block| {
        if block.candidate.rate().is_none_or(|rate| rate > 0.01) {
            failed += 1.0;
        }
        failed
    };
    blocks.map(look).collect()
}

fn kayenta(blocks: impl Iterator<Item = Block>) -> Vec<f64> {
    let (mut control, mut experiment) = (Vec::new(), Vec::new());
    let look = |block: Block| {
        // nanStrategy "replace": a minute without a value is a 0.
        control.push(block.baseline.rate().unwrap_or(0.0));
        experiment.push(block.candidate.rate().unwrap_or(0.0));
        if control.len().is_multiple_of(INTERVAL) {
            high(&experiment, &control)
        } else {
            f64::NEG_INFINITY
        }
    };
    blocks.map(look).collect()
}

/// How far the experiment is above the control, in standard deviations of the rank sum.
fn high(experiment: &[f64], control: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (after, before) = (mean(experiment), mean(control));
    // The mean ratio is not a number, and then ignored, when either mean is 0.
    if after > 0.0 && before > 0.0 && after < before {
        return f64::NEG_INFINITY;
    }
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let (x, y) = (sorted(experiment), sorted(control));
    if x == y {
        return f64::NEG_INFINITY;
    }
    let estimate = shift(&x, &y);
    standardised(&x, &y, TOLERANCE * estimate.abs())
}

/// Where the standardised rank sum passes 0: the estimated shift.
fn shift(x: &[f64], y: &[f64]) -> f64 {
    let mut low = x[0] - y[y.len() - 1];
    let mut high = x[x.len() - 1] - y[0];
    for _ in 0..30 {
        let middle = f64::midpoint(low, high);
        if standardised(x, y, middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The rank sum of `x − shift` among both, with ties at their mean rank and a correction for
/// continuity, over its standard deviation; both are sorted.
fn standardised(x: &[f64], y: &[f64], shift: f64) -> f64 {
    let (n, m) = (x.len() as f64, y.len() as f64);
    let (mut i, mut j) = (0, 0);
    let (mut rank_sum, mut ties) = (0.0, 0.0);
    while i < x.len() || j < y.len() {
        let value = match (x.get(i), y.get(j)) {
            (Some(x), Some(y)) => (x - shift).min(*y),
            (Some(x), None) => x - shift,
            (None, Some(y)) => *y,
            (None, None) => break,
        };
        let (first, from) = ((i + j) as f64, i);
        while i < x.len() && x[i] - shift == value {
            i += 1;
        }
        while j < y.len() && y[j] == value {
            j += 1;
        }
        let tied = (i + j) as f64 - first;
        rank_sum += (i - from) as f64 * (first + (tied + 1.0) / 2.0);
        ties += tied.powi(3) - tied;
    }
    let dz = rank_sum - n * (n + 1.0) / 2.0 - n * m / 2.0;
    let correction = if dz == 0.0 { 0.0 } else { dz.signum() * 0.5 };
    let sigma = (n * m / 12.0 * (n + m + 1.0 - ties / ((n + m) * (n + m - 1.0)))).sqrt();
    if sigma == 0.0 {
        return f64::NEG_INFINITY;
    }
    (dz - correction) / sigma
}

#[cfg(test)]
mod tests {
    use analysis::Count;

    use super::{super::TERMS, *};

    /// A minute of 100 invocations of either version.
    fn minute(baseline_failures: u64, candidate_failures: u64) -> Block {
        Block {
            baseline: Count::new(100, baseline_failures),
            candidate: Count::new(100, candidate_failures),
        }
    }

    /// `scipy.stats.mannwhitneyu(x, y, method="asymptotic")` of `SciPy` 1.17.1, its one-sided p-value as a
    /// quantile of the normal distribution.
    #[test]
    fn the_standardised_rank_sum_is_that_of_scipy() {
        let apart: [&[f64]; 2] = [&[1.1, 2.3, 3.7, 4.2, 5.9], &[0.4, 1.0, 1.6, 2.1]];
        let tied: [&[f64]; 2] = [
            &[0.0, 0.0, 1.0, 2.0, 2.0, 3.0],
            &[0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0],
        ];
        let below: [&[f64]; 2] = [&[0.1, 0.2, 0.3, 0.35], &[0.25, 0.4, 0.5, 0.6, 0.7]];
        let above: [&[f64]; 2] = [
            &[5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0],
            &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        ];
        for ([x, y], shift, expected) in [
            (apart, 0.0, 1.837_117_307_087_383_4),
            (apart, 0.5, 1.347_219_358_530_748_1),
            (tied, 0.0, 0.675_162_318_145_907_9),
            (below, 0.0, -1.837_117_307_087_383_4),
            (above, 0.0, 2.781_758_553_062_245),
        ] {
            let z = standardised(x, y, shift);
            assert!((z - expected).abs() < 1e-9, "{x:?} {y:?} {shift}: {z}");
        }
    }

    #[test]
    fn kayenta_decides_every_30_minutes_and_finds_what_is_plainly_higher() {
        let threshold = Rule::Kayenta.threshold(&TERMS);
        let path = |candidate: fn(u64) -> u64| {
            kayenta((0..60).map(|index| minute(index % 3, candidate(index))))
        };
        let worse = path(|index| 10 + index % 3);
        let decides = |index: usize| worse[index] > f64::NEG_INFINITY;
        assert!((0..60).all(|index| decides(index) == (index % 30 == 29)));
        assert!(worse[29] > threshold, "{}", worse[29]);
        let other_order = path(|index| (index + 1) % 3);
        assert!(other_order.iter().all(|number| *number < threshold));
    }

    #[test]
    fn flagger_counts_minutes_below_99_percent_and_minutes_without_a_request() {
        let idle = Block {
            baseline: Count::new(100, 0),
            candidate: Count::new(0, 0),
        };
        let path = flagger(
            [
                minute(0, 1),
                minute(9, 2),
                idle,
                minute(0, 0),
                minute(0, 50),
            ]
            .into_iter(),
        );
        assert_eq!(path, [0.0, 1.0, 2.0, 2.0, 3.0]);
        let ten = flagger(std::iter::repeat_n(minute(0, 2), 10));
        let threshold = Rule::Flagger.threshold(&TERMS);
        assert_eq!(ten.iter().position(|failed| *failed >= threshold), Some(9));
    }

    #[test]
    fn the_alarm_goes_off_at_the_second_minute_in_a_row_with_an_error_of_the_candidate() {
        let path = alarm(
            [
                minute(5, 0),
                minute(0, 3),
                minute(0, 0),
                minute(0, 1),
                minute(9, 4),
            ]
            .into_iter(),
        );
        assert_eq!(path, [0.0, 0.0, 0.0, 0.0, 1.0]);
        let threshold = Rule::Alarm.threshold(&TERMS);
        assert_eq!(path.iter().position(|both| *both >= threshold), Some(4));
    }
}
