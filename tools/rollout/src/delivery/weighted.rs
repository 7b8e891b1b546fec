//! The test of a rollout: its periods, at the weights that its record has.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    periods::{is_first_after_a_change, is_pure},
    record::{Record, WeightChange},
};
use analysis::{Block, Blocks, SequentialTest, Terms};

/// The test of periods of one length, oldest first, at the weights of the record.
#[must_use]
pub fn test(
    periods: impl IntoIterator<Item = (DateTime<Utc>, Blocks)>,
    length: TimeDelta,
    record: Option<&Record>,
    terms: &Terms,
) -> SequentialTest {
    let mut test = WeightedTest::new(terms);
    for (start, blocks) in periods {
        test.observe(start, length, blocks, record);
    }
    test.test
}

/// A test that starts its bets anew with every weight.
#[derive(Debug, Clone)]
pub(crate) struct WeightedTest {
    pub(crate) test: SequentialTest,
    /// What set the weight of the last period.
    weight: Option<WeightChange>,
}

impl WeightedTest {
    pub(crate) fn new(terms: &Terms) -> Self {
        Self {
            test: SequentialTest::new(terms),
            weight: None,
        }
    }

    /// Takes in the next period; without a record, the weight was always the same. One that is not pure says nothing,
    /// and neither does one in which the candidate has no calls or more than half of them: then the null does not hold
    /// (tools/analysis/src/worse.rs). The first one after a change says nothing about time.
    pub(crate) fn observe(
        &mut self,
        start: DateTime<Utc>,
        length: TimeDelta,
        mut blocks: Blocks,
        record: Option<&Record>,
    ) {
        if let Some(record) = record {
            if !is_pure(start, length, record) {
                return;
            }
            let changes = record.changes.iter();
            let weight = changes
                .rev()
                .find(|change| record.time_of(change) <= start)
                .copied();
            if weight.is_some_and(|weight| !weight.percent.is_comparable()) {
                return;
            }
            if self.weight != weight {
                self.weight = weight;
                self.test.weight_changed();
            }
            if is_first_after_a_change(start, length, record) {
                blocks.slow = Block::default();
            }
        }
        self.test.observe(&blocks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::periods::tests::{at, policy};
    use analysis::{Count, Metrics};

    fn terms() -> Terms {
        policy().terms(Metrics::ALL)
    }

    fn record(text: &str) -> Record {
        let text = format!("rollout 1->2 since 2026-11-23T14:30:00Z {text}");
        text.parse().expect("a record")
    }

    fn blocks() -> Blocks {
        let block = Block {
            baseline: Count::new(900, 0),
            candidate: Count::new(100, 3),
        };
        Blocks {
            slow: block,
            ..Blocks::errors(block)
        }
    }

    /// Periods of 10 s, as many as there are.
    fn seen(record: &Record, periods: i64) -> SequentialTest {
        let periods = (0..periods).map(|index| (at(10 * index), blocks()));
        test(periods, TimeDelta::seconds(10), Some(record), &terms())
    }

    #[test]
    fn the_bets_start_anew_with_each_weight_and_nothing_is_said_around_a_change() {
        let mut expected = SequentialTest::new(&terms());
        let without_time = Blocks {
            slow: Block::default(),
            ..blocks()
        };
        for stage in [
            vec![without_time, blocks(), blocks()],
            vec![without_time, blocks()],
        ] {
            expected.weight_changed();
            stage.iter().for_each(|blocks| expected.observe(blocks));
        }
        let found = seen(&record("5%@0s 25%@41s"), 7);
        assert_eq!(found.analysis(), expected.analysis());
        // What was found stays when the candidate serves alone.
        let promoted = seen(&record("5%@0s 25%@41s 100%@71s"), 20);
        assert_eq!(promoted.analysis(), expected.analysis());
    }

    #[test]
    fn periods_in_which_the_candidate_has_no_calls_or_more_than_half_of_them_say_nothing() {
        for (weight, periods) in [("0%", 0), ("50%", 9), ("50.01%", 0), ("100%", 0)] {
            let found = seen(&record(&format!("{weight}@0s")), 10).analysis();
            assert_eq!(found.metrics[0].periods, periods, "{weight}");
        }
    }
}
