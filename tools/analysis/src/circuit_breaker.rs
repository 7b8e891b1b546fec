//! What is gross needs no test: a breaker, outside of alpha like any alarm.

use super::{
    counts::Block,
    metric::{Blocks, Metric, Metrics},
};

/// So many of the candidate's calls in a period say something,
const LEAST_CALLS: f64 = 20.0;
/// when so many of them fail,
const LEAST_FAILURES: f64 = 10.0;
/// at least this share of them,
const GROSS: f64 = 0.5;
/// while the baseline stays below this one.
const HEALTHY: f64 = 0.1;

/// Opens when in two periods in a row a candidate fails at least half of its calls that the baseline does not fail.
#[derive(Debug, Clone)]
pub struct CircuitBreaker {
    metrics: Metrics,
    before: Option<Blocks>,
    opened_by: Option<(Metric, Block)>,
}

impl CircuitBreaker {
    /// One that has seen nothing.
    #[must_use]
    pub const fn new(metrics: Metrics) -> Self {
        Self {
            metrics,
            before: None,
            opened_by: None,
        }
    }

    /// Takes in the next period.
    pub fn observe(&mut self, blocks: &Blocks) {
        let before = self.before.replace(*blocks);
        if let (None, Some(before)) = (self.opened_by, before) {
            let mut metrics = self.metrics.iter();
            let found = metrics.find(|it| is_gross(&before[*it]) && is_gross(&blocks[*it]));
            self.opened_by = found.map(|metric| (metric, before[metric] + blocks[metric]));
        }
    }

    /// The metric that has opened it, with both periods' counts.
    #[must_use]
    pub const fn opened_by(&self) -> Option<(Metric, Block)> {
        self.opened_by
    }
}

/// A baseline that nobody calls any more, as after a promotion, fails nothing.
fn is_gross(block: &Block) -> bool {
    let Block {
        baseline,
        candidate,
    } = block;
    candidate.invocations() >= LEAST_CALLS
        && candidate.failures() >= LEAST_FAILURES
        && candidate.rate() >= Some(GROSS)
        && baseline.rate().is_none_or(|rate| rate < HEALTHY)
}

#[cfg(test)]
mod tests {
    use super::{super::counts::Count, *};

    fn opened_by(periods: &[Blocks]) -> Option<Metric> {
        let mut breaker = CircuitBreaker::new(Metrics::ALL);
        periods.iter().for_each(|blocks| breaker.observe(blocks));
        breaker.opened_by().map(|(metric, _)| metric)
    }

    fn errors(baseline: (u64, u64), candidate: (u64, u64)) -> Blocks {
        Blocks::errors(Block {
            baseline: Count::new(baseline.0, baseline.1),
            candidate: Count::new(candidate.0, candidate.1),
        })
    }

    #[test]
    fn two_gross_periods_in_a_row_open_it_and_one_does_not() {
        let (gross, fine) = (errors((380, 37), (20, 10)), errors((380, 0), (20, 0)));
        assert_eq!(opened_by(&[gross]), None);
        assert_eq!(opened_by(&[gross, fine, gross]), None);
        assert_eq!(opened_by(&[fine, gross, gross, fine]), Some(Metric::Errors));
    }

    #[test]
    fn what_the_baseline_fails_too_and_what_a_few_calls_show_do_not() {
        for period in [
            errors((380, 38), (20, 20)),
            errors((380, 0), (19, 19)),
            errors((380, 0), (20, 9)),
            errors((380, 0), (200, 99)),
        ] {
            assert_eq!(opened_by(&[period; 5]), None, "{period:?}");
        }
    }

    #[test]
    fn it_looks_at_all_metrics_and_goes_on_when_the_candidate_serves_alone() {
        let throttled = Blocks {
            throttles: errors((0, 0), (20, 20)).errors,
            ..Blocks::default()
        };
        assert_eq!(opened_by(&[throttled; 2]), Some(Metric::Throttles));
    }
}
