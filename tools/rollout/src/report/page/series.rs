//! What is plotted over time: the window cut into pieces, and what was known at the end of each.

use chrono::{DateTime, TimeDelta, Utc};

use super::band::band;
use crate::{
    aws::metrics::Period,
    delivery::{record::Record, weighted::WeightedTest},
    report::comparison::Window,
};
use analysis::{Blocks, Count, Interval, LnE, Metric, Terms};

/// More would not be seen on paper.
const MOST_PIECES: i64 = 96;

/// A piece of the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    /// Its end, when all of it is known.
    pub(super) end: DateTime<Utc>,
    /// What happened in it.
    pub(super) own: Shares,
    /// What happened up to its end.
    pub(super) so_far: Shares,
    /// Evidence for "worse" up to its end.
    pub(super) ln_e_worse: LnE,
    /// Evidence for "not worse" at the weight that was set last up to its end.
    pub(super) ln_e_not_worse: LnE,
}

/// What both versions did, metric by metric.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Shares(Blocks);

impl Shares {
    /// Invocations of one version (0 or 1), and those of them that failed or were slow.
    pub(super) fn count(&self, metric: Metric, version: usize) -> Count {
        let block = self.0[metric];
        [block.baseline, block.candidate][version]
    }

    /// The candidate's share of all invocations.
    pub(super) fn candidate(&self) -> Option<f64> {
        let [baseline, candidate] =
            [0, 1].map(|version| self.count(Metric::Errors, version).invocations());
        (baseline + candidate > 0.0).then(|| candidate / (baseline + candidate))
    }

    fn add(&mut self, blocks: &Blocks) {
        let sum = &mut self.0;
        sum.errors = sum.errors + blocks.errors;
        sum.throttles = sum.throttles + blocks.throttles;
        sum.slow = sum.slow + blocks.slow;
        for (sum, counted) in sum.counted.iter_mut().zip(blocks.counted) {
            *sum = *sum + counted;
        }
    }

    fn and(mut self, other: &Self) -> Self {
        self.add(&other.0);
        self
    }
}

impl Piece {
    /// The band around a version's rate so far, which holds at all times at once.
    pub(super) fn band(&self, metric: Metric, version: usize, alpha: f64) -> Interval {
        band(self.so_far.count(metric, version), alpha)
    }
}

/// Cuts the window into pieces. Evidence comes from the periods at one weight alone that are over, as a run sees it.
pub(super) fn pieces(
    periods: &[Period],
    record: Option<&Record>,
    over: DateTime<Utc>,
    period_s: u32,
    window: Window,
    terms: &Terms,
) -> Vec<Piece> {
    let length = length(window, period_s);
    let period_length = TimeDelta::seconds(period_s.into());
    let mut test = WeightedTest::new(terms);
    let mut so_far = Shares::default();
    let mut pieces = Vec::new();
    let mut rest = periods;
    while let Some(first) = rest.first() {
        let end = end_of_piece(first.start, window.since, length);
        let inside = rest.partition_point(|period| period.start < end);
        let mut own = Shares::default();
        for period in &rest[..inside] {
            let blocks = period.blocks();
            own.add(&blocks);
            if period.start + period_length <= over {
                test.observe(period.start, period_length, blocks, record);
            }
        }
        rest = &rest[inside..];
        so_far = so_far.and(&own);
        let analysis = test.test.analysis();
        pieces.push(Piece {
            end: end.min(window.until),
            own,
            so_far,
            ln_e_worse: analysis.ln_e_worse,
            ln_e_not_worse: analysis.ln_e_not_worse,
        });
    }
    pieces
}

/// A whole number of periods.
fn length(window: Window, period_s: u32) -> TimeDelta {
    let period_s = i64::from(period_s.max(1));
    let window_s = (window.until - window.since).num_seconds().max(1);
    let periods = (window_s / period_s / MOST_PIECES + 1).max(1);
    TimeDelta::seconds(periods * period_s)
}

/// Pieces are counted from the period that the window begins in.
fn end_of_piece(start: DateTime<Utc>, since: DateTime<Utc>, length: TimeDelta) -> DateTime<Utc> {
    let length_s = length.num_seconds();
    let passed = (start - since).num_seconds().div_euclid(length_s) + 1;
    since + TimeDelta::seconds(passed * length_s)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::aws::{metrics::Sample, routing::Percent};
    use analysis::Metrics;

    const TERMS: Terms = Terms {
        alpha: 0.05,
        margin: 0.01,
        metrics: Metrics::WITHOUT_TIME,
    };

    fn window(minutes: i64) -> Window {
        let since: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
        Window {
            since,
            until: since + TimeDelta::minutes(minutes),
        }
    }

    fn period(window: Window, minute: i64, errors: u64) -> Period {
        let version = |invocations, errors| Sample {
            invocations,
            errors: Some(errors),
            ..Sample::default()
        };
        Period {
            start: window.since + TimeDelta::minutes(minute),
            versions: [version(950, 0), version(50, errors)],
            alias: 1_000.0,
            sources: Default::default(),
        }
    }

    #[test]
    fn a_day_is_cut_into_pieces_that_lose_nothing() {
        let window = window(24 * 60);
        let periods: Vec<_> = (0..24 * 60)
            .map(|minute| period(window, minute, 0))
            .collect();
        let pieces = pieces(&periods, None, window.until, 60, window, &TERMS);
        assert!(pieces.len() as i64 <= MOST_PIECES, "{}", pieces.len());
        let last = pieces.last().expect("a piece");
        assert_eq!(
            last.so_far.count(Metric::Errors, 0).invocations(),
            f64::from(950 * 24 * 60)
        );
        assert_eq!(last.end, window.until);
        assert_eq!(last.own.candidate(), Some(0.05));
    }

    #[test]
    fn periods_in_which_the_weight_changed_or_that_are_not_over_are_shown_and_are_no_evidence() {
        let window = window(10);
        let periods: Vec<_> = (0..10).map(|minute| period(window, minute, 25)).collect();
        let of = |record: Option<&Record>, over| {
            let pieces = pieces(&periods, record, over, 60, window, &TERMS);
            let last = *pieces.last().expect("a piece");
            (
                last.so_far.count(Metric::Errors, 1).failures(),
                last.ln_e_worse.0 > 0.0,
            )
        };
        let mut record: Record = "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s"
            .parse()
            .expect("a record");
        assert_eq!(of(Some(&record), window.until), (250.0, true));
        // What is not over is shown too.
        assert_eq!(
            of(Some(&record), window.since + TimeDelta::seconds(119)),
            (250.0, false)
        );
        for minute in 1..10 {
            let percent = Percent::from_weight(0.25);
            record = record.changed(percent, window.since + TimeDelta::seconds(60 * minute + 30));
        }
        assert_eq!(of(Some(&record), window.until), (250.0, false));
    }

    proptest! {
        #[test]
        fn no_period_is_lost(minutes in 1_i64..5_000, gaps in prop::collection::vec(1_i64..50, 1..100)) {
            let window = window(minutes);
            let mut minute = 0;
            let starts = gaps.into_iter().map(|gap| { minute += gap; minute }).filter(|m| *m < minutes);
            let periods: Vec<_> = starts.map(|minute| period(window, minute, 1)).collect();
            let pieces = pieces(&periods, None, window.until, 60, window, &TERMS);
            let seen: f64 = pieces.iter().map(|piece| piece.own.count(Metric::Errors, 1).failures()).sum();
            prop_assert_eq!(seen, periods.len() as f64);
            prop_assert!(pieces.is_sorted_by(|a, b| a.end < b.end));
        }
    }
}
